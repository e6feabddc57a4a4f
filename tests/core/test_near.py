"""Times that can be changed, orders and shelves, and a word about a purchase: what is judged of them."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.entitlements import Entitlement, Status, TimeSlot
from edge.core.feedback import TEXT_CHARS_MAX, Because, Word, faults
from edge.core.orders import (
    Order,
    Ordered,
    OrderState,
    Shelf,
    Stock,
    handed,
    moved,
    newer,
    pickup_code,
    same_name,
    shelf,
)
from edge.core.slots import SHOWN_MAX, Slot, SlotMoved, choices, free, movable, with_moves
from tests.builders import HOUR_MS, NOW_MS, a_day_ticket, a_profile, a_slot_right

RIGHT = a_slot_right(start_ms=NOW_MS + HOUR_MS)
RIDE = RIGHT.product


def a_slot(hours: int, *, share: int = 2, **changes: object) -> Slot:
    start = NOW_MS + hours * HOUR_MS
    slot = Slot(
        point="castle", product=RIDE, start_ms=start, end_ms=start + HOUR_MS, shares={"edge-1": share}
    )
    return msgspec.structs.replace(slot, **changes)


def starts(*slots: Slot, right: Entitlement = RIGHT, given: dict[str, int] | None = None) -> list[int]:
    found = choices(slots, right, NOW_MS, device="edge-1", given=given or {})
    return [(slot.start_ms - NOW_MS) // HOUR_MS for slot in found]


def test_the_next_free_times_come_first_and_never_more_than_fit_a_screen() -> None:
    slots = [a_slot(hours) for hours in (7, 3, 2, 6, 5, 4)]
    assert starts(*slots) == [2, 3, 4, 5]
    assert len(starts(*slots)) == SHOWN_MAX


@pytest.mark.parametrize(
    ("slot", "why"),
    [
        (a_slot(2, share=0), "no share of this device"),
        (a_slot(2, shares={"edge-2": 5}), "another device's share"),
        (a_slot(0), "begun"),
        (a_slot(1), "the guest's own time"),
        (a_slot(2, product="other"), "another product"),
        (a_slot(2, point="elsewhere"), "another place"),
    ],
)
def test_a_time_is_not_offered_that_this_device_cannot_give(slot: Slot, why: str) -> None:
    assert starts(slot) == [], why


def test_a_share_that_is_given_away_offers_nothing_more_and_is_never_negative() -> None:
    slot = a_slot(2, share=2)
    assert free(slot, "edge-1", 1) == 1
    assert free(slot, "edge-1", 3) == 0
    assert starts(slot, given={slot.key: 2}) == []


def test_no_time_beyond_the_end_of_the_right() -> None:
    until = msgspec.structs.replace(RIGHT, valid_until_ms=NOW_MS + 3 * HOUR_MS)
    assert starts(a_slot(2), a_slot(3), right=until) == [2]


def test_only_a_valid_right_whose_time_lies_ahead_can_be_moved() -> None:
    slots = [a_slot(2)]
    assert movable(RIGHT, slots, NOW_MS)
    assert not movable(a_day_ticket(), slots, NOW_MS)
    assert not movable(msgspec.structs.replace(RIGHT, status=Status.UNPAID), slots, NOW_MS)
    assert not movable(RIGHT, slots, NOW_MS + HOUR_MS)
    assert not movable(RIGHT, [a_slot(2, product="other")], NOW_MS)
    assert choices([a_slot(2)], a_day_ticket(), NOW_MS, device="edge-1", given={}) == ()


def test_a_changed_time_holds_from_wherever_central_has_come() -> None:
    assert RIGHT.slot is not None
    first, second = a_slot(2).time, a_slot(3).time
    told = [
        SlotMoved(guest="guest-1", entitlement=RIGHT.id, was=was, now=now, point="kiosk")
        for was, now in ((RIGHT.slot, first), (first, second))
    ]
    ticket = a_day_ticket()

    def slot_from(slot: TimeSlot) -> TimeSlot | None:
        profile = a_profile(ticket, msgspec.structs.replace(RIGHT, slot=slot))
        after = with_moves(profile, {RIGHT.id: told})
        assert after.entitlements[0] is ticket
        return after.entitlements[1].slot

    assert [slot_from(slot) for slot in (RIGHT.slot, first, second)] == [second] * 3
    elsewhere = a_slot(9).time
    assert slot_from(elsewhere) == elsewhere
    profile = a_profile(RIGHT)
    assert with_moves(profile, {}) is profile


# Orders

ORDER = Order(id="o-1", guest="guest-1", store="till", device="edge-1", lines=(Ordered(article="cup"),))
WAY = (
    OrderState.PLACED, OrderState.RESERVED, OrderState.PICKING, OrderState.READY, OrderState.HANDED_OVER,
)  # fmt: skip


def at(state: OrderState) -> Order:
    return msgspec.structs.replace(ORDER, state=state)


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("to", OrderState)
def test_an_order_goes_forward_only_and_nothing_leads_out_of_its_end(
    state: OrderState, to: OrderState
) -> None:
    over = state in (OrderState.HANDED_OVER, OrderState.EXPIRED, OrderState.CANCELLED)
    forward = to not in WAY or (state in WAY and WAY.index(to) > WAY.index(state))
    ready = to is not OrderState.HANDED_OVER or state is OrderState.READY
    after = moved(at(state), to)
    assert (after is not None) == (not over and forward and ready and to is not state)
    assert after is None or after.state is to


def test_a_counter_that_was_told_stays() -> None:
    ready = moved(ORDER, OrderState.READY, counter="2")
    assert ready is not None
    assert ready.counter == "2"
    done = moved(ready, OrderState.HANDED_OVER)
    assert done is not None
    assert done.counter == "2"


CUPS, HAT = Ordered(article="cup", quantity=3), Ordered(article="hat")


def some(*given: Ordered, **changes: object) -> Order:
    order = msgspec.structs.replace(at(OrderState.READY), lines=(CUPS, HAT), given=given)
    return msgspec.structs.replace(order, **changes)


def test_some_of_an_order_is_handed_over_and_the_rest_waits_until_nothing_is_left() -> None:
    once = handed(some(), (Ordered(article="cup", quantity=2),))
    assert once is not None
    assert (once.state, once.left) == (OrderState.READY, (Ordered(article="cup"), HAT))
    rest = handed(once)
    assert rest is not None
    assert (rest.state, rest.left) == (OrderState.HANDED_OVER, ())
    assert rest.given == (Ordered(article="cup", quantity=2), Ordered(article="cup"), HAT)


@pytest.mark.parametrize(
    ("order", "lines"),
    [
        (some(), (Ordered(article="cup", quantity=4),)),
        (some(), (CUPS, Ordered(article="cup"))),
        (some(HAT), (HAT,)),
        (some(), (Ordered(article="sock"),)),
        (some(), (Ordered(article="cup", quantity=0),)),
        (some(CUPS, HAT), ()),
        (some(state=OrderState.PICKING), (HAT,)),
        (some(state=OrderState.HANDED_OVER), ()),
    ],
)
def test_never_more_than_is_left_and_only_of_what_is_ready(order: Order, lines: tuple[Ordered, ...]) -> None:
    assert handed(order, lines) is None


def test_what_was_handed_over_here_counts_until_central_knows_and_its_time_is_central_s() -> None:
    told, here = some(until_ms=9), some(HAT, until_ms=5)
    assert newer(told, here) == some(HAT, until_ms=9)
    assert newer(some(HAT, until_ms=9), here).until_ms == 9


def test_what_this_device_did_stands_until_central_is_as_far() -> None:
    ready, done = at(OrderState.READY), at(OrderState.HANDED_OVER)
    assert newer(ready, None) is ready
    assert newer(ORDER, ready) == ready
    assert newer(ready, ORDER) is ready
    assert newer(ready, done) == done
    assert newer(ready, at(OrderState.CANCELLED)).state is OrderState.CANCELLED
    assert newer(at(OrderState.CANCELLED), ready).state is OrderState.CANCELLED


@pytest.mark.parametrize(
    ("on_hand", "age_min", "taken", "word"),
    [
        (9, 0, 0, Shelf.IN_STOCK),
        (9, 31, 0, Shelf.ASK),
        (6, 0, 0, Shelf.LAST),
        (9, 0, 3, Shelf.LAST),
        (9, 31, 6, Shelf.NONE),
        (3, 0, 0, Shelf.NONE),
        (1, 0, 0, Shelf.NONE),
    ],
)
def test_a_shelf_is_spoken_of_as_surely_as_it_is_known(
    on_hand: int, age_min: int, taken: int, word: Shelf
) -> None:
    at_ms = NOW_MS - age_min * 60_000
    stock = Stock(
        article="cup", store="till", device="edge-1", on_hand=on_hand, reserved=1, safety=2, at_ms=at_ms
    )
    assert shelf(stock, NOW_MS, taken=taken) is word


# Feedback


@pytest.mark.parametrize("score", [0, 6, -1])
def test_there_are_five_faces(score: int) -> None:
    assert "1 to 5" in faults(Word(score=score))


def test_a_reason_is_one_of_the_list_or_none() -> None:
    assert faults(Word(score=1)) == faults(Word(score=5, because=Because.PRICE, text="too dear")) == ""
    assert "product, staff" in faults(Word(score=3, because="because"))


def test_a_text_has_its_length_and_holds_no_card_number() -> None:
    assert faults(Word(score=3, text="x" * TEXT_CHARS_MAX)) == ""
    assert "At most" in faults(Word(score=3, text="x" * (TEXT_CHARS_MAX + 1)))
    told = faults(Word(score=3, text="I paid by 4000 0000 0000 0002 and it was cold"))
    assert "nothing of it was kept" in told
    assert "4000" not in told


def test_what_was_sold_before_a_lot_was_opened_is_of_none_that_is_known() -> None:
    shelf_ = Stock(
        article="cup", store="till", device="edge-1", on_hand=1, at_ms=NOW_MS, lot="L7", lot_ms=NOW_MS
    )
    assert (shelf_.lot_at(NOW_MS), shelf_.lot_at(NOW_MS - 1)) == ("L7", "")


def test_a_pickup_code_is_six_digits_of_the_site_and_the_order() -> None:
    code = pickup_code(b"k" * 32, "o-1")
    assert (len(code), code.isdigit()) == (6, True)
    assert code == pickup_code(b"k" * 32, "o-1")
    assert code not in {pickup_code(b"l" * 32, "o-1"), pickup_code(b"k" * 32, "o-2")}


@pytest.mark.parametrize(
    ("said", "known", "same"),
    [(" zoe ", "Zoë", True), ("José-Luis", "Jose Luis", True), ("Anna", "Ann", False), ("", "", False)],
)
def test_a_name_is_the_same_however_it_is_written(said: str, known: str, same: bool) -> None:
    assert same_name(said, known) is same
