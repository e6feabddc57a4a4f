"""Days: a guest changes the time of something booked, within the places that this device may give away."""

from __future__ import annotations

from edge.core.entitlements import Entitlement
from edge.core.slots import Slot, choices, movable
from edge.errors import Refused
from edge.nearviews import SlotChoice, Times
from edge.service.rooms import Rooms
from edge.service.standing import Guest, HoldAgain, stands_in, who_stands
from edge.service.times import given, kept_for_others, move
from edge.store.transaction import Transaction


class Gone(Refused):
    """That time has just gone."""

    hint = "Choose another one."


class Days:
    """Times that can be changed, and the change itself: in force at the next tap, online or not."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms

    def movable(self, guest: Guest) -> tuple[str, ...]:
        """Return which of a guest's rights could have another time."""
        slots, now_ms = self._rooms.profiles.goods.slots(), self._rooms.clock.now_ms()
        return tuple(right.id for right in guest.profile.entitlements if movable(right, slots, now_ms))

    def times(self, tap_id: str, point: str, right: str) -> Times:
        """Return the next times with a free place; none at all is an answer, too."""
        guest = who_stands(self._rooms, tap_id, point)
        found = self._rooms.sequencer.submit(lambda tx: self._choices(tx, _right(guest, right)))
        shown = tuple(SlotChoice(start_ms=one.start_ms, end_ms=one.end_ms) for one in found)
        return Times(tap_id=tap_id, entitlement=right, choices=shown)

    def move(self, tap_id: str, point: str, right: str, *, start_ms: int) -> Times:
        """Take the guest's other time; said twice it is one change. Returns it as the only choice left."""

        def act(tx: Transaction) -> SlotChoice:
            guest = stands_in(tx, self._rooms, tap_id, point=point)
            if guest is None:
                raise HoldAgain
            return self._move(tx, guest, _right(guest, right), start_ms=start_ms, point=point)

        moved = self._rooms.sequencer.submit(act)
        return Times(tap_id=tap_id, entitlement=right, choices=(moved,), done=True)

    def _move(
        self, tx: Transaction, guest: Guest, right: Entitlement, *, start_ms: int, point: str
    ) -> SlotChoice:
        own = right.slot
        if own is not None and own.start_ms == start_ms:
            return SlotChoice(start_ms=own.start_ms, end_ms=own.end_ms)
        if own is None or own.start_ms <= tx.now.now_ms:
            raise Gone("This has begun already.", hint="Ask our staff.")
        wanted = [one for one in self._choices(tx, right) if one.start_ms == start_ms]
        if not wanted:
            raise Gone
        slot = wanted[0]
        if not move(tx, guest.profile, right, slot=slot, point=point):
            raise Gone("This was changed often already.", hint="Ask our staff.")
        return SlotChoice(start_ms=slot.start_ms, end_ms=slot.end_ms)

    def _choices(self, tx: Transaction, right: Entitlement) -> tuple[Slot, ...]:
        slots = self._rooms.profiles.goods.slots()
        kept = kept_for_others(tx, right.id)
        counted = {
            slot.key: given(tx, slot.key, kept=kept) for slot in slots if slot.product == right.product
        }
        return choices(slots, right, tx.now.now_ms, device=self._rooms.device, given=counted)


def _right(guest: Guest, id_: str) -> Entitlement:
    found = [right for right in guest.profile.entitlements if right.id == id_]
    if not found:
        raise HoldAgain
    return found[0]
