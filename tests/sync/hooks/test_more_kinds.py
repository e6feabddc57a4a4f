"""Moved times, coupons and low shelves are told, of the parts asked for; a no goes to whoever had a band."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.events import Acted, Kind
from edge.core.orders import FEW_MAX, Ordered, Stock
from edge.core.slots import Slot, SlotMoved
from sync.central import intake
from sync.central.hooks import subscriptions
from sync.central.hooks.subscriptions import Wanted
from sync.central.near import slots, stock
from sync.central.near.reserving import Wanted as Booking
from sync.central.near.reserving import move, reserve
from sync.central.registry.turn import take_turn
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Order
from tests.sync.builders import NOW_MS, SITE, a_device, a_journal
from tests.sync.hooks.acts import deliver, stands, subscribe
from tests.sync.hooks.test_happened import Listening, folk

__all__ = ["folk"]
HOUR_MS = 3_600_000
TEN_MS = (NOW_MS // HOUR_MS + 2) * HOUR_MS
ADAS = bytes([1]) * 16


def a_time(hours: int) -> Slot:
    start_ms = TEN_MS + hours * HOUR_MS
    return Slot(point="ride", product="ride", start_ms=start_ms, end_ms=start_ms + HOUR_MS,
                shares={"edge-1": 1}, outside={"app": 2})  # fmt: skip


def test_a_moved_time_is_told_once_whoever_moved_it(folk: Listening) -> None:
    folk.says("ada", "offers", given=True)
    folk.hears(("reservation_moved",))
    ten, eleven, noon = map(a_time, range(3))
    with folk.store.transaction() as tx:
        take_turn(tx, SITE)
        slots.put(tx, SITE, [ten, eleven, noon])
        booked = [reserve(tx, SITE, Booking(f"b-{who}", who, "ride", TEN_MS), channel="app").right
                  for who in ("ada", "bea")]  # fmt: skip
        for right in booked:
            move(tx, SITE, right, to=("ride", eleven.start_ms))
        move(tx, SITE, booked[0], to=("ride", eleven.start_ms))
        at_kiosk = SlotMoved(
            guest="ada", entitlement=booked[0], was=eleven.time, now=noon.time, point="kiosk"
        )
        for _ in range(2):
            slots.take(tx, SITE, at_kiosk, device="edge-1")
    told = folk.news()
    said: list[dict[str, Any]] = [data for _, data in told]
    assert {kind for kind, _ in told} == {"reservation_moved"}
    assert [(one["was_ms"], one["start_ms"]) for one in said] == [
        (ten.start_ms, eleven.start_ms),
        (eleven.start_ms, noon.start_ms),
    ], "bea allows nothing"
    assert {(one["reservation"], one["product"], one["point"]) for one in said} == {
        (booked[0], "ride", "ride")
    }


def test_what_a_guest_is_given_is_told_once_and_a_family_by_its_head(folk: Listening) -> None:
    for guest in ("ada", "bea"):
        folk.says(guest, "offers", given=True)
    folk.hears(("coupon_issued",))
    with folk.store.transaction() as tx:
        mine = Order(id="o-1", voucher=vouchers.gift("spring"), units=500, guest="ada")
        theirs = Order(id="o-2", voucher=vouchers.gift("spring"), units=700, wallet="w-bea")
        for order in (mine, mine, theirs):
            vouchers.give(tx, SITE, order)
    assert folk.news() == [
        ("coupon_issued", {"sort": "gift", "campaign": "spring", "units": units}) for units in (500, 700)
    ]
    assert len({one["subject"] for one in folk.to.letters}) == 2


def test_a_shelf_that_comes_to_the_last_pieces_is_told_once_and_names_nobody(folk: Listening) -> None:
    folk.hears(("stock_low",), purpose="")

    def counts(on_hand: int) -> None:
        with folk.store.transaction() as tx:
            stock.put(
                tx, SITE, [Stock(article="mug", store="shop", device="edge-1", on_hand=on_hand, at_ms=1)]
            )

    counts(FEW_MAX + 2)
    assert folk.news() == []
    with folk.store.transaction() as tx:
        stock.reserve(tx, SITE, [Ordered(article="mug", quantity=2)], store="shop", sign=1)
    assert folk.news() == [("stock_low", {"article": "mug", "store": "shop", "left": FEW_MAX})]
    assert "subject" not in folk.to.letters[-1]
    counts(FEW_MAX + 1)
    assert folk.news() == [], "it was low before"
    counts(FEW_MAX + 9)
    counts(2)
    assert [kind for kind, _ in folk.news()] == ["stock_low"]


def test_a_subscription_hears_only_of_the_parts_that_it_asked_for(folk: Listening) -> None:
    for topic in ("offers", "offers:interest", "offers:behaviour"):
        folk.says("ada", topic, given=True)
    with folk.store.transaction() as tx:
        kinds = ("segment_entered", "diary_entry")
        wanted = Wanted(url=folk.to.url, kinds=kinds, purpose="offers", parts=("interest",))
        hook = subscriptions.add(tx, SITE, wanted)
    deliver(folk.store, folk.to)
    assert stands(folk.store, hook).parts == ("interest",)
    folk.puts("ada", "interest:boats", "behaviour:often")
    folk.writes("ada", "a-2")
    told = folk.news()
    assert [data.get("code") for kind, data in told if kind == "segment_entered"] == ["interest:boats"]
    assert [data["what"] for kind, data in told if kind == "diary_entry"] == ["bought"], "of no part at all"


def test_whoever_was_told_of_a_band_hears_the_no_of_its_guest_by_the_name_that_they_know(
    folk: Listening,
) -> None:
    """Said in the app: no device's journal tells of it, and nobody asked to hear of consents."""
    for guest in ("ada", "bea"):
        folk.says(guest, "offers", given=True)
    subscribe(folk.store, folk.to, kinds=("help_called",), purpose="offers")
    deliver(folk.store, folk.to)
    device, _ = a_device(folk.store)
    paper = a_journal(device)
    call = Acted(point="gate", reason="help")
    paper.append(0, msgspec.msgpack.encode(call), kind=int(Kind.HELP_CALLED), band=ADAS)
    intake.take(folk.store, device, paper.batch(1, 1))
    assert [kind for kind, _ in folk.news()] == ["help_called"]
    known = folk.to.letters[-1]["subject"]
    folk.says("ada", "offers:interest", given=True)
    folk.says("bea", "offers", given=False)
    assert folk.news() == [], "a yes nobody asked for, and a no of whom nothing was told"
    folk.says("ada", "offers", given=False)
    ((kind, data),) = folk.news()
    assert (kind, data["topic"], data["given"]) == ("consent_changed", "offers", False)
    assert data["bands"] == [known]
    assert folk.news() == []
