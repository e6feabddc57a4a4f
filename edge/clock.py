"""The clock: the one place that asks what time it is, and how far that may be off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from edge.core.entry import Moment

STEP_MS_MAX = 5_000
"""A wall clock that leaves the monotonic one by more than this was set by somebody: NTP slews less."""
START_UNCERTAINTY_MS = 1_000
"""How far a clock may be off that nobody has checked yet."""
UNCERTAINTY_MS_MAX = 60_000
"""Beyond this the clock is not trusted at all."""
DOUBTED_MS_MAX = 4 * 86_400_000
"""Of a jump up to this nobody knows whether the clock was right before it or is so now.

A longer one may be a clock that has come to life: to doubt that would close every gate that has no network.
"""
BORN_MS = 1_704_067_200_000
"""2024 began then (UTC): a clock that stands before has no battery, and what it showed is no time at all."""
WAKES_MS_MAX = 3_600_000
"""So long after a machine was switched on a clock may come to life; the monotonic one tells it."""
MINUTE_MS = 60_000
DRIFT_PPM = 50
"""A cheap quartz; uncertainty grows by it since central's last answer."""


def wall_ms() -> int:
    """Return the operating system's idea of UTC, in milliseconds."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Return milliseconds that only ever rise."""
    return time.monotonic_ns() // 1_000_000


class Doubt(NamedTuple):
    """How far behind and ahead of the wall clock the true time may lie, whole minutes, in milliseconds."""

    behind_ms: int
    ahead_ms: int


class Clock:
    """UTC anchored to the monotonic clock: a jump of the wall clock never moves it, central's answers do.

    Trusted from the start until contradicted: by a wall clock that jumps, or stands before the last journal
    time, while central has not been heard. ``heard`` restores trust. Any thread may ask.
    """

    def __init__(
        self, *, wall: Callable[[], int] = wall_ms, monotonic: Callable[[], int] = monotonic_ms
    ) -> None:
        """Anchor at the operating system's time; both sources answer in milliseconds."""
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._anchor = (monotonic(), wall())
        offset = self._anchor[1] - self._anchor[0]
        self._shown = (offset, offset) if self._anchor[1] >= BORN_MS else None
        """The lowest and the highest that a living wall clock has stood ahead of the monotonic one."""
        self._jumped = False
        self._uncertainty_ms = START_UNCERTAINTY_MS
        self._trusted = True
        self._heard = False
        self._floor_ms = 0

    def moment(self) -> Moment:
        """Return now, how far it may be off and whether it may be believed."""
        mono = self._monotonic()
        with self._lock:
            self._watch_wall(mono)
            uncertainty, estimate = self._grown(mono), self._estimate(mono)
            # A journal from a clock that ran days ahead holds the time there: nothing to judge a slot by.
            ahead_ms = self._floor_ms - estimate
            held_ahead = ahead_ms > STEP_MS_MAX
            if held_ahead and ahead_ms <= DOUBTED_MS_MAX:
                uncertainty += ahead_ms
            return Moment(
                now_ms=max(estimate, self._floor_ms),
                uncertainty_ms=uncertainty,
                trusted=self._trusted and not held_ahead and uncertainty <= UNCERTAINTY_MS_MAX,
            )

    def now_ms(self) -> int:
        """Return corrected UTC milliseconds, never behind the last journal time."""
        with self._lock:
            return max(self._estimate(self._monotonic()), self._floor_ms)

    def central_ms(self) -> int:
        """Return what central's clock shows: a journal that runs ahead must not lock this device out."""
        with self._lock:
            return self._estimate(self._monotonic())

    def sure(self) -> bool:
        """Say whether central has told the time since the start and nothing contradicts it; for deletions."""
        believed = self.moment().trusted
        with self._lock:
            return believed and self._heard

    def monotonic_ms(self) -> int:
        """Return milliseconds for intervals: leases and time-outs run on these."""
        return self._monotonic()

    def offset_ms(self, now_ms: int) -> int:
        """Return by how much a corrected time just taken is ahead of the operating system's."""
        return now_ms - self._wall()

    def floor(self, journal_ms: int) -> None:
        """Never answer a time before ``journal_ms``; a wall clock that stands there is contradicted."""
        with self._lock:
            self._floor_ms = max(self._floor_ms, journal_ms)
            behind = self._floor_ms - self._estimate(self._monotonic())
            if not self._heard and behind > STEP_MS_MAX:
                self._trusted = False

    def doubt(self) -> Doubt | None:
        """Return what a restart must not forget; None: the wall clock would be believed, and may be.

        It jumped while nobody vouched for it, or stands elsewhere than where central says.
        """
        mono = self._monotonic()
        with self._lock:
            offset = self._wall() - mono
            if self._heard:
                off_ms = offset - (self._estimate(mono) - mono)
                return _minutes(off_ms, -off_ms) if abs(off_ms) > STEP_MS_MAX else None
            if not self._jumped:
                return None
            low, high = self._shown or (offset, offset)
            return _minutes(offset - low, high - offset)

    def resume(self, doubt: Doubt) -> None:
        """Take up what a former run doubted, unless central has told the time since.

        Taken up once more, where the store was opened anew, it is the same doubt. A clock that is dead shows
        nothing that a doubt could be counted from.
        """
        with self._lock:
            if self._heard:
                return
            offset = self._anchor[1] - self._anchor[0]
            if self._shown is not None:
                low, high = self._shown
                self._shown = (min(low, offset - doubt.behind_ms), max(high, offset + doubt.ahead_ms))
            self._uncertainty_ms = max(self._uncertainty_ms, *doubt)
            self._trusted, self._jumped = False, True

    def heard(self, central_ms: int, round_trip_ms: int) -> None:
        """Take central's time from an answer whose request left ``round_trip_ms`` ago."""
        mono = self._monotonic()
        uncertainty = max(1, (round_trip_ms + 1) // 2)
        told = central_ms + round_trip_ms // 2
        with self._lock:
            held = self._grown(mono)
            agrees = abs(told - self._estimate(mono)) <= held
            # A slower answer that agrees says less than what is known already.
            if not (self._heard and self._trusted and agrees and uncertainty > held):
                self._anchor = (mono, told)
                self._uncertainty_ms = uncertainty
            self._heard = True
            self._trusted = True

    def _estimate(self, mono: int) -> int:
        return self._anchor[1] + mono - self._anchor[0]

    def _grown(self, mono: int) -> int:
        return self._uncertainty_ms + (mono - self._anchor[0]) * DRIFT_PPM // 1_000_000

    def _watch_wall(self, mono: int) -> None:
        """Without central, a jump of the wall clock (an NTP step after boot) is nothing to believe."""
        if self._heard:
            return
        wall, before = self._wall(), self._estimate(mono)
        jump_ms = abs(wall - before)
        if jump_ms > STEP_MS_MAX:
            woke = jump_ms > DOUBTED_MS_MAX and mono <= WAKES_MS_MAX
            self._anchor = (mono, wall)
            self._trusted, self._jumped = False, True
            self._doubt(wall, mono, woke=woke)

    def _doubt(self, wall: int, mono: int, *, woke: bool) -> None:
        """Be as unsure as the wall clock's shows lie apart: two jumps of a day may be two days."""
        if wall < BORN_MS:
            return
        offset = wall - mono
        low, high = self._shown if self._shown is not None and not woke else (offset, offset)
        self._shown = (min(low, offset), max(high, offset))
        self._uncertainty_ms = max(self._uncertainty_ms, offset - low, high - offset)


def _minutes(behind_ms: int, ahead_ms: int) -> Doubt:
    """Round up to whole minutes, so that a clock that is slewed is not written down all the time."""
    whole = [-(-max(0, ms) // MINUTE_MS) * MINUTE_MS for ms in (behind_ms, ahead_ms)]
    return Doubt(*whole)
