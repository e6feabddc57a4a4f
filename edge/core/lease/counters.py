"""Counters: five totals of one lease that only grow, and what they leave to be spent."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

COUNTER_MAX = 10**15
"""No total is ever larger: far below 2^63, and exact in whatever reads a page or an export."""


class Counters(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Totals since the lease began, in its unit; ``granted`` is the parent's to write, the others the edge's.

    They never fall and never hold a difference, so that a message lost, doubled or late changes nothing.
    """

    granted: int = 0
    spent: int = 0
    voided: int = 0
    minted: int = 0
    """Cash taken at this edge."""
    returned: int = 0

    @property
    def spendable(self) -> int:
        """What is left of the lease where it is."""
        return self.granted + self.minted + self.voided - self.spent - self.returned

    @property
    def consumed(self) -> int:
        """What the wallet has lost by it: spent, less what was voided and what was paid in here."""
        return self.spent - self.voided - self.minted


def is_sound(counters: Counters) -> bool:
    """Say whether totals can be a lease's at all: nothing voided unspent, nothing spent twice (I1)."""
    totals = (counters.granted, counters.spent, counters.voided, counters.minted, counters.returned)
    within = all(0 <= total <= COUNTER_MAX for total in totals)
    return within and counters.voided <= counters.spent and counters.spendable >= 0


def highest(one: Counters, other: Counters) -> Counters:
    """Return the larger of each total: what is known after two reports that came in any order."""
    return Counters(
        granted=max(one.granted, other.granted),
        spent=max(one.spent, other.spent),
        voided=max(one.voided, other.voided),
        minted=max(one.minted, other.minted),
        returned=max(one.returned, other.returned),
    )


def emptied(counters: Counters) -> Counters:
    """Return the totals after all that is left was given back."""
    return replace(counters, returned=counters.returned + counters.spendable)
