"""Tiers: what becomes of a guest's tier by what they spent: up at once, down a step and announced before."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

WINDOW_DAYS = 365
"""What was spent before that counts no more."""
NOTICE_DAYS = 30


class Step(msgspec.Struct, frozen=True):
    """One tier, and from which sum on it is reached, in minor units."""

    tier: str
    from_minor: int


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """A site's tiers, the lowest first; it begins at nothing, so that everybody stands somewhere on it."""

    steps: tuple[Step, ...]
    currency: str
    """In which what guests spent is counted; what was paid in another one is not."""
    notice_days: int = NOTICE_DAYS
    """So many days lie between the word that a tier ends and its end."""

    def place(self, tier: str) -> int:
        """Return on which step a tier stands, below all of them (-1) where it is none of this ladder."""
        return next((place for place, step in enumerate(self.steps) if step.tier == tier), -1)

    def reached(self, spent_minor: int) -> int:
        """Return which step a sum reaches; who got more back than they paid stands on the lowest."""
        return max([0, *(at for at, step in enumerate(self.steps) if step.from_minor <= spent_minor)])


class Standing(NamedTuple):
    """Where a guest stands, and on which day they were told that it ends (None: nobody said so)."""

    tier: str
    told_day: int | None = None


class Change(enum.StrEnum):
    """What became of a standing."""

    NONE = "none"
    RAISED = "raised"
    TOLD = "told"
    """The guest is told that the tier ends: nothing is taken yet."""
    KEPT = "kept"
    """It ends no more: enough was spent since they were told."""
    LOWERED = "lowered"


def is_sound(steps: Sequence[Step]) -> bool:
    """Say whether steps make a ladder: from nothing on, each higher than the one below, each tier once."""
    sums = [step.from_minor for step in steps]
    rising = all(low < high for low, high in pairwise(sums))
    return sums[:1] == [0] and rising and len({step.tier for step in steps}) == len(steps)


def judge(ladder: Ladder, now: Standing, *, spent_minor: int, day: int) -> tuple[Change, Standing]:
    """Return what becomes of a standing on a local day; asked again with what it answered, nothing more.

    ``spent_minor`` is what stands of the guest's purchases of ``WINDOW_DAYS``. A tier that is none of the
    ladder is below it. Of a tier that is lost the guest is told first; one step lower, they are told anew.
    """
    at, reached = ladder.place(now.tier), ladder.reached(spent_minor)
    if reached > at:
        return Change.RAISED, Standing(ladder.steps[reached].tier)
    if reached == at:
        kept = Change.NONE if now.told_day is None else Change.KEPT
        return kept, Standing(now.tier)
    if now.told_day is None:
        return Change.TOLD, Standing(now.tier, day)
    if day < now.told_day + ladder.notice_days:
        return Change.NONE, now
    return Change.LOWERED, Standing(ladder.steps[at - 1].tier)
