"""Times: what this device keeps of booked times: whose was changed, how many places are given and taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

import msgspec

from edge.core.entitlements import Entitlement
from edge.core.events import Kind, Lane
from edge.core.passage import IDENTIFYING
from edge.core.places import Point
from edge.core.profiles import Profile
from edge.core.slots import Slot, SlotMoved, Timetable, is_gone, limits, next_start, somewhere_free
from edge.store.transaction import Transaction

MOVED = "slot_moved"
"""Where a right's other time is kept until central tells the same, by the right's id."""
GIVEN = "slot_given"
"""How many places of its share this device has given away at kiosks, by the slot's key: never fewer."""
KEPT = "slot_kept"
"""Which time is kept for a while for who came too late, by the right's id."""
KEPT_MS = 60_000
"""So long it is kept: whoever holds the band again within it takes the time."""
MOVES_MAX = 8
"""Changes of one right at one device."""
_DECODE_MOVED = msgspec.msgpack.Decoder(tuple[SlotMoved, ...]).decode


def moves_of(tx: Transaction, profile: Profile) -> dict[str, tuple[SlotMoved, ...]]:
    """Return which of a guest's times were changed at this device; asked of rights that have a time alone."""
    timed = [right.id for right in profile.entitlements if right.slot is not None]
    found = {right: tx.get(MOVED, right) for right in timed}
    return {right: _DECODE_MOVED(body) for right, body in found.items() if body is not None}


class KeptTime(msgspec.Struct, frozen=True, array_like=True):
    """A time with a place that nobody else is given until then."""

    slot: str
    point: str
    """The gate at which it was offered, and is taken."""
    until_ms: int


_DECODE_KEPT = msgspec.msgpack.Decoder(KeptTime).decode


def given(tx: Transaction, slot: str, *, kept: Counter[str]) -> int:
    """Return how many places of a time were given away here, or are kept for others."""
    return int(tx.get(GIVEN, slot) or b"0") + kept[slot]


def kept_for_others(tx: Transaction, right: str) -> Counter[str]:
    """Return how many places of each time are kept now for other rights than this one."""
    return Counter(one.slot for other, one in kept_times(tx) if other != right)


def kept_times(tx: Transaction) -> list[tuple[str, KeptTime]]:
    """Return which times are kept now, each with its right."""
    told = [(right, _DECODE_KEPT(body)) for right, body in tx.rows(KEPT)]
    return [(right, one) for right, one in told if one.until_ms > tx.now.now_ms]


def kept_until_ms(body: bytes) -> int:
    """Return until when a time is kept, out of what is written down of it."""
    return _DECODE_KEPT(body).until_ms


def keep(tx: Transaction, right: str, kept: KeptTime) -> None:
    """Keep a time for a right; what was kept and is over goes."""
    living = {one for one, _ in kept_times(tx)}
    for old, _ in tx.rows(KEPT):
        if old not in living:
            tx.delete(KEPT, old)
    tx.put(KEPT, right, msgspec.msgpack.encode(kept))


def move(tx: Transaction, profile: Profile, right: Entitlement, *, slot: Slot, point: str) -> bool:
    """Give a right another time, or say that it was changed often already."""
    earlier = moves_of(tx, profile).get(right.id, ())
    if right.slot is None or len(earlier) >= MOVES_MAX:
        return False
    before = int(tx.get(GIVEN, slot.key) or b"0")
    told = SlotMoved(
        guest=profile.guest or "", entitlement=right.id, was=right.slot, now=slot.time, point=point
    )
    # The priority lane: whoever books at central must not be given a place that is given here.
    tx.append(Kind.SLOT_MOVED, told, band=profile.band.id, lane=Lane.PRIORITY)
    tx.put(MOVED, right.id, msgspec.msgpack.encode((*earlier, told)))
    tx.put(GIVEN, slot.key, str(before + 1).encode())
    tx.delete(KEPT, right.id)
    return True


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
                is_open=partial(_is_open, tx, device=device, kept=kept_for_others(tx, right.id)),
            )
            if start_ms is not None:
                found[right.id] = start_ms
    return found


def _is_open(tx: Transaction, slot: Slot, *, device: str, kept: Counter[str]) -> bool:
    return somewhere_free(slot, device, given(tx, slot.key, kept=kept))
