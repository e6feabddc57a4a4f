"""Verification: a lane's chain recomputed, and every break located to its record."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from edge.core.events import Event, chain_start, chain_step
from edge.store.records import Head, Owner

BREAKS_MAX = 1_000
"""Breaks reported of one lane; beyond them it is rubble."""


class Wrong(enum.StrEnum):
    """What does not fit."""

    START = "start"
    """The lane does not begin where its owner's chain begins."""
    MISSING = "missing"
    """Records are gone between this one and the one before it."""
    CHANGED = "changed"
    """The record is not what was hashed, or stands where another stood."""


class Break(NamedTuple):
    """One place where a chain does not hold: the record that does not fit what stands before it."""

    lane: int
    seq: int
    wrong: Wrong


class Lane(NamedTuple):
    """What was found of one lane."""

    lane: int
    first: int
    last: int
    checked: int
    breaks: tuple[Break, ...]


class Report(NamedTuple):
    """What was found of a journal; a tail that was cut off is not seen here (see checkpoints)."""

    owner: Owner
    lanes: tuple[Lane, ...]

    @property
    def whole(self) -> bool:
        """Say whether no chain is broken."""
        return not any(lane.breaks for lane in self.lanes)

    @property
    def breaks(self) -> tuple[Break, ...]:
        """Return every break, lane by lane."""
        return tuple(found for lane in self.lanes for found in lane.breaks)


def check_lane(owner: Owner, anchor: Head, events: Iterable[Event], *, lane: int) -> Lane:
    """Recompute one lane's chain from its anchor on.

    After a break the check goes on from the record's own hash, so that each break is told once, where it is.
    """
    breaks: list[Break] = []
    if anchor.seq == 0 and anchor.h != chain_start(
        owner.site, owner.device, lane, public_key=owner.public_key
    ):
        breaks.append(Break(lane, 0, Wrong.START))
    seq, h, count = anchor.seq, anchor.h, 0
    for event in events:
        count += 1
        if len(breaks) < BREAKS_MAX:
            if event.seq != seq + 1:
                breaks.append(Break(lane, event.seq, Wrong.MISSING))
            elif event.h != chain_step(h, event):
                breaks.append(Break(lane, event.seq, Wrong.CHANGED))
        seq, h = event.seq, event.h
    return Lane(lane, anchor.seq + 1, seq, count, tuple(breaks))
