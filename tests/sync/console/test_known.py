"""Who a guest is, at the console: two people find that two guests are one, and somebody can part them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central.console import acts
from sync.central.console.operators import Role
from sync.central.registry import guests, links
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import HOME, Browser, a_browser, an_admin, an_operator

ANNA, LEO = f"{HOME}/guests/anna", f"{HOME}/guests/leo"


@pytest.fixture
def olga(small_store: Store) -> Browser:
    browser = an_admin(small_store)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="anna", name="Anna"), Guest(id="leo", name="Leo")])
    return browser


@pytest.fixture
def carla(small_store: Store, olga: Browser) -> Browser:
    an_operator(small_store, "carla", Role.CARE)
    return a_browser(small_store, "carla")


def one(store: Store) -> tuple[str, ...]:
    with store.reading() as tx:
        return links.together(tx, SITE, ["anna"])


def test_two_people_merge_two_guests_and_one_parts_them(
    olga: Browser, carla: Browser, small_store: Store
) -> None:
    asked = carla.post(f"{LEO}/merge", one_with="anna", reason="documents")
    assert asked.status_code == 303
    page = carla.says(f"{ANNA}/known")
    assert "A merge waits for a second person" in page
    assert "documents were seen" in page
    ruling = carla.get(f"{ANNA}/known").text.split("/merges/")[1].split('"')[0]
    assert carla.post(f"{HOME}/merges/{ruling}", ruling="give").status_code == 403, "not by who asked"
    assert one(small_store) == ("anna",)
    assert olga.post(f"{HOME}/merges/{ruling}", ruling="give").status_code == 303
    assert one(small_store) == ("anna", "leo")
    assert "Part leo" in olga.says(f"{ANNA}/known")
    assert olga.post(f"{LEO}/part", reason="mistake").status_code == 303
    assert one(small_store) == ("anna",)
    told = olga.says(f"{ANNA}/known")
    assert all(word in told for word in ("asked", "merged", "parted", "It was a mistake", "carla", "olga"))


def test_who_is_nobody_else_is_not_parted_or_merged_with_nobody(olga: Browser) -> None:
    assert "nobody else here" in olga.says(f"{ANNA}/known")
    assert olga.get(f"{ANNA}/part").status_code == 422
    assert olga.post(f"{ANNA}/merge", one_with="nobody", reason="documents").status_code == 422
    assert olga.post(f"{ANNA}/merge", one_with="leo", reason="because").status_code == 422


def test_an_address_that_staff_saw_proven_is_shown_and_not_recorded(tmp_path: Path, clock: Clockwork) -> None:
    store = Store(str(tmp_path / "c.db"), now_ms=clock, seals=Vault(bytes(32), new_ring()))
    olga = an_admin(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="anna", name="Anna")])
    mail = {"kind": "email", "known_by": "Anna@park.example"}
    assert olga.post(f"{ANNA}/alias", **mail).status_code == 422, "nobody saw anything"
    assert olga.post(f"{ANNA}/alias", **mail, document_seen="yes").status_code == 303
    told = olga.says(f"{ANNA}/known")
    assert "anna@park.example" in told
    assert "by staff" in told
    with store.reading() as tx:
        (done,) = [one for one in acts.acts(tx, SITE) if one.what == "alias_proven"]
    assert (done.target, done.after) == ("anna", "email")
    store.close()
