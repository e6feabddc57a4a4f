"""The floor: what guest and staff do to turn one tap's answer green."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping

import msgspec

from edge.core.approvals import Approval, Deed, DeedKind, takes_two
from edge.core.checks.people import ANSWER_CHARS_MAX
from edge.core.decision import Outcome
from edge.core.elsewhere import Limited
from edge.core.entry import NEVER_LIFTED
from edge.core.events import Acted, Kind
from edge.errors import NotAllowed, Refused, StoreError
from edge.service.answers import Answer, Stage
from edge.service.earlier import as_before, ask_again, must_know, refuse_own_band
from edge.service.facts import Asked
from edge.service.pending import release
from edge.service.rooms import Rooms
from edge.service.taking_back import take_back
from edge.service.tallies import SecondNeeded, tallied, tally
from edge.service.taps import Taps
from edge.service.tell import Told
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction
from edge.views import StaffView

OVERRIDE_S_MAX = 300
"""A supervisor lets the tap that is being talked about pass, not one of this morning."""
ANSWERS_MAX = 20
ANSWERS = "answers"
CONFIRMABLE = frozenset({"passage", "height", "age", "trust"})
"""What staff can confirm at a tap."""


class OverrideReason(enum.StrEnum):
    """Why a supervisor lets somebody pass: the closed list."""

    TICKET_SEEN = "ticket_seen"
    READER_FAULT = "reader_fault"
    WRONG_DENIAL = "wrong_denial"
    EMERGENCY = "emergency"
    ACCESSIBILITY = "accessibility"
    LOST_CHILD = "lost_child"
    GOODWILL = "goodwill"
    STAFF_ERRAND = "staff_errand"


class Floor:
    """Answers, confirmations and overrides, each bound to one tap id."""

    def __init__(self, rooms: Rooms, taps: Taps) -> None:
        """Act through these rooms; decisions are made where taps are decided."""
        self._rooms = rooms
        self._taps = taps

    def again(self, tap_id: str, *, chosen: str | None, answers: Mapping[str, str] | None) -> StaffView:
        """Judge a tap anew with what the guest chose or answered; one that asks nothing keeps its answer."""
        said = _checked(answers or {})
        asked = ask_again(self._rooms, tap_id)

        def act(tx: Transaction) -> Told:
            kept = must_know(tx, tap_id)
            late = tx.now.now_ms - kept.at_ms > self._rooms.limits.hold_s_max * 1_000
            if kept.stage is not Stage.ASKING or late:
                return Told(answer=kept, profile=asked.profile, fresh=False)
            self._seal(tx, tap_id, said)
            again = as_before(asked, kept, chosen=chosen or kept.chosen, answers=said)
            return self._taps.judge(tx, again)

        return self._settle(asked, act)

    def confirm(self, session: Session, tap_id: str, what: str, *, granted: bool) -> StaffView:
        """Post a held passage or let staff's measuring count; a refusal gives the held use back."""
        self._permit(session, Action.CONFIRM)
        if what not in CONFIRMABLE:
            raise Refused(f"Staff confirm {', '.join(sorted(CONFIRMABLE))}, not {what!r}.")
        asked = ask_again(self._rooms, tap_id)

        def act(tx: Transaction) -> Told:
            kept = must_know(tx, tap_id)
            if kept.stage not in (Stage.PENDING, Stage.ASKING):
                return Told(answer=kept, profile=asked.profile, fresh=False)
            refuse_own_band(session, kept, asked)
            if not granted:
                refused = Acted(staff=session.staff, reason=f"refused_{what}")
                return take_back(tx, as_before(asked, kept), refused, kind=Kind.ANNULLED)
            release(tx, tap_id)
            confirmed = tuple(sorted({*kept.confirmed, what}))
            again = as_before(asked, kept, confirmed=confirmed, staff=session.staff)
            return self._taps.judge(tx, again, Kind.CONFIRMED)

        return self._settle(asked, act)

    def override(self, session: Session, tap_id: str, *, reason: str) -> StaffView:
        """Let one refused tap pass: a supervisor, a reason of the closed list, once, never the own band.

        One person alone does it only so often in a shift; then ``SecondNeeded`` is raised.
        """
        self._permit(session, Action.OVERRIDE)
        _refuse_other(reason)
        asked = ask_again(self._rooms, tap_id)

        def act(tx: Transaction) -> Told:
            kept = must_know(tx, tap_id)
            if kept.overridden:
                return Told(answer=kept, profile=asked.profile, fresh=False)
            refuse_own_band(session, kept, asked)
            _refuse_fixed(kept, tx.now.now_ms)
            let_pass, most = (
                tallied(tx, Limited.LET_PASS, session.staff),
                self._rooms.limits.overrides_shift_max,
            )
            if takes_two(_deed(kept, reason), let_pass=let_pass, let_pass_max=most):
                raise SecondNeeded
            tally(tx, Limited.LET_PASS, session.staff)
            return self._lift(tx, asked, kept, approver=session.staff, note=reason)

        return self._settle(asked, act)

    def deed(self, session: Session, tap_id: str, reason: str) -> tuple[Deed, int]:
        """Return the override that a person asks for, and until when it can be given at all."""
        self._permit(session, Action.ASK_OVERRIDE)
        _refuse_other(reason)
        asked = ask_again(self._rooms, tap_id)

        def act(tx: Transaction) -> Answer:
            kept = must_know(tx, tap_id)
            refuse_own_band(session, kept, asked)
            _refuse_fixed(kept, tx.now.now_ms)
            return kept

        kept = self._rooms.sequencer.submit(act)
        return _deed(kept, reason), kept.at_ms + OVERRIDE_S_MAX * 1_000

    def lift(self, approval: Approval, approver: str, grant: Callable[[Transaction], None]) -> None:
        """Let the tap of an approval pass; the second person's word is spent in the same transaction."""
        deed = approval.deed
        asked = ask_again(self._rooms, deed.tap_id)

        def act(tx: Transaction) -> Told:
            kept = must_know(tx, deed.tap_id)
            grant(tx)
            _refuse_fixed(kept, tx.now.now_ms)
            return self._lift(tx, asked, kept, staff=approval.asked_by, approver=approver, note=deed.reason)

        if not self._settle(asked, act).seq:
            raise StoreError("The approval could not be recorded; nobody passed by it.")

    def _lift(self, tx: Transaction, asked: Asked, kept: Answer, **by: str) -> Told:
        release(tx, kept.presented.tap_id)
        return self._taps.judge(tx, as_before(asked, kept, overridden=True, **by), Kind.OVERRIDDEN)

    def _permit(self, session: Session, action: Action) -> None:
        permit(session, action, self._rooms.clock.now_ms())

    def _settle(self, asked: Asked, act: Callable[[Transaction], Told]) -> StaffView:
        return self._taps.settle(asked, act, began_ns=time.monotonic_ns())

    def _seal(self, tx: Transaction, tap_id: str, answers: Mapping[str, str]) -> None:
        """Keep what a guest answered, sealed: the journal says only which questions are settled."""
        if answers:
            tx.put(ANSWERS, tap_id, msgspec.msgpack.encode(answers))


def _checked(answers: Mapping[str, str]) -> dict[str, str]:
    """Refuse more or longer answers than any form has."""
    if len(answers) > ANSWERS_MAX or any(len(text) > ANSWER_CHARS_MAX for text in answers.values()):
        raise Refused(f"At most {ANSWERS_MAX} answers of {ANSWER_CHARS_MAX} characters are taken.")
    return dict(answers)


def _refuse_other(reason: str) -> None:
    if reason not in frozenset(OverrideReason):
        raise Refused(f"An override's reason is one of {', '.join(OverrideReason)}.")


def _deed(kept: Answer, reason: str) -> Deed:
    band = kept.presented.band
    return Deed(
        kind=DeedKind.OVERRIDE,
        point=kept.decision.point,
        reason=reason,
        tap_id=kept.presented.tap_id,
        band=band.hex() if band is not None else "",
    )


def _refuse_fixed(kept: Answer, now_ms: int) -> None:
    """Refuse to lift what nobody may lift, a tap of long ago, and a green that needs no lifting."""
    if kept.decision.outcome is Outcome.GRANTED or kept.stage is Stage.TAKEN_BACK:
        raise Refused("This tap needs no override.", hint="Let the guest touch the reader again.")
    if now_ms - kept.at_ms > OVERRIDE_S_MAX * 1_000:
        raise NotAllowed("This tap is too old.", hint="Let the guest touch the reader again.")
    failed = {kept.decision.reason, *(failure.reason for failure in kept.decision.failures)}
    if failed & NEVER_LIFTED:
        raise NotAllowed(
            "No override lifts authenticity or safety.", hint="Help the guest at the service desk."
        )
