"""Counts: who passed and who was turned away since the local day began, and the last decisions."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable

import msgspec

from edge.core.calendar import day_of
from edge.core.decision import Outcome, Reason
from edge.core.places import Layout
from edge.service.facts import NOWHERE, zone_of
from edge.views import Counters, StaffView

RECENT_MAX = 256
"""Decisions kept in memory for lists; older ones are in the journal."""
UNCOUNTED_MAX = 128
"""Decisions that wait to be counted: nobody's answer waits for a tally, and whoever asks has all of them."""
MINUTES_MAX = 60
MINUTE_MS = 60_000


class Counts:
    """Tallies of one local day; any thread may add and ask."""

    def __init__(self, layout: Callable[[], Layout | None]) -> None:
        """Begin empty; ``layout`` says which calendar the day follows."""
        self._layout = layout
        self._lock = threading.Lock()
        self._day = 0
        self._entered: Counter[str] = Counter()
        self._exited: Counter[str] = Counter()
        self._denied: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._minutes: Counter[int] = Counter()
        self._recent: dict[str, StaffView] = {}
        self._uncounted: deque[tuple[StaffView, StaffView | None]] = deque()

    def add(self, view: StaffView, *, before: StaffView | None = None) -> None:
        """Count one decision; ``before`` is the same tap's earlier one, which counts no more."""
        self._uncounted.append((view, before))
        if len(self._uncounted) >= UNCOUNTED_MAX:
            with self._lock:
                self._count()

    def recent(self, point: str | None, limit: int) -> tuple[StaffView, ...]:
        """Return the last decisions, newest first."""
        with self._lock:
            self._count()
            views = [view for view in reversed(self._recent.values()) if point is None or view.point == point]
        return tuple(views[:limit])

    def forget(self, guest: str) -> None:
        """Show what is listed of a guest without anything of theirs; the tallies stay."""
        nobody = {"guest": None, "name": "", "language": "", "tier": ""}
        with self._lock:
            self._count()
            for tap, view in self._recent.items():
                if view.guest == guest:
                    self._recent[tap] = msgspec.structs.replace(view, **nobody)

    def counters(self, inside: dict[str, int], now_ms: int) -> Counters:
        """Return today's tallies beside the people inside each zone."""
        this_minute = now_ms // MINUTE_MS
        minutes = range(this_minute - MINUTES_MAX + 1, this_minute + 1)
        day = self._day_of(now_ms)
        with self._lock:
            self._count()
            self._turn(day)
            for old in [minute for minute in self._minutes if minute < minutes.start]:
                del self._minutes[old]
            return Counters(
                entered=dict(+self._entered),
                exited=dict(+self._exited),
                inside=inside,
                denied=dict(+self._denied),
                reasons=dict(+self._reasons),
                per_minute=tuple(self._minutes[minute] for minute in minutes),
            )

    def _count(self) -> None:
        """Count what waits, in order."""
        while self._uncounted:
            view, before = self._uncounted.popleft()
            day = self._day_of(view.at_ms)
            self._list(view)
            self._turn(day)
            if before is not None and self._day_of(before.at_ms) == self._day:
                self._tally(before, -1)
            if day == self._day:
                self._tally(view, 1)
            if before is None:
                self._minutes[view.at_ms // MINUTE_MS] += 1

    def _list(self, view: StaffView) -> None:
        """Show a tap once, as it stands now."""
        self._recent[view.tap_id] = view
        if len(self._recent) > RECENT_MAX:
            del self._recent[next(iter(self._recent))]

    def _tally(self, view: StaffView, sign: int) -> None:
        self._reasons[view.reason.value] += sign
        if view.outcome is not Outcome.GRANTED:
            self._denied[view.point] += sign
        elif view.reason is not Reason.IDENTIFIED:
            passed = self._exited if view.direction == "out" else self._entered
            passed[view.point] += sign * view.people

    def _turn(self, day: int) -> None:
        """Begin a new day when its first decision or question comes; no task has to run at midnight."""
        if day > self._day:
            self._day = day
            for tally in (self._entered, self._exited, self._denied, self._reasons):
                tally.clear()

    def _day_of(self, at_ms: int) -> int:
        layout = self._layout()
        zone = zone_of(layout.timezone if layout is not None else NOWHERE)
        return day_of(zone, layout.day_starts_min if layout is not None else 0, at_ms)
