"""A guest's own page shows what was made anew for them, as it stands, and nobody else's."""

from __future__ import annotations

import pytest

from edge.core.events import Kind
from edge.core.offers.anew import Became
from sync.central import doors
from sync.central.app import create_app
from sync.central.care import held
from sync.central.console.guard import form_token
from sync.central.own.cookie import COOKIE
from sync.central.registry import guests, links
from sync.central.registry.guests import Guest
from sync.central.settings import Settings
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.care.anew import GUEST, Counter, made_over
from tests.sync.console.desk import ORIGIN, words_of


@pytest.fixture
def counter(small_store: Store) -> Counter:
    return Counter(small_store)


def page(counter: Counter, guest: str = GUEST) -> str:
    client = create_app(counter.store, Settings()).test_client()
    with counter.store.transaction() as tx:
        key = doors.invite(tx, SITE, guest, by="carla")
    client.post("/own/enter", data={"token": form_token(""), "key": key}, headers=ORIGIN)
    assert client.get_cookie(COOKIE) is not None
    return words_of(client.get("/own/coupons", headers={"Accept-Language": "en"}))


def test_it_waits_and_is_there_and_was_used(counter: Counter) -> None:
    assert "Nothing yet." in page(counter)
    counter.ask()
    assert "its till has not answered yet" in page(counter)
    counter.answers()
    assert "Good at shop · until 2099-06-30" in page(counter)
    with counter.store.transaction() as tx:
        held.end(tx, SITE, made_over(counter.must().code).exposure, state=held.State.USED)
    assert "It was used." in page(counter)


def test_one_that_was_made_anew_in_its_turn_is_not_said_to_be_used(counter: Counter) -> None:
    asked = counter.ask(to=counter.home.id)
    counter.answers()
    counter.ask("a-2", made_over(counter.must().code).exposure, case=asked.case)
    counter.answers()
    shown = page(counter)
    assert "Good at shop" in shown
    assert "It was used." not in shown


def test_what_became_nothing_is_not_shown_and_the_diary_tells_of_it(counter: Counter) -> None:
    counter.ask()
    counter.answers(Became.USED)
    assert "Nothing yet." in page(counter)
    assert counter.diary() == ["used", "waiting"]


def test_another_guest_sees_none_of_it_until_both_are_one(counter: Counter) -> None:
    with counter.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g2")])
    counter.took("e-9.0", kind=Kind.OFFER_TAKEN)
    counter.ask()
    counter.answers()
    assert "Nothing yet." in page(counter, "g2")
    with counter.store.transaction() as tx:
        links.join(tx, SITE, GUEST, head="g2")
    assert "Good at shop" in page(counter, "g2")
