"""Taking back: a passage undone by staff, annulled by the gate, refused or never confirmed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from edge.core.aftermath import annul, refuse, undo
from edge.core.calendar import day_of
from edge.core.decision import Outcome
from edge.core.elsewhere import Limited
from edge.core.events import Acted, Decided, Kind
from edge.core.held import Change, Held, Location
from edge.core.profiles import Profile
from edge.errors import NotAllowed, Refused
from edge.service.answers import Answer, Stage, keep
from edge.service.counts import Counts
from edge.service.earlier import REASON_CHARS_MAX, as_before, ask_again, must_know, refuse_own_band, stated
from edge.service.facts import Asked, own_profile
from edge.service.pending import overdue, release
from edge.service.remarks import remarked
from edge.service.rooms import Rooms
from edge.service.show import staff_view
from edge.service.tallies import tally_within
from edge.service.tell import Told, publish, publish_to_staff, view_before
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction
from edge.views import StaffView

HOLD_OVER = "hold_over"


class TakingBack:
    """Undo, annul and expire: use, location and counts are as before, the journal keeps both facts."""

    def __init__(self, rooms: Rooms, counts: Counts) -> None:
        """Act through these rooms and correct what was counted."""
        self._rooms = rooms
        self._counts = counts

    def undo(self, session: Session, tap_id: str, *, reason: str) -> StaffView:
        """Take a passage back: at the same point for some minutes, a supervisor anywhere all day."""
        permit(session, Action.UNDO_HERE, self._rooms.clock.now_ms())
        note = stated(reason)
        asked = ask_again(self._rooms, tap_id)

        def act(tx: Transaction) -> Told:
            kept = must_know(tx, tap_id)
            if kept.stage is Stage.TAKEN_BACK:
                return Told(answer=kept, profile=asked.profile, fresh=False)
            refuse_own_band(session, kept, asked)
            self._permit_undo(session, asked, kept, now_ms=tx.now.now_ms)
            tally_within(tx, Limited.UNDO, session.staff, limit=self._rooms.limits.undos_shift_max)
            plain = Acted(staff=session.staff, note=note)
            acted = remarked(self._rooms, plain, Kind.UNDONE, band=kept.presented.band, about=asked.profile)
            return take_back(tx, as_before(asked, kept), acted, kind=Kind.UNDONE)

        return self._settle(act, guest=False)

    def annul(self, tap_id: str, *, cause: str, guest: bool = True) -> StaffView:
        """Take a passage back that did not happen: the gate did not turn, the door did not open.

        The guest's side shows it unless nobody stands there any more (``guest`` False).
        """
        asked = ask_again(self._rooms, tap_id)

        def act(tx: Transaction) -> Told:
            kept = must_know(tx, tap_id)
            if kept.stage is Stage.TAKEN_BACK or kept.decision.outcome is not Outcome.GRANTED:
                return Told(answer=kept, profile=asked.profile, fresh=False)
            acted = Acted(reason=cause[:REASON_CHARS_MAX])
            return take_back(tx, as_before(asked, kept), acted, kind=Kind.ANNULLED)

        return self._settle(act, guest=guest)

    def expire(self) -> int | None:
        """Give back every held use that nobody confirmed in time; return when the next one is due."""
        over, next_ms = self._rooms.sequencer.submit(overdue)
        for tap_id in over:
            self._expire_one(tap_id)
        return next_ms

    def _expire_one(self, tap_id: str) -> None:
        asked = ask_again(self._rooms, tap_id)

        def act(tx: Transaction) -> Told:
            kept = must_know(tx, tap_id)
            release(tx, tap_id)
            if kept.stage is not Stage.PENDING:
                return Told(answer=kept, profile=asked.profile, fresh=False)
            return take_back(tx, as_before(asked, kept), Acted(reason=HOLD_OVER), kind=Kind.ANNULLED)

        self._settle(act, guest=True)

    def _permit_undo(self, session: Session, asked: Asked, kept: Answer, *, now_ms: int) -> None:
        if kept.decision.outcome is not Outcome.GRANTED and kept.stage is not Stage.PENDING:
            raise Refused("This tap let nobody pass; there is nothing to take back.")
        age_ms = now_ms - kept.at_ms
        if session.point == kept.decision.point and age_ms <= self._rooms.limits.undo_min_max * 60_000:
            return
        permit(session, Action.UNDO_ANY, now_ms)
        starts = asked.layout.day_starts_min
        if day_of(asked.timezone, starts, kept.at_ms) != day_of(asked.timezone, starts, now_ms):
            raise NotAllowed("A passage of another day stays as it is.", hint="Correct the count instead.")

    def _settle(self, act: Callable[[Transaction], Told], *, guest: bool) -> StaffView:
        """Commit, then tell: the guest's side only where the guest has to tap again."""
        told = self._rooms.sequencer.submit(act)
        view = staff_view(told.answer, told.profile)
        if told.fresh:
            self._counts.add(view, before=view_before(told))
            (publish if guest else publish_to_staff)(self._rooms, view)
        return view


def take_back(tx: Transaction, asked: Asked, acted: Acted, *, kind: Kind) -> Told:
    """Write the reversal of ``asked.earlier`` as a fact of its own."""
    kept = asked.earlier
    if kept is None:
        raise Refused("There is nothing to take back.")
    tap_id, band = kept.presented.tap_id, kept.presented.band
    body = msgspec.structs.replace(acted, tap_id=tap_id, point=kept.decision.point, target=str(kept.seq))
    seq = tx.append(kind, body, band=band)
    release(tx, tap_id)
    profile = own_profile(tx, kept.presented, asked.profile)
    if band is not None:
        held = tx.held(band, kept.rights)
        change = _reversal(asked, kept, held, kind=kind)
        _apply(tx, band, change, seq=seq, profile=profile)
    taken = msgspec.structs.replace(kept, seq=seq, stage=Stage.TAKEN_BACK, staff=acted.staff)
    keep(tx, taken)
    return Told(answer=taken, profile=profile, before=kept)


def _reversal(asked: Asked, kept: Answer, held: Held, *, kind: Kind) -> Change:
    """Let the rulebook say what takes this answer back, given what is remembered now."""
    decided = Decided(decision=kept.decision, presented=kept.presented, now_ms=kept.at_ms, held=kept.before)
    if kind is Kind.UNDONE:
        return undo(decided, held, asked.layout, timezone=asked.timezone)
    if kept.stage is Stage.PENDING:
        return refuse(decided, held)
    return annul(decided, held, asked.layout, timezone=asked.timezone)


def _apply(tx: Transaction, band: bytes, change: Change, *, seq: int, profile: Profile | None) -> None:
    """Write a reversal; who was nowhere before is nowhere for the rest of the party too."""
    party = profile.party if profile is not None else None
    if party is not None and change.held is not None and change.held.location is None:
        nowhere = Location(zone=None, since_ms=0, point="", device="")
        tx.apply(band, Change(held=msgspec.structs.replace(change.held, location=nowhere)), seq, party=party)
    tx.apply(band, change, seq, party=party)
