"""Foreseen: how much of a lease comes back later in the same batch, so that it need not be there twice."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple

import msgspec

from edge.core.lease import Report
from edge.core.payment import LeaseMoved, LeasePassed, LeaseTaken


class Step(NamedTuple):
    """One report of a lease, and whether a part was passed out of it by that."""

    report: Report
    passes: bool


def reports_of(said: msgspec.Struct) -> tuple[Report, ...]:
    """Return the leases that an event reports on."""
    if isinstance(said, LeaseMoved | LeasePassed | LeaseTaken):
        return (said.lease,)
    return getattr(said, "leases", ())


def steps_of(said: Iterable[msgspec.Struct]) -> dict[str, list[Step]]:
    """Return what a batch tells of each lease, in its order."""
    found: dict[str, list[Step]] = {}
    for one in said:
        for report in reports_of(one):
            found.setdefault(report.lease, []).append(Step(report, isinstance(one, LeasePassed)))
    return found


def returned_by(steps: Iterable[Step], report: Report) -> int:
    """Return how much has come back of a lease, in its unit, as far as a report and those after it say.

    Never more than each of them leaves: who spends and takes back before it all returns needs it till then.
    What was passed on did not come back: from the first part on nothing is foreseen.
    """
    told = tuple(steps)
    before = tuple(takewhile(lambda step: step.report != report, told))
    run = [step.report.counters for step in takewhile(lambda step: not step.passes, told[len(before) :])]
    if not run or any(step.passes for step in before):
        return 0
    lasting = min(one.spendable + one.returned for one in run)
    return max(report.counters.returned, min(lasting, max(one.returned for one in run)))
