"""A busy gate's staff page: offers to explain, orders in each state, guests who are about."""

from __future__ import annotations

from typing import Any

OFFERED = {
    "exposure": "x", "point": "north", "at_ms": 1_767_265_200_000, "personal": True, "shown": ["x.1", "x.2"],
    "taken": ["x.2"], "names": {"gelato": "Gelato", "coffee": "Caffè", "fox": "Volpe"},
    "choice": {"tiles": [["gelato", 1], ["coffee", 2]], "losers": [["fox", "cap", ""]]},
}  # fmt: skip
"""One choice with an offer to give, one that was taken, and one that lost."""


def an_order(id_: str, state: str, **changes: object) -> dict[str, object]:
    lines = [{"article": "cup", "names": {"it": "Tazza del lago"}, "quantity": 2}, {"article": "hat"}]
    order = {"id": id_, "state": state, "store": "north", "guest": "g-1", "name": "Giulia", "here": True}
    return order | {"lines": lines, "counter": "2"} | changes


ORDERS = [an_order("o-1", "ready"), an_order("o-2", "picking", name=""), an_order("o-3", "reserved"),
          an_order("o-4", "ready", here=False)]  # fmt: skip
"""One to hand over, one on its way, one to be picked, one of another device."""
EXPECTED = [
    {"band": "01", "band_short": "01", "guest": "g-1", "name": "Giulia", "tier": "gold", "zone": "at_kiosk",
     "place": "kiosk", "since_ms": 1_767_265_200_000},
    {"band": "02", "band_short": "02", "guest": "g-2", "zone": "in_venue", "place": "", "since_ms": 0},
]  # fmt: skip


def much_to_do(page: Any) -> None:
    """Orders and guests who are about, as a staff page is told once at its begin."""
    page.route("**/api/v1/staff/orders", lambda asked: asked.fulfill(json={"orders": ORDERS}))
    page.route("**/api/v1/staff/expected", lambda asked: asked.fulfill(json={"people": EXPECTED}))
