"""Central's part of what guests do at kiosks: times, stock, orders and words, by events and the feed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.entitlements import Entitlement, TimeSlot
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven
from edge.core.orders import Order, OrderAsked, Ordered, OrderMoved, OrderState, Stock
from edge.core.profiles import ProfileItem
from edge.core.slots import Slot, SlotMoved
from edge.errors import Refused, Unknown
from sync.central.echoes.uptake import Heeded, take_up
from sync.central.feed import item_table
from sync.central.near import feedback, orders, slots, stock
from sync.central.near.rounds import GRACE_MS, NearRounds
from sync.central.privacy.erasure import erase
from sync.central.registry import bands, guests, profiles, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from tests.sync.builders import a_site

SITE, BAND, HOUR_MS = "park", b"b" * 16, 3_600_000


@pytest.fixture
def park(store: Store) -> Store:
    a_site(store)
    start = store.now_ms()
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g-1", name="Giulia")])
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=BAND), guest="g-1")])
        rights.put_rights(tx, SITE, [a_ride(a_slot(start, 2))], guest="g-1")
        slots.put(tx, SITE, [a_slot(start, hours) for hours in (2, 3)])
        stock.put(tx, SITE, [a_stock(start)])
        profiles.publish_guests(tx, SITE, ["g-1"])
    return store


def a_slot(now_ms: int, hours: int, share: int = 2) -> Slot:
    start = (now_ms // HOUR_MS + hours) * HOUR_MS
    shares = {"edge-1": share}
    return Slot(point="ride", product="ride", start_ms=start, end_ms=start + HOUR_MS, shares=shares)


def a_ride(slot: Slot) -> Entitlement:
    return Entitlement(id="r-1", product="ride", slot=slot.time)


def a_stock(now_ms: int, on_hand: int = 3) -> Stock:
    return Stock(article="cup", store="shop", device="edge-1", on_hand=on_hand, at_ms=now_ms)


def an_order(id_: str = "o-1", quantity: int = 1, **changes: object) -> Order:
    lines = (Ordered(article="cup", quantity=quantity),)
    order = Order(id=id_, guest="g-1", store="shop", device="edge-1", lines=lines)
    return msgspec.structs.replace(order, **changes)


def hear(store: Store, *told: tuple[Kind, msgspec.Struct], device: str = "edge-1") -> None:
    bodies = [Heeded(int(kind), msgspec.msgpack.encode(body), 0) for kind, body in told]
    with store.transaction() as tx:
        take_up(tx, SITE, bodies, device=device)


def published(store: Store, kind: str) -> dict[str, bytes | None]:
    with store.reading() as tx:
        rows = tx.execute(select(item_table.c.key, item_table.c.body).where(item_table.c.kind == kind))
        return {row.key: None if row.body is None else bytes(row.body) for row in rows}


def known(store: Store) -> Sequence[Order]:
    with store.reading() as tx:
        return orders.orders(tx, SITE)


def shelf(store: Store) -> tuple[int, int]:
    """How many stand there, and how many of them are set aside."""
    with store.reading() as tx:
        found = stock.find(tx, SITE, "cup", store="shop")
    assert found is not None
    told = msgspec.msgpack.decode(published(store, "stock")["cup/shop"] or b"", type=Stock)
    assert told == found
    return found.on_hand, found.reserved


# Times


def time_of(store: Store) -> TimeSlot | None:
    item = msgspec.msgpack.decode(published(store, "profile")[BAND.hex()] or b"", type=ProfileItem)
    return item.profile.entitlements[0].slot


def moved(store: Store, old: int = 2, new: int = 3, **changes: object) -> SlotMoved:
    was, now = a_slot(store.now_ms(), old).time, a_slot(store.now_ms(), new).time
    said = SlotMoved(guest="g-1", entitlement="r-1", was=was, now=now, point="kiosk")
    return msgspec.structs.replace(said, **changes)


def shares(store: Store) -> list[dict[str, int]]:
    with store.reading() as tx:
        return [slot.shares for slot in slots.slots(tx, SITE)]


def test_a_change_reaches_the_profile_and_the_old_place_goes_to_the_device_that_told(park: Store) -> None:
    hear(park, (Kind.SLOT_MOVED, moved(park)))
    assert time_of(park) == a_slot(park.now_ms(), 3).time
    assert shares(park) == [{"edge-1": 3}, {"edge-1": 2}]
    hear(
        park, (Kind.SLOT_MOVED, moved(park))
    )  # a second device, or a replay: the right stands elsewhere by now
    assert shares(park) == [{"edge-1": 3}, {"edge-1": 2}]


@pytest.mark.parametrize(
    "changes", [{"entitlement": "r-9"}, {"guest": "g-9"}, {"entitlement": "r\0"}, {"point": "k"}]
)
def test_a_change_of_what_is_not_so_changes_nothing(park: Store, changes: dict[str, str]) -> None:
    before = time_of(park)
    said = moved(park, **changes)
    if "point" in changes:
        said = msgspec.structs.replace(said, was=said.now)
    hear(park, (Kind.SLOT_MOVED, said))
    assert time_of(park) == before


def test_a_share_that_a_device_may_have_given_is_never_lowered(park: Store) -> None:
    with park.transaction() as tx:
        slots.put(tx, SITE, [a_slot(park.now_ms(), 2, share=1), a_slot(park.now_ms(), 3, share=9)])
    assert shares(park) == [{"edge-1": 2}, {"edge-1": 9}]


def test_times_that_are_over_leave_the_feed(park: Store) -> None:
    with park.transaction() as tx:
        first = slots.slots(tx, SITE)[0]
        assert slots.close_before(tx, SITE, first.start_ms + 1) == 1
    assert published(park, "slot")[first.key] is None
    assert len(shares(park)) == 1


# Orders


def test_what_is_asked_for_is_set_aside_and_what_is_handed_over_leaves_the_shelf(park: Store) -> None:
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=an_order(), point="kiosk")))
    assert known(park)[0].state is OrderState.RESERVED
    assert shelf(park) == (3, 1)
    for state in (OrderState.READY, OrderState.HANDED_OVER, OrderState.HANDED_OVER):
        hear(park, (Kind.ORDER_MOVED, OrderMoved(order="o-1", state=state, point="shop", counter="2")))
    assert (known(park)[0].state, known(park)[0].counter) == (OrderState.HANDED_OVER, "2")
    assert shelf(park) == (2, 0)
    told = msgspec.msgpack.decode(published(park, "order")["o-1"] or b"", type=Order)
    assert told == known(park)[0]


def test_more_than_there_is_is_cancelled_and_twice_the_same_is_once(park: Store) -> None:
    for _ in range(2):
        hear(park, (Kind.ORDER_ASKED, OrderAsked(order=an_order(quantity=4), point="kiosk")))
    assert [one.state for one in known(park)] == [OrderState.CANCELLED]
    assert shelf(park) == (3, 0)


def handed(*lines: Ordered, state: OrderState = OrderState.READY) -> tuple[Kind, OrderMoved]:
    return Kind.ORDER_MOVED, OrderMoved(order="o-1", state=state, point="shop", lines=lines)


def test_what_was_handed_over_in_part_leaves_the_shelf_in_part(park: Store) -> None:
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=an_order(quantity=3), point="kiosk")))
    hear(park, handed(), handed(Ordered(article="cup", quantity=2)))
    assert (shelf(park), known(park)[0].state) == ((1, 1), OrderState.READY)
    hear(park, handed(Ordered(article="cup", quantity=2)))
    assert shelf(park) == (1, 1), "more than is left"
    hear(park, handed(Ordered(article="cup"), state=OrderState.HANDED_OVER))
    assert (shelf(park), known(park)[0].state) == ((0, 0), OrderState.HANDED_OVER)


def test_what_waits_of_an_order_in_parts_can_be_sold_again_once_it_ends(park: Store) -> None:
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=an_order(quantity=3), point="kiosk")))
    hear(park, handed(), handed(Ordered(article="cup")))
    with park.transaction() as tx:
        orders.cancel(tx, SITE, "o-1")
    assert shelf(park) == (2, 0)


def test_what_the_store_handed_over_before_it_heard_of_the_end_is_gone_from_the_shelf(park: Store) -> None:
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=an_order(quantity=2), point="kiosk")), handed())
    with park.transaction() as tx:
        orders.cancel(tx, SITE, "o-1")
    hear(park, handed(Ordered(article="cup")))
    assert (shelf(park), known(park)[0].state) == ((2, 0), OrderState.CANCELLED)
    for _ in range(2):
        hear(park, handed(Ordered(article="cup"), state=OrderState.HANDED_OVER))
    assert (shelf(park), known(park)[0].state) == ((1, 0), OrderState.HANDED_OVER)


def test_what_was_set_aside_before_the_shelf_was_counted_frees_nothing_of_the_count(park: Store) -> None:
    hat = an_order(lines=(Ordered(article="hat"),), state=OrderState.RESERVED)
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=hat, point="kiosk")))
    with park.transaction() as tx:
        stock.put(tx, SITE, [msgspec.structs.replace(a_stock(1, on_hand=2), article="hat")])
    hear(park, handed(), handed(state=OrderState.HANDED_OVER))
    with park.reading() as tx:
        after = stock.find(tx, SITE, "hat", store="shop")
    assert after is not None
    assert (after.on_hand, after.reserved) == (1, 0)


@pytest.mark.parametrize("line", [Ordered(article="c\0"), Ordered(article="cup", quantity=0)])
def test_parts_that_no_shelf_can_lose_change_nothing(park: Store, line: Ordered) -> None:
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=an_order(quantity=2), point="kiosk")), handed())
    hear(park, handed(line))
    assert shelf(park) == (3, 2)


def test_what_a_device_has_set_aside_stands_whatever_was_counted(park: Store) -> None:
    order = an_order(quantity=4, state=OrderState.RESERVED)
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=order, point="kiosk")))
    assert known(park)[0].state is OrderState.RESERVED
    assert shelf(park) == (3, 4)


def test_only_the_stores_own_device_brings_an_order_further(park: Store) -> None:
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=an_order(), point="kiosk")))
    ready = OrderMoved(order="o-1", state=OrderState.READY, point="shop")
    hear(park, (Kind.ORDER_MOVED, ready), device="edge-2")
    assert known(park)[0].state is OrderState.RESERVED


@pytest.mark.parametrize(
    "order",
    [an_order(quantity=0), an_order(lines=()), an_order("o" * 65), an_order("o\0"), an_order(until_ms=2**60)],
)
def test_an_order_that_no_database_can_hold_stops_no_batch(park: Store, order: Order) -> None:
    hear(park, (Kind.ORDER_ASKED, OrderAsked(order=order, point="kiosk")))
    assert list(known(park)) == []


def test_what_nobody_fetches_ends_and_can_be_sold_again(park: Store) -> None:
    late = an_order(until_ms=park.now_ms() - 1)
    with park.transaction() as tx:
        orders.place(tx, SITE, late)
        slots.put(tx, SITE, [a_slot(park.now_ms() - 2 * GRACE_MS, 0)])
    assert NearRounds(park).look() == 2
    assert known(park)[0].state is OrderState.EXPIRED
    assert shelf(park) == (3, 0)
    assert NearRounds(park).look() == 0


def test_central_gives_an_order_up_once(park: Store) -> None:
    with park.transaction() as tx:
        orders.place(tx, SITE, an_order())
        assert orders.cancel(tx, SITE, "o-1").state is OrderState.CANCELLED
        with pytest.raises(Refused, match="cancelled cannot be cancelled"):
            orders.cancel(tx, SITE, "o-1")
        with pytest.raises(Unknown):
            orders.cancel(tx, SITE, "o-9")
    assert shelf(park) == (3, 0)


def test_central_brings_an_order_to_its_counter_and_keeps_it_but_hands_nothing_over(park: Store) -> None:
    now_ms = park.now_ms()
    with park.transaction() as tx:
        orders.place(tx, SITE, an_order(until_ms=now_ms + 1))
        assert orders.step(tx, SITE, "o-1", to=OrderState.READY, counter="2").counter == "2"
        assert orders.extend(tx, SITE, "o-1", until_ms=now_ms + HOUR_MS).until_ms == now_ms + HOUR_MS
        with pytest.raises(Refused, match="No way leads from ready to handed_over"):
            orders.step(tx, SITE, "o-1", to=OrderState.HANDED_OVER)
        for late in (now_ms, now_ms + HOUR_MS):
            with pytest.raises(Refused, match="kept for longer"):
                orders.extend(tx, SITE, "o-1", until_ms=late)
    assert shelf(park) == (3, 1)


def test_a_count_keeps_what_is_set_aside(park: Store) -> None:
    with park.transaction() as tx:
        orders.place(tx, SITE, an_order())
        stock.put(tx, SITE, [a_stock(park.now_ms(), on_hand=9)])
        with pytest.raises(Refused, match="below zero"):
            stock.put(tx, SITE, [a_stock(park.now_ms(), on_hand=-1)])
        assert len(stock.stock(tx, SITE)) == 1
    assert shelf(park) == (9, 1)


def test_an_erased_guests_orders_are_nobodys_and_leave_the_edges(park: Store) -> None:
    with park.transaction() as tx:
        orders.place(tx, SITE, an_order())
        erase(tx, SITE, "g-1")
    assert known(park)[0].guest == ""
    assert published(park, "order")["o-1"] is None


# Words


def test_words_are_counted_by_article_face_and_reason(park: Store) -> None:
    said = FeedbackGiven(score=2, point="kiosk", because="waiting", articles=("cup", "soup"))
    hear(park, (Kind.FEEDBACK_GIVEN, said), (Kind.FEEDBACK_GIVEN, said))
    hear(park, (Kind.FEEDBACK_GIVEN, FeedbackGiven(score=5, point="kiosk", about="visit")))
    hear(park, (Kind.FEEDBACK_GIVEN, FeedbackGiven(score=9, point="kiosk")))
    hear(park, (Kind.FEEDBACK_GIVEN, FeedbackGiven(score=1, point="kiosk", because="x" * 99)))
    with park.reading() as tx:
        assert [tuple(one) for one in feedback.scores(tx, SITE)] == [
            ("", 5, "", 1), ("cup", 2, "waiting", 2), ("soup", 2, "waiting", 2),
        ]  # fmt: skip
