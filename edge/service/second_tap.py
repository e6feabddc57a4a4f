"""Second tap: who comes too late is kept the next free time for a minute, and takes it by the band again."""

from __future__ import annotations

from edge.core.bands import Trust
from edge.core.decision import Act, Reason
from edge.core.entitlements import Entitlement
from edge.core.slots import Slot, choices
from edge.service.rooms import Rooms
from edge.service.times import (
    KEPT_MS,
    MOVES_MAX,
    KeptTime,
    given,
    keep,
    kept_for_others,
    kept_times,
    move,
    moves_of,
)
from edge.service.verdict import Verdict
from edge.store.transaction import Transaction

KEPT_S = KEPT_MS // 1_000


class SecondTap:
    """Keeps a place out of this device's own share, so that it holds without a line, too."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms

    def takes(self, tx: Transaction, verdict: Verdict) -> bool:
        """Take the time that was kept for this band at this gate; said is whether there was one."""
        found = self._next(tx, verdict)
        if found is None or verdict.facts.profile is None:
            return False
        right, slot = found
        known = dict(kept_times(tx)).get(right.id)
        if known is None or (known.slot, known.point) != (slot.key, verdict.asked.point.id):
            return False
        return move(tx, verdict.facts.profile, right, slot=slot, point=known.point)

    def keeps(self, tx: Transaction, verdict: Verdict) -> int:
        """Keep the next time for this band; returns for how many seconds, 0: there is none to be kept."""
        found = self._next(tx, verdict)
        if found is None:
            return 0
        right, slot = found
        keep(tx, right.id, KeptTime(slot.key, verdict.asked.point.id, tx.now.now_ms + KEPT_MS))
        return KEPT_S

    def _next(self, tx: Transaction, verdict: Verdict) -> tuple[Entitlement, Slot] | None:
        """Return the right whose next time the verdict names, and that time if a place of it is ours to give.

        Only the right that was refused: another one may have its next time at that moment, too. Whose own
        time runs and is full keeps it: a place may come free. What was changed as often as may be is kept no
        time. A band that proves nothing changes nothing: who copied it would move its guest's day.
        """
        decision, profile = verdict.ruling.decision, verdict.facts.profile
        late = decision.reason is Reason.TOO_LATE and decision.next.act is Act.CHANGE_TIME
        proven = verdict.asked.presented.trust >= Trust.SUN
        if not late or not proven or profile is None or profile.guest is None:
            return None
        at_ms, moves = decision.next.at_ms, moves_of(tx, profile)
        named = [right for right in profile.entitlements if right.id == decision.entitlement]
        slots = self._rooms.profiles.goods.slots()
        for right in named:
            if len(moves.get(right.id, ())) >= MOVES_MAX:
                return None
            own = [one for one in slots if one.product == right.product and one.start_ms == at_ms]
            kept = kept_for_others(tx, right.id)
            taken = {one.key: given(tx, one.key, kept=kept) for one in own}
            device, now_ms = self._rooms.device, tx.now.now_ms
            for slot in choices(own, right, now_ms, device=device, given=taken):
                return right, slot
        return None
