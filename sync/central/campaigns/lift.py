"""Lift: what a campaign changed, with the interval that holds it, or that nobody can say yet."""

from __future__ import annotations

import enum
import math
from statistics import NormalDist

import msgspec

from edge.core.offers.control import BUCKETS

CONFIDENCE = 0.95
POWER = 0.8
"""How often a difference of the planned size is seen as one."""
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
Z_POWER = NormalDist().inv_cdf(POWER)
MISMATCH_CHI2 = NormalDist().inv_cdf(1 - 0.001 / 2) ** 2
"""Of one degree of freedom, p = 0.001: beyond it the arms are not what the buckets say."""
EXPECTED_MIN = 5
"""Guests whom the buckets put into each arm: of fewer the chi-square says nothing."""
PER_MILLE = 1_000


class Verdict(enum.StrEnum):
    """What can be said of a campaign's effect."""

    NOT_YET = "not_yet"
    """Fewer guests than planned, or their time to buy is not over."""
    VOID = "void"
    """The arms are of other sizes than the buckets: something is wrong with who was counted."""
    MORE = "more"
    LESS = "less"
    NOTHING_SEEN = "nothing_seen"
    """The interval holds zero."""


class Arm(msgspec.Struct, frozen=True):
    """So many guests, of whom so many did it."""

    guests: int
    did: int

    @property
    def rate(self) -> float:
        """Their share; of nobody it is none."""
        return self.did / self.guests if self.guests else 0.0


class Lift(msgspec.Struct, frozen=True, kw_only=True):
    """The reading: a difference of shares only where there is something to say of it."""

    verdict: Verdict
    offered: Arm
    withheld: Arm
    difference: float = 0.0
    low: float = 0.0
    high: float = 0.0


def lift(offered: Arm, withheld: Arm, *, share: int, planned: int, over: bool = True) -> Lift:
    """Read an experiment once: not before both arms have as many guests as planned and their time is over.

    ``share`` of 10,000 buckets were kept out. The interval is Newcombe's hybrid score (1998, method 10).
    """
    few = min(offered.guests, withheld.guests) < max(1, planned)
    if few or not over:
        return Lift(verdict=Verdict.NOT_YET, offered=offered, withheld=withheld)
    if mismatch(offered.guests, withheld.guests, share=share) > MISMATCH_CHI2:
        return Lift(verdict=Verdict.VOID, offered=offered, withheld=withheld)
    difference, low, high = apart(offered, withheld)
    verdict = Verdict.MORE if low > 0 else Verdict.LESS if high < 0 else Verdict.NOTHING_SEEN
    return Lift(
        verdict=verdict, offered=offered, withheld=withheld, difference=difference, low=low, high=high
    )


def apart(one: Arm, other: Arm) -> tuple[float, float, float]:
    """Return how far two shares are apart, with Newcombe's interval of it."""
    difference = one.rate - other.rate
    (low_1, high_1), (low_0, high_0) = wilson(one), wilson(other)
    low = difference - math.hypot(one.rate - low_1, high_0 - other.rate)
    high = difference + math.hypot(high_1 - one.rate, other.rate - low_0)
    return difference, low, high


def wilson(arm: Arm) -> tuple[float, float]:
    """Return Wilson's interval of an arm's share (1927)."""
    n, p = arm.guests, arm.rate
    middle, spread = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return (middle - spread) / (1 + Z * Z / n), (middle + spread) / (1 + Z * Z / n)


def mismatch(offered: int, withheld: int, *, share: int) -> float:
    """Return chi-square of the arms' sizes against the buckets (sample ratio mismatch)."""
    out = (offered + withheld) * share / BUCKETS
    into = offered + withheld - out
    return (withheld - out) ** 2 / out + (offered - into) ** 2 / into


def fits(offered: int, withheld: int, *, share: int) -> bool:
    """Return whether arms may be of these sizes by their buckets, as far as anybody can tell so early."""
    out = (offered + withheld) * share / BUCKETS
    if min(out, offered + withheld - out) < EXPECTED_MIN:
        return True
    return mismatch(offered, withheld, share=share) <= MISMATCH_CHI2


def planned_for(base_permille: int, more_permille: int) -> int:
    """Return how many guests each arm needs so that a lift of this size is seen four times in five."""
    p, q = base_permille / PER_MILLE, (base_permille + more_permille) / PER_MILLE
    return math.ceil((Z + Z_POWER) ** 2 * (p * (1 - p) + q * (1 - q)) / (q - p) ** 2)
