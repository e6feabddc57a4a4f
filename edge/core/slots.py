"""Slots: times that can be booked, a change from one to another, and their places at the gates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

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
    off from each other never give the same place. Who holds a place is let in at the gates, as many as
    ``capacity_max`` says (None: all of them), by the part of it that each gate was lent.
    """

    point: str
    product: str
    start_ms: int
    end_ms: int
    shares: dict[str, int] = {}
    outside: dict[str, int] = {}
    """How many each channel outside may book; central alone counts what is given of them."""
    capacity_max: int | None = None
    gates: dict[str, int] = {}
    """How many each device may let in at this time: the sum never exceeds ``capacity_max``."""

    @property
    def key(self) -> str:
        """What the slot is called in the feed and in each device's own count."""
        return self.time.key

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


class Timetable(msgspec.Struct, frozen=True, dict=True):
    """All times that central has told, as taps ask for them."""

    slots: tuple[Slot, ...] = ()

    @cached_property
    def by_key(self) -> dict[str, Slot]:
        """Each time under its key."""
        return {slot.key: slot for slot in self.slots}

    @cached_property
    def _by_product(self) -> dict[str, tuple[list[int], list[Slot]]]:
        found: dict[str, tuple[list[int], list[Slot]]] = {}
        for slot in sorted(self.slots, key=lambda one: (one.start_ms, one.point)):
            starts, own = found.setdefault(slot.product, ([], []))
            starts.append(slot.start_ms)
            own.append(slot)
        return found

    def after(self, product: str, at_ms: int) -> Iterator[Slot]:
        """Yield a product's times that begin after a moment, soonest first."""
        starts, own = self._by_product.get(product, ([], []))
        yield from own[bisect_right(starts, at_ms) :]


NO_TIMES = Timetable()
LOOKED_AT_MAX = 100
"""Times that are looked at for a free one: the screen of a gate is no place to search a whole season."""


def limits(profile: Profile | None, timetable: Timetable, device: str) -> dict[str, int]:
    """Return how many this device may let in at each limited time of a guest, by the time's key."""
    found = {}
    for right in profile.entitlements if profile is not None else ():
        slot = None if right.slot is None else timetable.by_key.get(right.slot.key)
        if slot is not None and slot.capacity_max is not None:
            found[slot.key] = slot.gates.get(device, 0)
    return found


def is_gone(right: Entitlement, now_ms: int, free: int | None, *, people: int) -> bool:
    """Say whether a right's own time may be over or full, so that the next one is worth knowing."""
    if right.slot is None:
        return False
    return right.slot.end_ms <= now_ms or (free is not None and free < people)


def next_start(
    timetable: Timetable, right: Entitlement, now_ms: int, *, is_open: Callable[[Slot], bool]
) -> int | None:
    """Return when the next time with a place begins that a right could have instead of its own."""
    for number, slot in enumerate(timetable.after(right.product, now_ms)):
        if number == LOOKED_AT_MAX:
            return None
        if _fits(slot, right, now_ms) and is_open(slot):
            return slot.start_ms
    return None


def somewhere_free(slot: Slot, device: str, given: int) -> bool:
    """Say whether this device or, as far as is known here, another one can still give a place."""
    return free(slot, device, given) > 0 or any(
        places > 0 for other, places in slot.shares.items() if other != device
    )


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
    return right if slot == right.slot else msgspec.structs.replace(right, slot=slot)


def moved_times(told: Profile | None, judged: Profile | None) -> dict[str, TimeSlot]:
    """Return the times in a profile as judged that differ from what central told, by the right's id."""
    if told is None or judged is None or told is judged:
        return {}
    before = {right.id: right.slot for right in told.entitlements}
    return {
        right.id: right.slot
        for right in judged.entitlements
        if right.slot is not None and right.id in before and right.slot != before[right.id]
    }


def with_times(profile: Profile | None, moved: Mapping[str, TimeSlot]) -> Profile | None:
    """Return a profile with these times in place of those that central told."""
    if profile is None or not moved:
        return profile
    return msgspec.structs.replace(
        profile,
        entitlements=tuple(
            msgspec.structs.replace(right, slot=moved.get(right.id, right.slot))
            for right in profile.entitlements
        ),
    )


def _fits(slot: Slot, right: Entitlement, now_ms: int) -> bool:
    own = right.slot
    if own is None or slot.product != right.product or slot.start_ms <= now_ms:
        return False
    if own.point not in (None, slot.point) or slot.start_ms == own.start_ms:
        return False
    return right.valid_until_ms is None or slot.start_ms < right.valid_until_ms
