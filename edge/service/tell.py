"""Telling: gates, lights and screens hear of a decision, once it is durable and never before."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import msgspec

from edge.core.calendar import day_bounds
from edge.core.decision import Family, Outcome
from edge.core.entitlements import Use
from edge.core.places import PointKind
from edge.core.profiles import Profile
from edge.service.alarms import publish_alarm
from edge.service.answers import Answer
from edge.service.facts import Asked
from edge.service.rooms import Rooms
from edge.service.show import guest_view, plan_of, staff_view, with_next_times
from edge.views import Alarm, StaffView
from hardware.port import DeviceError, DeviceState, Signal, State

LOG = logging.getLogger("polso.service")
DECISION = "decision"
PLAN = "plan"

SIGNALS: dict[Family, tuple[Signal, float]] = {
    Family.GO: (Signal.ALLOW, 2.5),
    Family.ASK: (Signal.ATTENTION, 20.0),
    Family.WAIT: (Signal.WAIT, 6.0),
    Family.USED: (Signal.DENY, 6.0),
    Family.STOP: (Signal.DENY, 6.0),
    Family.STAFF: (Signal.DENY, 6.0),
    Family.AGAIN: (Signal.AGAIN, 2.0),
}
"""What the lamp beside the reader shows for each family, and for how many seconds."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One settled question: its answer, whether it is new, and what a kiosk's plan needs."""

    answer: Answer
    profile: Profile | None = None
    uses: tuple[Use, ...] = ()
    fresh: bool = True
    before: Answer | None = None
    """The same tap's earlier answer, which counts no more."""
    alarm: Alarm | None = None
    """What this tap raised: the band may be a copy, or was replaced."""
    cause: str = ""
    """Why nothing could be recorded, in words for staff."""
    till: Callable[[], object] | None = None
    """Tells the screens of a till what became of its basket."""
    slot_next: Mapping[str, int] = {}
    """When the next free time begins, of rights whose own is over."""
    kept_s: int = 0
    """For how many seconds that time is kept for whoever holds the band again."""


def view_before(told: Told) -> StaffView | None:
    """Return how the same tap read before, if it did."""
    return None if told.before is None else staff_view(told.before, told.profile)


def tell(rooms: Rooms, asked: Asked, told: Told, *, view: StaffView) -> None:
    """Open, light and publish a fresh decision; a repeated one has been told before."""
    if not told.fresh:
        return
    open_gate(rooms, view)
    light(rooms, view)
    publish(rooms, view)
    if told.till is not None:
        told.till()
    if told.alarm is not None:
        publish_alarm(rooms, told.alarm)
    if asked.point.kind is PointKind.KIOSK:
        day = day_bounds(asked.timezone, asked.layout.day_starts_min, view.at_ms)
        plan = plan_of(view, told.profile, told.uses, layout=asked.layout, day=day)
        rooms.feed.publish(f"kiosk-{view.point}", PLAN, with_next_times(plan, told.slot_next))


def publish(rooms: Rooms, view: StaffView) -> None:
    """Tell the screens: words for the guest, everything for staff."""
    rooms.feed.publish(f"gate-{view.point}", DECISION, guest_view(view))
    publish_to_staff(rooms, view)


def publish_to_staff(rooms: Rooms, view: StaffView) -> None:
    """Tell the staff's screens alone."""
    rooms.feed.publish(f"staff-{view.point}", DECISION, view)
    rooms.feed.publish("ops", DECISION, view)


def open_gate(rooms: Rooms, view: StaffView) -> None:
    """Open for a committed green and for nothing else; a gate that fails is a matter of its health."""
    gate = rooms.gates.get(view.point)
    if gate is None or view.outcome is not Outcome.GRANTED or view.seq < 1:
        return
    try:
        gate.open(view.tap_id, view.seq, view.people)
    except (DeviceError, OSError) as error:
        _lost(rooms, f"gate-{view.point}", error)


def light(rooms: Rooms, view: StaffView) -> None:
    """Show the family on the lamp beside the reader."""
    lamp = rooms.lights.get(view.point)
    if lamp is None:
        return
    signal, hold_s = SIGNALS[view.family]
    try:
        lamp.show(signal, hold_s)
    except (DeviceError, OSError) as error:
        _lost(rooms, f"light-{view.point}", error)


def _lost(rooms: Rooms, device: str, error: Exception) -> None:
    """Put a failed actuator on the health page; the decision stands and is told all the same."""
    LOG.warning("%s does not obey: %s", device, error)
    hint = getattr(error, "hint", "") or str(error)
    at_ns = rooms.clock.monotonic_ms() * 1_000_000
    rooms.health.device(DeviceState(device=device, state=State.LOST, reason=hint, at_ns=at_ns))
