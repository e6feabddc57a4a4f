"""Nearby: times to choose from, full and nearly empty shelves, and an order that waits in the demo park."""

from __future__ import annotations

from edge.core.orders import Order, Ordered, OrderState, Stock
from edge.core.slots import Slot
from edge.run.demo.park import SLOT_POINT, Park
from sync.central.near import orders, slots, stock
from sync.central.store import Connection

HALF_HOUR_MS = 30 * 60_000
TIMES, PLACES, SEATS = 20, 2, 40
"""How many times there are, how many places of each a kiosk may give, and how many guests ride in it."""
PRODUCT, SHOP, OTHER_SHOP = "volo-prenotato", "bottega-1", "bar-1"
ON_HAND = {"tazza": 14, "peluche": 3, "aquilone": 9, "impermeabile": 1}
"""What the shop has of each thing; the bar has five of the same."""
WAITS_FOR, COUNTER = "giulia", "2"


def open_nearby(tx: Connection, park: Park, *, device: str, now_ms: int) -> None:
    """Set places aside for the device, count the shelves, and lay a mug ready for one guest of the tray."""
    site, first = park.site.id, -(-now_ms // HALF_HOUR_MS) * HALF_HOUR_MS
    starts = [first + number * HALF_HOUR_MS for number in range(TIMES)]
    times = [
        Slot(
            point=SLOT_POINT,
            product=PRODUCT,
            start_ms=start,
            end_ms=start + HALF_HOUR_MS,
            shares={device: PLACES},
            capacity_max=SEATS,
        )
        for start in starts
    ]
    slots.put(tx, site, times)
    counted = [
        Stock(article=article, store=store, device=whose, on_hand=count, at_ms=now_ms)
        for article, here in ON_HAND.items()
        for store, whose, count in ((SHOP, device, here), (OTHER_SHOP, "", 5))
    ]
    stock.put(tx, site, counted)
    guest = next(one for one in park.guests if one.id == WAITS_FOR)
    lines = (Ordered(article="tazza"),)
    order = Order(
        id="demo-mug", guest=guest.pseudonym, store=SHOP, device=device, lines=lines,
        state=OrderState.READY, counter=COUNTER,
    )  # fmt: skip
    orders.place(tx, site, order)
