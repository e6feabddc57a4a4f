"""Slots: times that can be booked, and a change from one to another within what this device may give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edge.core.entitlements import Entitlement, Status, TimeSlot
from edge.core.profiles import Profile

SLOT = "slot"
"""Kind of the feed's item; its key is the slot's."""
SHOWN_MAX = 4
"""Times that a guest chooses from: more is a timetable."""


class Slot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One time of one product at one point, and how many places each device may give away by itself.

    A share only ever rises: what a device has given of it is counted there, so that two devices that are cut
    off from each other never give the same place.
    """

    point: str
    product: str
    start_ms: int
    end_ms: int
    shares: dict[str, int] = {}

    @property
    def key(self) -> str:
        """What the slot is called in the feed and in each device's own count."""
        return f"{self.point}/{self.start_ms}"

    @property
    def time(self) -> TimeSlot:
        """The time as a right holds it."""
        return TimeSlot(start_ms=self.start_ms, end_ms=self.end_ms, point=self.point)


class SlotMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Body of SLOT_MOVED, and what a device keeps until central says the same: a right's old and new time."""

    guest: str
    entitlement: str
    was: TimeSlot
    now: TimeSlot
    point: str
    """Where the guest said so."""


def free(slot: Slot, device: str, given: int) -> int:
    """Return how many places a device may still give, of which it has given so many."""
    return max(0, slot.shares.get(device, 0) - given)


def movable(right: Entitlement, slots: Iterable[Slot], now_ms: int) -> bool:
    """Say whether a right's time can be changed at all: it has not begun, and there are others."""
    if right.slot is None or right.status is not Status.VALID or right.slot.start_ms <= now_ms:
        return False
    return any(_fits(slot, right, now_ms) for slot in slots)


def choices(
    slots: Iterable[Slot], right: Entitlement, now_ms: int, *, device: str, given: Mapping[str, int]
) -> tuple[Slot, ...]:
    """Return the next times with a place that this device may give, soonest first."""
    found = [
        slot for slot in slots if _fits(slot, right, now_ms) and free(slot, device, given.get(slot.key, 0))
    ]
    return tuple(sorted(found, key=lambda slot: slot.start_ms)[:SHOWN_MAX])


def with_moves(profile: Profile, moves: Mapping[str, Sequence[SlotMoved]]) -> Profile:
    """Return a profile with the times that its guest chose here; another one that central tells holds."""
    if not moves:
        return profile
    return msgspec.structs.replace(
        profile, entitlements=tuple(_moved(right, moves.get(right.id, ())) for right in profile.entitlements)
    )


def _moved(right: Entitlement, moves: Sequence[SlotMoved]) -> Entitlement:
    """Follow a right's changes from wherever central has come on their way."""
    slot = right.slot
    for move in moves:
        slot = move.now if slot == move.was else slot
    return right if slot == right.slot else msgspec.structs.replace(right, slot=slot, slot_next_ms=None)


def _fits(slot: Slot, right: Entitlement, now_ms: int) -> bool:
    own = right.slot
    if own is None or slot.product != right.product or slot.start_ms <= now_ms:
        return False
    if own.point not in (None, slot.point) or slot.start_ms == own.start_ms:
        return False
    return right.valid_until_ms is None or slot.start_ms < right.valid_until_ms
