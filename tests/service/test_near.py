"""A guest at a kiosk: another time for a booking, orders, shelves, a word about a purchase; offline too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.catalogue import ARTICLE, Article
from edge.core.decision import Reason
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven
from edge.core.orders import ORDER, STOCK, Order, OrderAsked, Ordered, OrderMoved, OrderState, Stock
from edge.core.profiles import Cursor, Item
from edge.core.slots import SLOT, Slot, SlotMoved
from edge.errors import NotAllowed, Refused, Unknown
from edge.service.near.days import Gone
from edge.service.near.pickups import HandedOver, NoneLeft
from edge.service.standing import MINE_S_MAX, HoldAgain, Unproved
from hardware.port import Trust
from tests.builders import HOUR_MS, NOW_MS, a_day_ticket, a_slot_right
from tests.service.house import OTHER_UID, UID, House, an_edge, worn
from tests.service.purses import OP, a_guest, bought, granted

LATER = a_slot_right(start_ms=NOW_MS + 2 * HOUR_MS)
GUEST = "guest-1"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        yield made


def told(house: House, *things: tuple[str, str, msgspec.Struct]) -> None:
    """Have central's items arrive."""
    items = [
        Item(kind=kind, key=key, version=1, body=msgspec.msgpack.encode(body)) for kind, key, body in things
    ]
    house.profiles.apply(items, Cursor(1, next(house.cursor)))


def a_slot(hours: int, share: int = 1) -> Slot:
    start = NOW_MS + hours * HOUR_MS
    shares = {"edge-1": share}
    return Slot(point="castle", product="ride", start_ms=start, end_ms=start + HOUR_MS, shares=shares)


def slots(house: House, *known: Slot) -> None:
    told(house, *((SLOT, slot.key, slot) for slot in known))


def at_the_kiosk(house: House, uid: bytes = UID, **changes: object) -> str:
    return house.service.present(house.tap(uid, "reader-kiosk", **changes)).tap_id


def booked(house: House, uid: bytes = UID, *, guest: str = GUEST) -> str:
    """A guest with a ride in two hours, who stands at the kiosk."""
    right = msgspec.structs.replace(LATER, id=f"slot-{guest}")
    house.tell(worn(house, uid, guest=guest, entitlements=(a_day_ticket(), right), rev=next(house.seqs) + 5))
    return at_the_kiosk(house, uid)


# Another time


def test_a_time_taken_at_the_kiosk_opens_the_ride_at_once_and_the_old_one_no_more(house: House) -> None:
    tap = booked(house)
    slots(house, a_slot(0), a_slot(1), a_slot(3))
    near = house.service.near
    assert near.view(tap, "kiosk").movable == ("slot-guest-1",)
    choices = near.times(tap, "kiosk", "slot-guest-1").choices
    assert [one.start_ms for one in choices] == [a_slot(1).start_ms, a_slot(3).start_ms]
    assert near.move(tap, "kiosk", "slot-guest-1", start_ms=a_slot(1).start_ms).done
    house.hands.forward(s=3_600)
    house.service.present(house.tap(reader="reader-1"))
    assert house.service.present(house.tap(reader="reader-ride")).reason is Reason.ENTERED
    assert house.service.present(house.tap(reader="reader-kiosk")).tap_id
    plan = [one.body for one in house.told("kiosk-kiosk") if one.event == "plan"][-1]
    assert plan.items[0].start_ms == a_slot(1).start_ms


def test_a_change_is_written_down_first_in_line_and_said_twice_it_is_one(house: House) -> None:
    tap = booked(house)
    slots(house, a_slot(1, share=5))
    for _ in range(3):
        house.service.near.move(tap, "kiosk", "slot-guest-1", start_ms=a_slot(1).start_ms)
    events = [one for one in house.journal.range(1, 0) if one.kind == Kind.SLOT_MOVED]
    (said,) = [msgspec.msgpack.decode(one.body, type=SlotMoved) for one in events]
    assert (said.was, said.now, said.guest) == (LATER.slot, a_slot(1).time, GUEST)


def test_of_two_guests_one_gets_the_last_place_of_this_devices_share(house: House) -> None:
    slots(house, a_slot(1, share=1))
    first, second = booked(house), booked(house, OTHER_UID, guest="guest-2")
    house.service.near.move(first, "kiosk", "slot-guest-1", start_ms=a_slot(1).start_ms)
    with pytest.raises(Gone):
        house.service.near.move(second, "kiosk", "slot-guest-2", start_ms=a_slot(1).start_ms)
    assert house.service.near.times(second, "kiosk", "slot-guest-2").choices == ()


def test_what_has_begun_cannot_be_moved_and_somebody_elses_neither(house: House) -> None:
    tap = booked(house)
    slots(house, a_slot(9))
    with pytest.raises(HoldAgain):
        house.service.near.move(tap, "kiosk", "slot-guest-2", start_ms=a_slot(9).start_ms)
    house.hands.forward(s=7_200)
    tap = at_the_kiosk(house)
    with pytest.raises(Gone, match="begun"):
        house.service.near.move(tap, "kiosk", "slot-guest-1", start_ms=a_slot(9).start_ms)
    assert house.service.near.view(tap, "kiosk").movable == ()


def test_nobody_changes_one_booking_for_ever(house: House) -> None:
    tap = booked(house)
    slots(house, *(a_slot(hours, share=99) for hours in (1, 3)))
    for number in range(8):
        house.service.near.move(tap, "kiosk", "slot-guest-1", start_ms=a_slot((1, 3)[number % 2]).start_ms)
    with pytest.raises(Gone, match="often"):
        house.service.near.move(tap, "kiosk", "slot-guest-1", start_ms=a_slot(1).start_ms)


def test_a_band_that_proves_nothing_sees_its_day_and_changes_nothing(house: House) -> None:
    band = msgspec.structs.replace(worn(house).band, trust_min=1)
    house.tell(worn(house, band=band, entitlements=(a_day_ticket(), LATER), rev=50))
    slots(house, a_slot(1))
    tap = at_the_kiosk(house, trust=Trust.UID, counter=None)
    assert house.service.near.view(tap, "kiosk").movable == ("slot-1",)
    with pytest.raises(Unproved):
        house.service.near.move(tap, "kiosk", "slot-1", start_ms=a_slot(1).start_ms)


def test_after_a_while_and_at_another_kiosk_the_band_is_asked_for_again(house: House) -> None:
    tap = booked(house)
    with pytest.raises(HoldAgain):
        house.service.near.view(tap, "till")
    house.hands.forward(s=MINE_S_MAX + 1)
    with pytest.raises(HoldAgain):
        house.service.near.view(tap, "kiosk")


# Orders and shelves

CUP = Article(id="cup", names={"it": "Tazza", "en": "Cup"}, price_minor=900, tax_permille=220)


def a_stock(on_hand: int, *, store: str = "till", device: str = "edge-1") -> Stock:
    return Stock(article="cup", store=store, device=device, on_hand=on_hand, at_ms=NOW_MS)


def shop(house: House, *stock: Stock) -> None:
    told(house, (ARTICLE, "cup", CUP), *((STOCK, f"cup/{one.store}", one) for one in stock))


def ready(house: House, **changes: object) -> Order:
    order = Order(
        id="o-1", guest=GUEST, store="till", device="edge-1", lines=(Ordered(article="cup"),),
        state=OrderState.READY, counter="2",
    )  # fmt: skip
    order = msgspec.structs.replace(order, **changes)
    told(house, (ORDER, order.id, order))
    return order


def test_a_guest_reads_that_the_order_is_ready_and_where(house: House) -> None:
    shop(house)
    ready(house)
    ready(house, id="o-2", guest="guest-2")
    (order,) = house.service.near.view(at_the_kiosk(house), "kiosk").orders
    assert (order.state, order.counter, order.lines[0].names["en"], order.guest) == ("ready", "2", "Cup", "")


def test_two_tills_that_race_hand_over_once_and_the_second_is_told(house: House) -> None:
    ready(house)
    tap = house.service.present(house.tap(reader="reader-till")).tap_id
    done: list[object] = []

    def hand(staff: str) -> None:
        who = house.session("till", point="till", staff=staff)
        try:
            done.append(house.service.near.hand_over(who, "o-1", tap).state)
        except HandedOver as error:
            done.append(type(error))

    tills = [threading.Thread(target=hand, args=(staff,)) for staff in ("carla", "rita")]
    for till in tills:
        till.start()
    for till in tills:
        till.join()
    assert sorted(map(str, done)) == sorted(["handed_over", str(HandedOver)])
    (event,) = house.events(Kind.ORDER_MOVED)
    said = msgspec.msgpack.decode(event.body, type=OrderMoved)
    assert (said.order, said.state, said.tap_id) == ("o-1", OrderState.HANDED_OVER, tap)
    assert house.service.near.view(at_the_kiosk(house), "kiosk").orders == ()


def test_some_of_an_order_is_handed_over_once_and_the_rest_waits(house: House) -> None:
    ready(house, lines=(Ordered(article="cup", quantity=2), Ordered(article="hat")))
    till, tap = (
        house.session("till", point="till"),
        house.service.present(house.tap(reader="reader-till")).tap_id,
    )
    hat = [Ordered(article="hat")]
    first = house.service.near.hand_over(till, "o-1", tap, lines=hat)
    assert (first.state, [(line.article, line.quantity) for line in first.lines]) == ("ready", [("cup", 2)])
    with pytest.raises(HandedOver):
        house.service.near.hand_over(till, "o-1", tap, lines=hat)
    assert house.service.near.hand_over(till, "o-1", tap).state == "handed_over"
    said = [msgspec.msgpack.decode(one.body, type=OrderMoved) for one in house.events(Kind.ORDER_MOVED)]
    assert [(one.state.value, [line.article for line in one.lines]) for one in said] == [
        ("ready", ["hat"]), ("handed_over", ["cup"]),
    ]  # fmt: skip


@pytest.mark.parametrize("state", [OrderState.EXPIRED, OrderState.CANCELLED])
def test_what_central_ended_is_on_no_screen_and_handed_to_nobody(house: House, state: OrderState) -> None:
    ready(house, state=OrderState.PICKING)
    till, tap = (
        house.session("till", point="till"),
        house.service.present(house.tap(reader="reader-till")).tap_id,
    )
    house.service.near.move_order(till, "o-1", "ready", counter="3")
    ready(house, state=state)
    with pytest.raises(Refused, match=f"No way leads from {state}"):
        house.service.near.hand_over(till, "o-1", tap)
    assert house.service.near.orders(till, "till").orders == ()
    assert house.service.near.view(at_the_kiosk(house), "kiosk").orders == ()


def test_an_order_is_handed_to_its_own_guest_by_its_own_store_and_by_a_band_alone(house: House) -> None:
    ready(house)
    till = house.session("till", point="till")
    house.tell(worn(house, OTHER_UID, guest="guest-2", rev=30))
    other = house.service.present(house.tap(OTHER_UID, "reader-till")).tap_id
    with pytest.raises(HoldAgain, match="another guest's"):
        house.service.near.hand_over(till, "o-1", other)
    with pytest.raises(Refused, match="handed over to a band"):
        house.service.near.move_order(till, "o-1", "handed_over")
    ready(house, id="o-3", device="edge-2")
    own = house.service.present(house.tap(reader="reader-till")).tap_id
    with pytest.raises(Refused, match="Another device"):
        house.service.near.hand_over(till, "o-3", own)
    with pytest.raises(Unknown):
        house.service.near.hand_over(till, "o-9", own)
    with pytest.raises(NotAllowed):
        house.service.near.hand_over(house.session("gate", point="till"), "o-1", own)


def test_staff_bring_an_order_to_its_counter_and_never_back(house: House) -> None:
    shop(house)
    ready(house, state=OrderState.RESERVED, counter="")
    till = house.session("till", point="till")
    assert house.service.near.move_order(till, "o-1", "picking").state == "picking"
    moved = house.service.near.move_order(till, "o-1", "ready", counter="3")
    assert (moved.state, moved.counter) == ("ready", "3")
    with pytest.raises(Refused, match="No way leads from ready to picking"):
        house.service.near.move_order(till, "o-1", "picking")
    (listed,) = house.service.near.orders(till, "till").orders
    assert (listed.guest, listed.name, listed.counter) == (GUEST, "Giulia", "3")
    assert house.service.near.orders(till, "elsewhere").orders == ()


def test_a_shelf_is_told_with_its_age_and_less_what_was_set_aside_here(house: House) -> None:
    shop(house, a_stock(1), a_stock(9, store="town", device="edge-2"))
    tap = at_the_kiosk(house)
    assert house.service.near.view(tap, "kiosk").shelves
    (cup,) = house.service.near.shelves().articles
    told = [(one.store, one.word, one.at_ms, one.here) for one in cup.shelves]
    assert told == [("till", "last", NOW_MS, True), ("town", "in_stock", NOW_MS, False)]
    here = house.service.near.reserve(tap, "kiosk", article="cup", store="till", op="op-1")
    again = house.service.near.reserve(tap, "kiosk", article="cup", store="till", op="op-1")
    assert (here.state, here.id) == ("reserved", again.id)
    assert house.service.near.shelves().articles[0].shelves[0].word == "none"
    assert house.service.near.shelves("kiosk").articles[0].shelves[0].store == "town", "who has one"
    with pytest.raises(NoneLeft):
        house.service.near.reserve(tap, "kiosk", article="cup", store="till", op="op-2")
    there = house.service.near.reserve(tap, "kiosk", article="cup", store="town", op="op-3")
    assert there.state == "placed"
    asked = [msgspec.msgpack.decode(one.body, type=OrderAsked) for one in house.events(Kind.ORDER_ASKED)]
    assert [(one.order.store, one.point) for one in asked] == [("till", "kiosk"), ("town", "kiosk")]
    with pytest.raises(Unknown):
        house.service.near.reserve(tap, "kiosk", article="cup", store="nowhere", op="op-4")


def test_nobody_sets_aside_the_whole_shop(house: House) -> None:
    shop(house, a_stock(99))
    tap = at_the_kiosk(house)
    for number in range(5):
        house.service.near.reserve(tap, "kiosk", article="cup", store="till", op=f"op-{number}")
    with pytest.raises(Refused, match="wait for you"):
        house.service.near.reserve(tap, "kiosk", article="cup", store="till", op="op-9")


# A word about a purchase


def a_buyer(house: House) -> str:
    a_guest(house)
    granted(house)
    bought(house)
    return at_the_kiosk(house)


def words(house: House) -> list[FeedbackGiven]:
    events = house.events(Kind.FEEDBACK_GIVEN)
    return [msgspec.msgpack.decode(event.body, type=FeedbackGiven) for event in events]


def test_a_purchase_is_asked_about_once(house: House) -> None:
    tap = a_buyer(house)
    assert house.service.near.view(tap, "kiosk").ask == OP
    assert house.service.near.give_feedback(tap, "kiosk", score=2, because="waiting").first
    assert not house.service.near.give_feedback(tap, "kiosk", score=5).first
    assert house.service.near.view(tap, "kiosk").ask == ""
    (said,) = words(house)
    assert (said.score, said.because, said.articles) == (2, "waiting", ("soup",))


def test_an_anonymous_word_names_neither_guest_nor_band_nor_purchase(house: House) -> None:
    tap = a_buyer(house)
    house.service.near.give_feedback(tap, "kiosk", score=1)
    (event,) = house.events(Kind.FEEDBACK_GIVEN)
    assert event.band is None
    assert not any(word in event.body for word in (GUEST.encode(), OP.encode(), tap.encode()))


def test_who_wants_to_be_called_is_named(house: House) -> None:
    tap = a_buyer(house)
    house.service.near.give_feedback(tap, "kiosk", score=1, named=True)
    (said,) = words(house)
    assert (said.guest, said.about) == (GUEST, OP)


def test_without_a_purchase_the_word_is_about_the_visit_once_a_day(house: House) -> None:
    tap = at_the_kiosk(house)
    assert house.service.near.view(tap, "kiosk").ask == ""
    assert house.service.near.give_feedback(tap, "kiosk", score=4).first
    assert not house.service.near.give_feedback(tap, "kiosk", score=4).first
    assert words(house)[0].about == "visit"


@pytest.mark.parametrize(("score", "because"), [(0, ""), (6, ""), (3, "4111 1111 1111 1111")])
def test_only_faces_and_reasons_of_the_list_are_taken(house: House, score: int, because: str) -> None:
    tap = at_the_kiosk(house)
    with pytest.raises(Refused):
        house.service.near.give_feedback(tap, "kiosk", score=score, because=because)
    assert words(house) == []
