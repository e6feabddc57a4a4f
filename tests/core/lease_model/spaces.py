"""The small worlds that are searched whole, and the four design mistakes that each must be found in."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.lease import Placed, PlacedState
from tests.core.lease_model.world import Bounds, Rules

BASIC = frozenset({"spend", "give_back", "close", "lose", "doubt", "write_off"})
CASH = frozenset({"spend", "void", "mint", "give_back", "close", "expire", "ask_close"})
BLOCKING = frozenset({"spend", "expire", "block", "ask_close"})
SPACES = (
    Bounds(name="two devices, two units", confirmed=2, edges=2, acts=BASIC - {"close", "give_back"}),
    Bounds(
        name="two devices, voids", confirmed=1, edges=2, acts=BASIC | {"void"}, granted_max=1, voided_max=1
    ),
    Bounds(name="three devices", confirmed=1, edges=3, acts=BASIC - {"close"}, granted_max=1),
    Bounds(
        name="one device, voids and cash", confirmed=1, edges=1, acts=CASH, granted_max=1, voided_max=1,
        minted_max=1,
    ),
    Bounds(
        name="one device, lost with cash", confirmed=1, edges=1, acts=BASIC | {"void", "mint"}, granted_max=1,
        voided_max=1, minted_max=1,
    ),
    Bounds(name="block and close", confirmed=1, edges=2, acts=BLOCKING, granted_max=1),
    Bounds(
        name="restored and replaced", confirmed=1, edges=1, granted_max=1, lives=2,
        acts=frozenset({"spend", "lose", "restore", "doubt", "write_off", "close"}),
    ),
)  # fmt: skip
LARGE = (
    Bounds(name="one device, two units, cash", confirmed=2, edges=1, acts=CASH, voided_max=1, minted_max=1),
    Bounds(
        name="one device, lost with two voids", confirmed=1, edges=1, acts=BASIC | {"void", "mint"},
        voided_max=2, minted_max=1,
    ),
    Bounds(name="two devices, two units, all", confirmed=2, edges=2, acts=BASIC),
    Bounds(name="three devices, close", confirmed=1, edges=3, acts=BASIC, granted_max=1),
    Bounds(name="one device, all of it", confirmed=2, edges=1, acts=BASIC | CASH, voided_max=2, minted_max=1),
    Bounds(
        name="two devices restored and replaced", confirmed=1, edges=2, granted_max=1, lives=2,
        acts=frozenset({"spend", "lose", "restore", "doubt", "write_off"}),
    ),
)  # fmt: skip

MUTATIONS = (
    Rules(name="money reclaimed at expiry", doubting=lambda placed: _reclaimed(placed)),
    Rules(name="restored from a snapshot", restoring=lambda lease: lease),
    Rules(name="grant sent before its commit", commits_first=False),
    Rules(name="deltas instead of totals", totals=False),
)
SMALL = {
    "money reclaimed at expiry": Bounds(name="m1", confirmed=1, edges=2, acts=BASIC, granted_max=1),
    "restored from a snapshot": Bounds(
        name="m2", confirmed=1, edges=1, acts=frozenset({"spend", "restore"}), granted_max=1
    ),
    "grant sent before its commit": Bounds(
        name="m3", confirmed=1, edges=2, acts=frozenset({"spend"}), granted_max=1
    ),
    "deltas instead of totals": Bounds(
        name="m4", confirmed=1, edges=2, acts=frozenset({"spend", "give_back"}), granted_max=2
    ),
}
"""The world in which each mistake costs money soonest."""


def _reclaimed(placed: Placed) -> Placed:
    """The mistake: time is over, so what was set aside is free again."""
    return replace(placed, state=PlacedState.WRITTEN_OFF)
