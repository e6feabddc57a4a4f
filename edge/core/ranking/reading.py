"""Reading an experiment: what offers brought beside a control group, at its end and never before."""

from __future__ import annotations

import enum
import math

import msgspec

SURE = 1.959963984540054
"""Standard errors of an interval of 95 %."""
MISMATCH = 10.828
"""Chi-square with one degree of freedom at p = 0.001: sooner than that, chance does not split guests so."""
BUCKETS = 10_000


class State(enum.StrEnum):
    """What may be said of an experiment."""

    NOT_YET = "not_yet"
    """Fewer guests than planned: whoever looks now sees what is not there."""
    VOID = "void"
    """The arms are not as large as they should be: something sorted the guests."""
    WIN = "win"
    LOSS = "loss"
    NO_DIFFERENCE = "no_difference"
    """None that so many guests could show."""


class Arms(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, by guest and never by exposure; guests with two buckets are in neither arm."""

    treated: int
    treated_bought: int
    control: int
    control_bought: int
    planned: int
    """Guests of each arm, fixed before it began."""
    share: int = 5_000
    """Of 10,000 buckets that belong to the control arm."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The difference of the two rates, with the interval that covers the truth 95 times in a hundred."""

    state: State
    difference: float = 0.0
    low: float = 0.0
    high: float = 0.0


def read(arms: Arms) -> Reading:
    """Return what an experiment says: nothing before its end, nothing if its arms do not match."""
    if min(arms.treated, arms.control) < max(1, arms.planned):
        mismatched = arms.treated + arms.control >= 2 * max(1, arms.planned) and _mismatched(arms)
        return Reading(state=State.VOID if mismatched else State.NOT_YET)
    if _mismatched(arms):
        return Reading(state=State.VOID)
    difference, low, high = _interval(arms)
    state = State.WIN if low > 0.0 else State.LOSS if high < 0.0 else State.NO_DIFFERENCE
    return Reading(state=state, difference=difference, low=low, high=high)


def _mismatched(arms: Arms) -> bool:
    together = arms.treated + arms.control
    expected = together * arms.share / BUCKETS
    off = (arms.control - expected) ** 2
    return off / expected + off / (together - expected) > MISMATCH


def _interval(arms: Arms) -> tuple[float, float, float]:
    """Return the difference and Newcombe's interval, made of both rates' own (Wilson's)."""
    one, one_low, one_high = _wilson(arms.treated_bought, arms.treated)
    other, other_low, other_high = _wilson(arms.control_bought, arms.control)
    below = math.sqrt((one - one_low) ** 2 + (other_high - other) ** 2)
    above = math.sqrt((one_high - one) ** 2 + (other - other_low) ** 2)
    return one - other, one - other - below, one - other + above


def _wilson(bought: int, guests: int) -> tuple[float, float, float]:
    rate, square = bought / guests, SURE * SURE
    middle = (rate + square / (2 * guests)) / (1 + square / guests)
    wide = (
        SURE * math.sqrt(rate * (1 - rate) / guests + square / (4 * guests * guests)) / (1 + square / guests)
    )
    return rate, middle - wide, middle + wide
