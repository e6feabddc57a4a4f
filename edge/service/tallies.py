"""Tallies: how often one person did an act within the last twelve hours, here and at other devices."""

from __future__ import annotations

import msgspec

from edge.core.approvals import within_shift
from edge.core.elsewhere import Limited, times_within
from edge.errors import NotAllowed
from edge.store.elsewhere import spans_elsewhere
from edge.store.transaction import Transaction

TALLIES = "tallies"


class ShiftLimit(NotAllowed):
    """You have done this as often as one person may in a shift."""

    hint = "Ask a colleague; an operator sets how often it may be."
    why = "limit"


class SecondNeeded(NotAllowed):
    """This takes a second person."""

    hint = "Ask for it: another supervisor or an operator approves."
    why = "second"


def tallied(tx: Transaction, what: Limited, staff: str) -> int:
    """Return how often a person did it within the last twelve hours, elsewhere as far as central has told."""
    elsewhere = times_within(spans_elsewhere(tx, what, staff), tx.now.now_ms)
    return len(_times(tx, what, staff)) + elsewhere


def tally(tx: Transaction, what: Limited, staff: str) -> None:
    """Count one more."""
    times = (*_times(tx, what, staff), tx.now.now_ms)
    tx.put(TALLIES, f"{what}:{staff}", msgspec.msgpack.encode(times))


def tally_within(tx: Transaction, what: Limited, staff: str, *, limit: int) -> None:
    """Count one more, or raise ``ShiftLimit`` where that is more than one person may."""
    if tallied(tx, what, staff) >= limit:
        raise ShiftLimit
    tally(tx, what, staff)


def _times(tx: Transaction, what: Limited, staff: str) -> tuple[int, ...]:
    body = tx.get(TALLIES, f"{what}:{staff}")
    times = msgspec.msgpack.decode(body, type=tuple[int, ...]) if body is not None else ()
    return within_shift(times, tx.now.now_ms)
