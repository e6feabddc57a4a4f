"""Times booked by a channel outside: out of its own places, once for each id, at the gate and kiosk later."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from edge.core.slots import Slot, SlotMoved
from sync.central.channels.book import May
from sync.central.near import slots
from sync.central.registry import guests, rights
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.channels.test_channels import APP, Shop
from tests.sync.journey.book import GUEST

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
    assert (status, told["detail"]) == (400, "No place is left at this time.")
    assert held(small_store) == [("ride", TEN_MS)]


def test_a_time_that_is_over_or_never_was_or_of_somebody_unknown_is_refused(
    shop: Shop, clock: Clockwork
) -> None:
    assert books(shop, at_ms=TEN_MS + 1_000)[0] == 404
    assert books(shop, guest="nobody")[0] == 404
    clock.ms = TEN_MS + HOUR_MS
    assert books(shop)[0] == 400


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
    assert books(shop, "b-3")[0] == 400
    assert books(shop)[1]["again"]


def test_only_a_channel_that_may_books(small_store: Store, clock: Clockwork) -> None:
    other = msgspec.structs.replace(APP, routes=frozenset({May.TOUCHES}))
    assert books(Shop(small_store, clock, other))[0] == 403
