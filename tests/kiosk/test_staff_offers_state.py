"""Offers on the staff page: which of them staff may redeem or decline for a guest."""

from __future__ import annotations

from tests.kiosk.scripts import run

OFFERS = """
const { actsOf } = await load("staff_offers_state.js");
const choice = { tiles: [["soup", 1], ["cake", 2]] };
const one = (more = {}) => ({ exposure: "e", personal: true, choice, shown: ["e.1", "e.2"], ...more });
const may = ["give_offer"];
"""


def test_what_a_guest_has_seen_can_be_redeemed_and_declined() -> None:
    assert run(OFFERS + "return actsOf(one(), may);") == [
        {"offer": "soup", "exposure": "e.1", "take": True},
        {"offer": "cake", "exposure": "e.2", "take": True},
    ]


def test_what_is_not_painted_or_declined_is_left_alone_and_taken_is_not_taken_twice() -> None:
    seen = run(OFFERS + "return actsOf(one({ shown: ['e.1'], taken: ['e.1'] }), may);")
    assert seen == [{"offer": "soup", "exposure": "e.1", "take": False}]
    assert run(OFFERS + "return actsOf(one({ declined: ['e.1', 'e.2'] }), may);") == []


def test_nothing_can_be_done_about_what_anybody_sees_or_by_who_may_not() -> None:
    assert run(OFFERS + "return [actsOf(one({ personal: false }), may), actsOf(one(), [])];") == [[], []]
