"""What a till tells the guest's side: what to do next, and in no octet of it why a band did not pay."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import msgspec
import pytest

from edge.core.decision import Reason
from edge.core.lease import Limits
from edge.core.wallet import CategoryLimit
from edge.errors import StoreError
from edge.payviews import BasketState
from hardware.port import Trust
from kiosk.texts import LANGUAGES, Texts
from tests.service.house import House
from tests.service.purses import (
    GUEST_PIN,
    OP,
    SOUP,
    TILL,
    a_grant,
    a_guest,
    cashier,
    granted,
    rung_up,
    tapped,
)

CODES = {reason.value for reason in Reason} - {state.value for state in BasketState}
STATES_ALIKE = {reason.value for reason in Reason} & {state.value for state in BasketState}
CASH = "cash-00000001"


def strings(told: object) -> set[str]:
    """Every text in a body, however deep; keys too."""
    if isinstance(told, dict):
        return set(told) | {text for value in told.values() for text in strings(value)}
    if isinstance(told, list):
        return {text for value in told for text in strings(value)}
    return {told} if isinstance(told, str) else set()


def on_the_guests_side(house: House) -> list[dict[str, object]]:
    """Each body that the guest's display was sent, as it travels."""
    return [json.loads(msgspec.json.encode(event.body)) for event in house.told(f"guest-{TILL}")]


def codes_in(body: dict[str, object]) -> set[str]:
    """Reasons that stand in a body as a word, or as a part of a key."""
    return {code for text in strings(body) for code in CODES if code in text.split(".")}


def blocked(house: House) -> None:
    a_guest(house, blocked=True)
    rung_up(house)
    tapped(house)


def child(house: House) -> None:
    a_guest(house, no_charge=True)
    rung_up(house)
    tapped(house)


def too_little(house: House) -> None:
    rung_up(house, msgspec.structs.replace(SOUP, quantity=9))
    tapped(house)


def nothing_here(house: House) -> None:
    a_guest(house, wallet="wallet-empty")
    rung_up(house)
    tapped(house)


def over_the_day(house: House) -> None:
    a_guest(house, limits=Limits(day_minor_max=100))
    rung_up(house)
    tapped(house)


def closed_category(house: House) -> None:
    a_guest(house, categories=(CategoryLimit("alcohol", 0),))
    rung_up(house, msgspec.structs.replace(SOUP, category="alcohol"))
    tapped(house)


def for_adults(house: House) -> None:
    rung_up(house, msgspec.structs.replace(SOUP, age_min=18))
    tapped(house)


def weak_band(house: House) -> None:
    rung_up(house)
    tapped(house, trust=Trust.SUN)


def not_current(house: House) -> None:
    house.current = False
    rung_up(house)
    tapped(house)


def wrong_pin(house: House) -> None:
    a_guest(house, pin=GUEST_PIN)
    granted(house, a_grant(limits=Limits(pin_above_minor=100), serial=2))
    rung_up(house)
    tapped(house)
    house.service.type_pin(TILL, OP, "0000")


def cash_refused(house: House) -> None:
    a_guest(house, blocked=True)
    house.service.top_up(cashier(house), TILL, CASH, minor=500)
    house.service.present(house.tap(reader="reader-till"))


def cash_locked(house: House) -> None:
    a_guest(house, pin=GUEST_PIN)
    house.service.cash_out(cashier(house), TILL, CASH)
    house.service.present(house.tap(reader="reader-till"))
    for digits in ("0000", "0001", "0002"):
        house.service.type_cash_pin(TILL, CASH, digits)


STORIES = [
    (blocked, "pay.see_staff"),
    (child, "pay.other_way"),
    (too_little, "pay.short"),
    (nothing_here, "pay.other_way"),
    (over_the_day, "pay.other_way"),
    (closed_category, "pay.other_way"),
    (for_adults, "pay.age"),
    (weak_band, "pay.see_staff"),
    (not_current, "pay.see_staff"),
    (wrong_pin, "pay.pin"),
    (cash_refused, "pay.see_staff"),
    (cash_locked, "pay.see_staff"),
]


@pytest.mark.parametrize(("story", "words"), STORIES, ids=[story.__name__ for story, _ in STORIES])
def test_no_reason_travels_to_the_guests_side(
    house: House, story: Callable[[House], None], words: str
) -> None:
    a_guest(house)
    granted(house)
    house.told(f"guest-{TILL}")
    story(house)
    bodies = on_the_guests_side(house)
    assert bodies[-1]["words"] == words
    assert [codes_in(body) for body in bodies] == [set()] * len(bodies)
    assert all(not {"reason", "band_short", "left_minor"} & set(body) for body in bodies)


def test_a_disk_that_takes_nothing_tells_the_guest_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_guest(house)
    granted(house)
    rung_up(house)

    def full(act: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(house.sequencer, "submit", full)
        house.service.present(house.tap(reader="reader-till"))
    shown = on_the_guests_side(house)[-1]
    assert (shown["words"], codes_in(shown)) == ("pay.see_staff", set())


def test_the_search_for_codes_has_teeth() -> None:
    assert codes_in({"words": "reason.wallet_blocked.guest"}) == {"wallet_blocked"}
    assert codes_in({"legs": [{"why": "spend_limit"}]}) == {"spend_limit"}
    assert {"held"} >= STATES_ALIKE


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_stories_is_there_and_says_no_not(language: str) -> None:
    texts = Texts.load()
    said = {texts.get(language, words) for _, words in STORIES}
    assert not said & {words for _, words in STORIES}
    never = {"non", "not", "nicht", "kein", "pas", "no", "errore", "error", "erreur", "fehler"}
    assert [text for text in said if never & set(re.findall(r"\w+", text.lower()))] == []
