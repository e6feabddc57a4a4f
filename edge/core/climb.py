"""Climb: what a guest lacks to the next tier, as a word of a profile, until central says how it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from edge.core.tiers import Ladder

CLIMB = "climb:"
"""How the word begins; it is no code of a segment, and no rule of a door or an offer sees it."""
GOOD_DAYS = 7
"""So many days at most an edge that hears nothing goes by the word."""
SECOND_MS = 1_000
_WORD = re.compile(r"climb:(-?\d{1,15}):([A-Z]{3}):(\d{1,12}):(\d{1,7}):(.+)", re.ASCII)


class Climb(NamedTuple):
    """How far it is to a tier, by what central knew."""

    tier: str
    missing_minor: int
    """In minor units; 0 or less: enough was spent, and central has yet to judge."""
    currency: str
    counted_s: int
    """Up to when purchases were counted, in UTC seconds."""
    until_day: int
    """The last local day (proleptic ordinal) on which no purchase that was counted is a year old."""


def climb_of(ladder: Ladder, tier: str, *, spent_minor: int, counted_ms: int, until_day: int) -> Climb | None:
    """Return what lacks to the tier that comes next; None: there is none above.

    A tier that is none of the ladder is as its lowest. Whoever has spent enough for a higher one than the
    next climbs to that.
    """
    at = max(ladder.place(tier) + 1, 1, ladder.reached(spent_minor))
    if at >= len(ladder.steps):
        return None
    step, counted_s = ladder.steps[at], -(-counted_ms // SECOND_MS)
    return Climb(step.tier, step.from_minor - spent_minor, ladder.currency, counted_s, until_day)


def expects(known: Climb, *, sold_minor: int, day: int) -> str:
    """Return which tier is to be expected with what a device sold since, less what came back; empty: none."""
    return known.tier if sold_minor >= known.missing_minor and day <= known.until_day else ""


def as_word(known: Climb) -> str:
    """Return it as it stands among the words of a profile."""
    amount = f"{known.missing_minor}:{known.currency}"
    return f"{CLIMB}{amount}:{known.counted_s}:{known.until_day}:{known.tier}"


def read_word(tags: Iterable[str]) -> Climb | None:
    """Return what the words of a profile say of it; None where none does, or it makes no sense."""
    found = next(filter(None, map(_WORD.fullmatch, tags)), None)
    if found is None:
        return None
    missing, currency, counted_s, until_day, tier = found.groups()
    return Climb(tier, int(missing), currency, int(counted_s), int(until_day))
