"""Always: an interval of a campaign's effect that holds however often somebody looks, and is wider for it."""

from __future__ import annotations

import math

import msgspec

from sync.central.campaigns.lift import CONFIDENCE, Arm

GUESTS_MIN = 50
"""Of each arm: with fewer its spread is no normal one, and nothing is said."""
SPREAD = 0.5
"""Variance of a difference of two shares at its widest, for one guest of each arm."""


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """A difference of shares so far, and between which it lies on all nights together with 95 %."""

    offered: Arm
    withheld: Arm
    difference: float
    low: float
    high: float


def always(offered: Arm, withheld: Arm, *, planned: int) -> Between | None:
    """Return the always-valid interval of two arms whose guests have all had their time; None: too few.

    It is the mixture sequential probability ratio test turned round (Johari, Koomen, Pekelis and Walsh
    2017, *Peeking at A/B tests*): of all differences, those that it has not turned down. Its mixing variance
    is that of the planned size, set before anything is seen. A success and a failure are added to each arm
    (Agresti and Caffo 2000), since at a share of none the plain variance would be none.
    """
    if min(offered.guests, withheld.guests) < GUESTS_MIN or planned < 1:
        return None
    (rate_1, spread_1), (rate_0, spread_0) = _eased(offered), _eased(withheld)
    variance, mixing = spread_1 + spread_0, SPREAD / planned
    both = variance + mixing
    wide = 2 * variance * both / mixing * math.log(math.sqrt(both / variance) / (1 - CONFIDENCE))
    difference, half = rate_1 - rate_0, math.sqrt(wide)
    return Between(
        offered=offered,
        withheld=withheld,
        difference=offered.rate - withheld.rate,
        low=max(-1.0, difference - half),
        high=min(1.0, difference + half),
    )


def _eased(arm: Arm) -> tuple[float, float]:
    """Return an arm's share and the variance of it, with one success and one failure more."""
    guests = arm.guests + 2
    rate = (arm.did + 1) / guests
    return rate, rate * (1 - rate) / guests
