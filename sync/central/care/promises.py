"""Promises: how many cases there were of each kind, and whether guests heard from us when we said."""

from __future__ import annotations

from collections import defaultdict
from statistics import median_low
from typing import NamedTuple

from edge.core.calendar import DAY_MS, MINUTE_MS
from sync.central.care import cases
from sync.central.care.case import Case, State, Subject
from sync.central.store import Connection, now_of

DAYS = 30


class Counted(NamedTuple):
    """Cases of one kind; the answer is the middle of all first ones, in whole minutes."""

    subject: Subject
    cases: int
    living: int
    late_now: int
    kept: int
    broken: int
    moved: int
    first_answer: int | None


def promises(tx: Connection, site: str) -> tuple[Counted, ...]:
    """Return each kind of which there was a case lately, or is one that is not closed."""
    now_ms = now_of(tx)
    found: dict[Subject, list[Case]] = defaultdict(list)
    for one in cases.since(tx, site, now_ms - DAYS * DAY_MS):
        found[one.subject].append(one)
    return tuple(_counted(one, found[one], now_ms) for one in Subject if one in found)


def _counted(subject: Subject, found: list[Case], now_ms: int) -> Counted:
    took = [(one.answered_ms - one.opened_ms) // MINUTE_MS for one in found if one.answered_ms is not None]
    return Counted(
        subject=subject,
        cases=len(found),
        living=sum(one.state is not State.CLOSED for one in found),
        late_now=sum(one.is_late(now_ms) for one in found),
        kept=sum(one.kept for one in found),
        broken=sum(one.broken for one in found),
        moved=sum(one.moved for one in found),
        first_answer=median_low(took) if took else None,
    )
