"""Times booked by a channel outside: out of its own places, once for each id, at the gate and kiosk later."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from edge.core.consent import Source
from edge.core.entitlements import Entitlement, Redemption, Status, Use
from edge.core.slots import Slot, SlotMoved
from sync.central.channels.book import May
from sync.central.feed import Change, publish
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.near import reserving, slots
from sync.central.people import merging
from sync.central.people.merging import Pair
from sync.central.privacy import retention
from sync.central.registry import guests, rights
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from sync.wire import PROBLEM_PREFIX, USES
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.channels.test_channels import APP, Shop
from tests.sync.journey.book import GUEST, OWNER

HOUR_MS = 3_600_000
TEN_MS = (NOW_MS // HOUR_MS + 2) * HOUR_MS


def a_time(places: int = 2, at_ms: int = TEN_MS, *, channel: str = APP.id) -> Slot:
    return Slot(point="ride", product="ride", start_ms=at_ms, end_ms=at_ms + HOUR_MS, shares={"edge-1": 1},
                outside={channel: places})  # fmt: skip


@pytest.fixture
def shop(small_store: Store, clock: Clockwork) -> Shop:
    made = Shop(small_store, clock)
    with small_store.transaction() as tx:
        slots.put(tx, SITE, [a_time(), a_time(at_ms=TEN_MS + HOUR_MS)])
        guests.put_guests(tx, SITE, [Guest(id="g-2")])
    return made


def moment(at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms // 1_000, dt.UTC).isoformat()


def books(shop: Shop, id_: str = "b-1", guest: str = GUEST, at_ms: int = TEN_MS) -> tuple[int, Any]:
    body = {"id": id_, "guest": guest, "point": "ride", "start": moment(at_ms)}
    return shop.asks("POST", "/v1/reservations", body)


def held(store: Store, guest: str = GUEST) -> list[tuple[str, int]]:
    with store.reading() as tx:
        mine = rights.rights_of(tx, SITE, [guest]).get(guest, ())
        return [(one.product, one.slot.start_ms) for one in mine if one.slot is not None]


def test_a_time_is_booked_once_for_each_id_and_told_to_the_site(shop: Shop, small_store: Store) -> None:
    status, first = books(shop)
    assert (status, first["start_ms"], first["again"]) == (200, TEN_MS, False), first
    status, second = books(shop)
    assert (status, second) == (200, first | {"again": True})
    assert held(small_store) == [("ride", TEN_MS)]


def test_no_more_are_booked_than_were_set_aside_for_this_channel(shop: Shop, small_store: Store) -> None:
    assert [books(shop, f"b-{at}", guest)[0] for at, guest in enumerate((GUEST, "g-2"))] == [200, 200]
    status, told = books(shop, "b-9")
    assert (status, told["type"], told["detail"]) == (
        409,
        f"{PROBLEM_PREFIX}full",
        "No place is left at this time.",
    )
    assert held(small_store) == [("ride", TEN_MS)]


def test_a_time_that_is_over_or_never_was_or_of_somebody_unknown_is_refused(
    shop: Shop, clock: Clockwork
) -> None:
    assert books(shop, at_ms=TEN_MS + 1_000)[0] == 404
    assert books(shop, guest="nobody")[0] == 404
    clock.ms = TEN_MS + HOUR_MS
    status, told = books(shop)
    assert (status, told["type"]) == (409, f"{PROBLEM_PREFIX}over")


def test_an_id_is_of_one_booking_for_ever(shop: Shop) -> None:
    assert books(shop)[0] == 200
    assert books(shop, at_ms=TEN_MS + HOUR_MS)[0] == 400
    assert books(shop, guest="g-2")[0] == 400


def test_what_the_guest_changed_at_a_kiosk_frees_no_place_of_the_channel(
    shop: Shop, small_store: Store
) -> None:
    """It came from the kiosk's share, and its old place went there: nothing is given twice."""
    _, booked = books(shop)
    books(shop, "b-2", "g-2")
    now, later = a_time(), a_time(at_ms=TEN_MS + HOUR_MS)
    move = SlotMoved(guest=GUEST, entitlement=booked["id"], was=now.time, now=later.time, point="kiosk")
    with small_store.transaction() as tx:
        slots.take(tx, SITE, move, device="edge-1")
    assert held(small_store) == [("ride", TEN_MS + HOUR_MS)]
    assert books(shop, "b-3")[0] == 409
    assert books(shop)[1]["again"]


def test_only_a_channel_that_may_books(small_store: Store, clock: Clockwork) -> None:
    other = msgspec.structs.replace(APP, routes=frozenset({May.TOUCHES}))
    assert books(Shop(small_store, clock, other))[0] == 403


ELEVEN_MS = TEN_MS + HOUR_MS


def changes(shop: Shop, at_ms: int, id_: str = "b-1", guest: str = GUEST, **said: Any) -> tuple[int, Any]:
    body = {"guest": guest, "point": "ride", "start": moment(at_ms)} | said
    return shop.asks("PUT", f"/v1/reservations/{id_}", body)


def why(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["type"].removeprefix(PROBLEM_PREFIX)


def places(store: Store, at_ms: int, channel: str = APP.id) -> int:
    with store.reading() as tx:
        return reserving.left(tx, SITE, slots.must_find(tx, SITE, "ride", start_ms=at_ms), channel=channel)


def diary_of(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as tx:
        return [(one.what.value, one.via.value, one.ref) for one in diary.of_guest(tx, SITE, OWNER)]


def passes(store: Store, right: str, *, id_: str = "7", taken_back: str = "") -> None:
    """The ride's device tells that the guest passed by a right, or was taken back."""
    made = Entry("/sites/x/devices/ride/1/0", id_, OWNER, NOW_MS << 16, 0, Via.GATE, What.ENTERED, "ride",
                 ref=taken_back or right, weight=-1 if taken_back else 1)  # fmt: skip
    with store.transaction() as tx:
        diary.put(tx, SITE, [made])


def test_a_booking_gets_another_time_once_and_its_old_place_is_this_channels_again(
    shop: Shop, small_store: Store
) -> None:
    _, booked = books(shop)
    status, first = changes(shop, ELEVEN_MS)
    assert (status, first["id"], first["start_ms"], first["again"]) == (200, booked["id"], ELEVEN_MS, False)
    assert changes(shop, ELEVEN_MS) == (200, first | {"again": True})
    assert held(small_store) == [("ride", ELEVEN_MS)]
    assert (places(small_store, TEN_MS), places(small_store, ELEVEN_MS)) == (2, 1)
    assert changes(shop, TEN_MS)[0] == 200
    assert diary_of(small_store) == [("reserved", "app", booked["id"])] * 3, "once for each time"
    assert changes(shop, TEN_MS, point="ride", extra=1)[0] == 422


def test_a_full_time_and_one_that_is_over_or_never_was_change_nothing(
    shop: Shop, small_store: Store, clock: Clockwork
) -> None:
    books(shop)
    with small_store.transaction() as tx:
        slots.put(
            tx, SITE, [a_time(0, TEN_MS + 2 * HOUR_MS), a_time(9, TEN_MS + 2 * HOUR_MS, channel="other")]
        )
        boat = msgspec.structs.replace(a_time(at_ms=TEN_MS + 3 * HOUR_MS), product="boat")
        slots.put(tx, SITE, [boat])
    assert why(changes(shop, TEN_MS + 2 * HOUR_MS)) == (409, "full"), "another channel's places are not ours"
    assert why(changes(shop, TEN_MS + 3 * HOUR_MS)) == (422, "invalid"), "a boat is no ride"
    assert changes(shop, TEN_MS + 1_000)[0] == 404
    assert changes(shop, ELEVEN_MS, id_="b-9")[0] == 404
    clock.ms = TEN_MS
    assert why(changes(shop, ELEVEN_MS)) == (409, "over"), (
        "its own time has begun: the gate says what is next"
    )
    assert held(small_store) == [("ride", TEN_MS)]


def test_a_booking_whose_new_time_is_over_or_that_was_cancelled_stays(
    shop: Shop, small_store: Store, clock: Clockwork
) -> None:
    _, booked = books(shop, at_ms=ELEVEN_MS)
    with small_store.transaction() as tx:
        slots.put(tx, SITE, [a_time(at_ms=TEN_MS - 2 * HOUR_MS)])
    clock.ms = TEN_MS - HOUR_MS
    assert why(changes(shop, TEN_MS - 2 * HOUR_MS)) == (409, "over")
    ended = Entitlement(
        id=booked["id"], product="ride", slot=a_time(at_ms=ELEVEN_MS).time, status=Status.CANCELLED
    )
    with small_store.transaction() as tx:
        rights.put_rights(tx, SITE, [ended], guest=GUEST)
    assert why(changes(shop, TEN_MS)) == (409, "over")


def test_who_was_let_in_by_a_booking_keeps_its_time_until_that_is_taken_back(
    shop: Shop, small_store: Store
) -> None:
    _, booked = books(shop)
    passes(small_store, "another")
    passes(small_store, booked["id"], id_="8")
    assert why(changes(shop, ELEVEN_MS)) == (409, "used")
    assert changes(shop, TEN_MS)[1]["again"], "what stands already is no change"
    passes(small_store, booked["id"], id_="9", taken_back="8")
    assert changes(shop, ELEVEN_MS)[0] == 200


def test_who_was_let_in_a_moment_ago_keeps_that_time_before_any_diary_says_so(
    shop: Shop, small_store: Store
) -> None:
    _, booked = books(shop)
    use = Use(entitlement=booked["id"], ordinal=1, scan_ms=NOW_MS, device="ride", point="ride", tap_id="t1")
    tells(small_store, use)
    assert why(changes(shop, ELEVEN_MS)) == (409, "used")
    tells(small_store, msgspec.structs.replace(use, redemption=Redemption.UNDONE))
    assert changes(shop, ELEVEN_MS)[0] == 200


def tells(store: Store, use: Use) -> None:
    """The feed holds a use as intake puts it there."""
    with store.transaction() as tx:
        publish(tx, SITE, [Change(USES, use.entitlement, msgspec.msgpack.encode((use,)))])


def test_nobody_changes_what_was_booked_for_another_guest_or_by_another_channel(
    shop: Shop, small_store: Store
) -> None:
    books(shop)
    assert why(changes(shop, ELEVEN_MS, guest="g-2")) == (409, "not-theirs")
    assert why(changes(shop, ELEVEN_MS, guest="nobody")) == (409, "not-theirs")
    other = shop.by(id="other")
    assert changes(other, ELEVEN_MS)[0] == 404, "of others' bookings it is told nothing"
    assert held(small_store) == [("ride", TEN_MS)]
    with small_store.transaction() as tx:
        merging.join(tx, SITE, Pair("g-2", GUEST), grounds=merging.Grounds("olga", "one", Source.CONSOLE))
    assert changes(shop, ELEVEN_MS, guest="g-2")[0] == 200, "they are one person"


def test_a_place_that_went_to_a_kiosk_is_not_this_channels_again_when_the_app_changes_the_time_after_it(
    shop: Shop, small_store: Store
) -> None:
    """What the kiosk took over it gives away itself: as the channel's, too, it would be given twice."""
    _, booked = books(shop)
    with small_store.transaction() as tx:
        slots.put(tx, SITE, [a_time(at_ms=TEN_MS + 2 * HOUR_MS)])
    move = SlotMoved(guest=GUEST, entitlement=booked["id"], was=a_time().time,
                     now=a_time(at_ms=ELEVEN_MS).time, point="kiosk")  # fmt: skip
    for left in (1, 0):
        with small_store.transaction() as tx:
            slots.take(tx, SITE, move, device="edge-1")
        assert changes(shop, TEN_MS + 2 * HOUR_MS)[0] == 200
        assert places(small_store, TEN_MS) == left, "its two places go to the kiosk, one after the other"
        assert places(small_store, TEN_MS + 2 * HOUR_MS) == 1
        assert changes(shop, TEN_MS)[0] == (200 if left else 409)


def test_only_a_channel_that_may_changes_a_booking(small_store: Store, clock: Clockwork) -> None:
    other = msgspec.structs.replace(APP, routes=frozenset(May) - {May.RESERVATIONS})
    assert changes(Shop(small_store, clock, other), TEN_MS)[0] == 403


def test_bookings_end_with_their_days_whether_used_or_not_and_those_to_come_stay(shop: Shop) -> None:
    assert [books(shop, "b-1")[0], books(shop, "b-2", at_ms=TEN_MS + HOUR_MS)[0]] == [200, 200]

    def kept() -> list[int]:
        with shop.book.store.reading() as tx:
            return sorted(tx.execute(select(reserving.booking_table.c.start_ms)).scalars())

    with shop.book.store.transaction() as tx:
        assert sum(forget(tx, TEN_MS) for forget in retention.KEPT if forget is reserving.delete_before) == 0
        assert (
            sum(forget(tx, TEN_MS + 1) for forget in retention.KEPT if forget is reserving.delete_before) == 1
        )
    assert kept() == [TEN_MS + HOUR_MS]
