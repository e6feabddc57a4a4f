"""Cases by a channel: opened once, read by whoever opened them, answered by whom an admin lets answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge.core.calendar import DAY_MS, MINUTE_MS
from edge.core.consent import Channel
from sync.central.care import cases
from sync.central.care.case import State, Step, Told
from sync.central.channels.book import May
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.channels.test_channels import APP, Shop
from tests.sync.journey.book import GUEST

SOON_MS = 5 * MINUTE_MS
OPENING = {"id": "m-1", "guest": GUEST, "subject": "order", "text": "Where is my bed?", "order": "o-7"}


@pytest.fixture
def shop(sealed_store: Store, clock: Clockwork) -> Shop:
    app = msgspec.structs.replace(APP, routes=frozenset(May) - {May.ANSWERS})
    return Shop(sealed_store, clock, app)


@pytest.fixture
def outside(shop: Shop) -> Shop:
    """A desk of ours in another system."""
    return shop.by(id="desk-outside", routes=frozenset(May))


def opens(shop: Shop, **said: Any) -> tuple[int, Any]:
    return shop.asks("POST", "/v1/cases", OPENING | said)


def staff(shop: Shop, case: str, step: Step, note: str) -> None:
    with shop.book.store.transaction() as tx:
        told = Told(op=f"console/{note}", step=step, at_ms=NOW_MS, who="carla")
        cases.tell(tx, SITE, case, told=told, note=note)


def test_a_case_goes_to_and_fro_and_each_word_is_one_however_often_it_is_told(shop: Shop) -> None:
    status, first = opens(shop)
    assert (status, first["state"], first["due_ms"]) == (200, "open", shop.clock.ms + SOON_MS), first
    assert opens(shop) == (200, first)
    case = first["case"]
    staff(shop, case, Step.NOTED, "she calls each week")
    staff(shop, case, Step.ANSWERED, "It comes on Friday.")
    word = {"id": "m-2", "text": "Friday is too late."}
    for _ in range(2):
        status, told = shop.asks("POST", f"/v1/cases/{case}/words", word)
        assert (status, told["state"], told["due_ms"]) == (200, "waiting_us", shop.clock.ms + SOON_MS)
    status, told = shop.asks("GET", f"/v1/cases/{case}")
    assert [(one["by"], one["text"]) for one in told["said"]] == [
        ("guest", "Where is my bed?"),
        ("us", "It comes on Friday."),
        ("guest", "Friday is too late."),
    ]
    told_of = [one for one, _ in shop.book.says()]
    assert told_of == ["case_opened", "case_answered", "case_opened"]


def test_an_e_mail_is_answered_within_a_day_and_a_private_message_within_minutes(shop: Shop) -> None:
    mail = shop.by(id="mail", via=Channel.EMAIL, routes=frozenset(May))
    due = {one.member.via: opens(one)[1]["due_ms"] - one.clock.ms for one in (shop, mail)}
    assert due == {Channel.APP: SOON_MS, Channel.EMAIL: DAY_MS}


def test_a_word_that_is_numbered_as_its_case_is_kept(shop: Shop) -> None:
    _, told = opens(shop, id="1")
    _, told = shop.asks("POST", f"/v1/cases/{told['case']}/words", {"id": "1", "text": "Hello?"})
    assert [one["text"] for one in told["said"]][-1] == "Hello?"


def test_who_answers_for_us_was_let_in_for_that(shop: Shop, outside: Shop) -> None:
    answer = {"id": "a-1", "text": "It comes on Friday.", "by": "us"}
    mine = opens(shop)[1]["case"]
    assert shop.asks("POST", f"/v1/cases/{mine}/words", answer)[0] == 403
    case = opens(outside, id="c-9")[1]["case"]
    status, told = outside.asks("POST", f"/v1/cases/{case}/words", answer)
    assert (status, told["state"], told["due_ms"]) == (200, "waiting_guest", None)
    with shop.book.store.reading() as tx:
        kept = cases.must_find(tx, SITE, case)
        assert (kept.kept, cases.steps_of(tx, SITE, case)[-1].who) == (1, "desk-outside")


def test_of_others_cases_a_channel_is_told_nothing(shop: Shop, outside: Shop) -> None:
    case = opens(shop)[1]["case"]
    assert outside.asks("GET", f"/v1/cases/{case}")[0] == 404
    assert outside.asks("POST", f"/v1/cases/{case}/words", {"id": "x", "text": "hi"})[0] == 404
    assert outside.asks("GET", "/v1/cases/AAAAAAAAAA")[0] == 404
    assert opens(outside)[1]["case"] != case, "its own ids are its own"


def test_nobodys_case_and_one_that_goes_on_after_its_end(shop: Shop) -> None:
    case = opens(shop, guest="", order="")[1]["case"]
    staff(shop, case, Step.ANSWERED, "Thank you.")
    with shop.book.store.transaction() as tx:
        told = Told(op="end", step=Step.CLOSED, at_ms=NOW_MS, who="carla", word="explained")
        assert cases.tell(tx, SITE, case, told=told).state is State.CLOSED
    status, told_ = shop.asks("POST", f"/v1/cases/{case}/words", {"id": "x", "text": "But no."})
    assert (status, told_["state"]) == (200, "waiting_us")


def test_what_makes_no_case_is_named_and_no_card_number_is_kept(shop: Shop) -> None:
    for said, status, place in (
        ({"subject": "help"}, 422, "$.subject"),
        ({"text": ""}, 422, "$.text"),
        ({"text": "x" * 1_001}, 422, "$.text"),
        ({"text": "my card 4111 1111 1111 1111"}, 422, "$.text"),
        ({"guest": "nobody"}, 404, ""),
    ):
        told = opens(shop, **said)
        assert (told[0], place in told[1]["detail"]) == (status, True), (said, told)
    case = opens(shop)[1]["case"]
    card = {"id": "x", "text": "4111111111111111"}
    assert shop.asks("POST", f"/v1/cases/{case}/words", card)[0] == 422
