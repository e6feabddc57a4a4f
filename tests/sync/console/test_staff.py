"""Staff at the console: six roles, PINs worth the name, and badges that name one person."""

from __future__ import annotations

import msgspec
import pytest
from werkzeug.datastructures import MultiDict

from edge.core.bands import Band
from edge.core.profiles import Profile, ProfileItem
from edge.staff import Role
from sync.central.console import acts
from sync.central.console.guard import form_token
from sync.central.feed import item_table
from sync.central.registry import bands, staff
from sync.central.store import Store, select
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, an_admin, words_of


@pytest.fixture
def browser(small_store: Store) -> Browser:
    return an_admin(small_store)


def test_staff_get_a_hashed_pin_that_no_page_and_no_record_shows(
    browser: Browser, small_store: Store
) -> None:
    browser.post(f"{HOME}/staff/new", id="marta", name="Marta", roles="supervisor", pin="2468")
    with small_store.reading() as tx:
        (marta,) = staff.staff(tx, SITE)
        recorded = "".join(one.after for one in acts.acts(tx))
    assert (marta.roles, marta.pin_hash) == (("supervisor",), "hash of marta")
    assert "2468" not in recorded + browser.get(f"{HOME}/staff/marta").text
    assert "hash of" not in recorded
    browser.post(f"{HOME}/staff/marta", name="Marta B.", roles="gate")
    with small_store.reading() as tx:
        assert staff.staff(tx, SITE)[0].pin_hash == "hash of marta", "an empty PIN leaves it as it is"
    assert browser.post(f"{HOME}/staff/new", id="luca", name="Luca", pin="12").status_code == 422
    assert browser.post(f"{HOME}/staff/marta/remove").status_code == 303


@pytest.mark.parametrize("pin", ["123", "12a4", "1111", "1234", "2580", "1984", "1212"])
def test_a_pin_too_short_or_tried_first_is_refused_with_what_to_do(browser: Browser, pin: str) -> None:
    refused = browser.post(f"{HOME}/staff/new", id="luca", name="Luca", roles="gate", pin=pin)
    assert refused.status_code == 422
    assert "PIN" in words_of(refused)
    assert "Luca" not in browser.says(f"{HOME}/staff")


def test_staff_may_be_given_all_six_roles(browser: Browser, small_store: Store) -> None:
    six = MultiDict([("token", form_token(browser.session)), ("id", "ada"), ("name", "Ada"), ("pin", "7193")])
    for role in Role:
        six.add("roles", role.value)
    assert browser.send(f"{HOME}/staff/new", six).status_code == 303
    with small_store.reading() as tx:
        assert set(staff.staff(tx, SITE)[0].roles) == set(Role)


def test_a_badge_names_one_person_and_the_gates_know_whose_band_it_is(
    browser: Browser, small_store: Store
) -> None:
    with small_store.transaction() as tx:
        bands.put_band(tx, SITE, bands.BandCard(band=Band(id=b"b" * 16)))
    badge = (b"b" * 16).hex()
    browser.post(f"{HOME}/staff/new", id="marta", name="Marta", roles="gate", badge=badge)
    assert told(small_store, badge).staff == "marta"
    taken = browser.post(f"{HOME}/staff/new", id="luca", name="Luca", roles="gate", badge=badge.upper())
    assert taken.status_code == 422
    assert "Marta" in words_of(taken)
    rev = told(small_store, badge).rev
    browser.post(f"{HOME}/staff/marta", name="Marta", roles="gate", badge="")
    assert told(small_store, badge).staff is None
    assert told(small_store, badge).rev > rev
    browser.post(f"{HOME}/staff/luca", name="Luca")
    assert (
        browser.post(f"{HOME}/staff/new", id="luca", name="L", roles="gate", badge=badge).status_code == 303
    )
    browser.post(f"{HOME}/staff/luca/remove")
    assert told(small_store, badge).staff is None


def told(store: Store, band: str) -> Profile:
    """What the gates were last told of a band."""
    with store.reading() as tx:
        own = item_table.c
        query = select(own.body).where(own.kind == "profile", own.key == band)
        return msgspec.msgpack.decode(bytes(tx.execute(query).scalar_one()), type=ProfileItem).profile
