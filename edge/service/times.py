"""Times: what this device keeps of booked times: whose was changed, how many places are given and taken."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edge.core.passage import IDENTIFYING
from edge.core.places import Point
from edge.core.profiles import Profile
from edge.core.slots import SlotMoved, Timetable, is_gone, limits, next_start, somewhere_free
from edge.store.transaction import Transaction

MOVED = "slot_moved"
"""Where a right's other time is kept until central tells the same, by the right's id."""
GIVEN = "slot_given"
"""How many places of its share this device has given away at kiosks, by the slot's key: never fewer."""
_DECODE_MOVED = msgspec.msgpack.Decoder(tuple[SlotMoved, ...]).decode


def moves_of(tx: Transaction, profile: Profile) -> dict[str, tuple[SlotMoved, ...]]:
    """Return which of a guest's times were changed at this device; asked of rights that have a time alone."""
    timed = [right.id for right in profile.entitlements if right.slot is not None]
    found = {right: tx.get(MOVED, right) for right in timed}
    return {right: _DECODE_MOVED(body) for right, body in found.items() if body is not None}


def given(tx: Transaction, slot: str) -> int:
    """Return how many places of a time were given away at this device's kiosks."""
    return int(tx.get(GIVEN, slot) or b"0")


def places(
    tx: Transaction, profile: Profile | None, timetable: Timetable, *, point: Point, device: str
) -> dict[str, int]:
    """Return how many places this device may still give at each limited time of a guest."""
    if point.kind in IDENTIFYING:
        return {}
    own = limits(profile, timetable, device)
    return {slot: most - tx.taken(slot) for slot, most in own.items()}


def next_times(
    tx: Transaction, profile: Profile | None, timetable: Timetable, *, free: Mapping[str, int], device: str
) -> dict[str, int]:
    """Return when the next time begins of each right whose own may be over or full."""
    if profile is None or not timetable.slots:
        return {}
    people, now_ms, found = profile.party.size if profile.party else 1, tx.now.now_ms, {}
    for right in profile.entitlements:
        own = None if right.slot is None else free.get(right.slot.key)
        if is_gone(right, now_ms, own, people=people):
            start_ms = next_start(
                timetable,
                right,
                now_ms,
                is_open=lambda slot: somewhere_free(slot, device, given(tx, slot.key)),
            )
            if start_ms is not None:
                found[right.id] = start_ms
    return found
