"""Snapshots: all that a page must know to begin, or to begin again after a gap."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from edge.payviews import BasketView, guest_side
from edge.staff import Action, may
from edge.views import Alarm, ApprovalView, Counters, HealthView, HelpCall, StaffView
from kiosk.ask import Ask
from kiosk.grants import GuestHelp, guests_help, is_guests
from kiosk.house import House

RECENT_MAX = 20
"""Taps in the list of a staff page."""
SHARED_S = 0.25
"""For so long all streams share one answer: fifty screens ask as often as one. Shorter than the pause after
which counters follow a tap, or they would tell of before it."""

GONE = ("lost", "closed")

T = TypeVar("T")


class GuestHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest's screen may know of the device: whether it can serve."""

    writable: bool
    online: bool
    reader: str


class StaffSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a staff or ops page."""

    recent: tuple[StaffView, ...]
    counters: Counters
    help: tuple[HelpCall, ...]
    alarms: tuple[Alarm, ...]
    health: HealthView
    at_ms: int
    basket: BasketView | msgspec.UnsetType = msgspec.UNSET
    """What stands at the till whose page it is."""
    approvals: tuple[ApprovalView, ...] = ()
    """Requests that this person may answer, and those of their own point."""


class GuestSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a guest's screen: no decision at all, an old green would wave the next guest through."""

    help: tuple[GuestHelp, ...]
    health: GuestHealth
    at_ms: int
    basket: BasketView | msgspec.UnsetType = msgspec.UNSET
    """On the guest's side of a till: what stands there, without reasons."""


class Shared(Generic[T]):
    """One answer for all who ask within ``SHARED_S``."""

    def __init__(self, ask: Callable[[], T]) -> None:
        """Remember whom to ask."""
        self._ask = ask
        self._lock = threading.Lock()
        self._kept: tuple[float, T] | None = None

    def get(self) -> T:
        """Return a fresh enough answer."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > SHARED_S:
                self._kept = (time.monotonic(), self._ask())
            return self._kept[1]


class Snapshots:
    """What streams tell beside events: health, counters, open help calls."""

    def __init__(self, house: House) -> None:
        """Ask the rooms of ``house``."""
        self._house = house
        self.health: Shared[HealthView] = Shared(house.health.view)
        self.counters: Shared[Counters] = Shared(house.service.counters)
        self.approvals: Shared[tuple[ApprovalView, ...]] = Shared(house.service.approvals)
        self.help: Shared[tuple[HelpCall, ...]] = Shared(house.service.help_calls)
        self.alarms: Shared[tuple[Alarm, ...]] = Shared(house.service.alarms)

    def whole(self, ask: Ask, topics: tuple[str, ...]) -> StaffSnapshot | GuestSnapshot:
        """Return the snapshot that fits who asks."""
        at_ms = self._house.clock.now_ms()
        if is_guests(ask):
            point = ask.screen.point if ask.screen is not None else ""
            own = tuple(guests_help(call) for call in self.help.get() if call.point == point)
            stands = self.basket(topics, "guest-")
            shown = guest_side(stands) if stands is not None else msgspec.UNSET
            return GuestSnapshot(help=own, health=self.guests(point), at_ms=at_ms, basket=shown)
        session = ask.session
        watches = session is not None and may(session, Action.APPROVE)
        here = session.point if session is not None else ""
        return StaffSnapshot(
            approvals=tuple(one for one in self.approvals.get() if watches or one.point == here),
            recent=self._house.service.recent(point_of(topics), RECENT_MAX),
            counters=self.counters.get(),
            help=self.help.get(),
            alarms=self.alarms.get(),
            health=self.health.get(),
            at_ms=at_ms,
            basket=self.basket(topics, "till-") or msgspec.UNSET,
        )

    def basket(self, topics: tuple[str, ...], prefix: str) -> BasketView | None:
        """Return what stands at the till that was asked for."""
        points = [topic.removeprefix(prefix) for topic in topics if topic.startswith(prefix)]
        return self._house.service.basket(points[0]) if points else None

    def health_for(self, ask: Ask) -> GuestHealth | HealthView:
        """Return as much of the device's health as the asker may know."""
        if is_guests(ask):
            return self.guests(ask.screen.point if ask.screen is not None else "")
        return self.health.get()

    def guests(self, point: str) -> GuestHealth:
        """Cut health down to what a guest's screen shows, with the state of its own reader if any."""
        health = self.health.get()
        readers = [
            device.state for device in health.devices if device.point == point and device.kind == "reader"
        ]
        return GuestHealth(writable=health.writable, online=health.online, reader=best_of(readers))


def best_of(states: Sequence[str]) -> str:
    """Return the state that a guest meets: while one reader of a point serves, the point does."""
    serving = [state for state in states if state not in GONE]
    return (serving or list(states) or [""])[0]


def point_of(topics: tuple[str, ...]) -> str | None:
    """Return the one point whose taps a page lists, or None for those of all points."""
    points = [topic.removeprefix("staff-") for topic in topics if topic.startswith("staff-")]
    return points[0] if len(points) == 1 and "ops" not in topics else None
