"""The floor: what guest and staff do to turn one tap's answer green."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping

import msgspec

from edge.core.checks.people import ANSWER_CHARS_MAX
from edge.core.decision import Outcome
from edge.core.entry import NEVER_LIFTED
from edge.core.events import Acted, Kind
from edge.errors import NotAllowed, Refused
from edge.service.answers import Answer, Stage
from edge.service.earlier import as_before, ask_again, must_know, refuse_own_band
from edge.service.facts import Asked
from edge.service.pending import release
from edge.service.rooms import Rooms
from edge.service.taking_back import take_back
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
        """Let one refused tap pass: a supervisor, a reason of the closed list, once, never the own band."""
        self._permit(session, Action.OVERRIDE)
        if reason not in frozenset(OverrideReason):
            raise Refused(f"An override's reason is one of {', '.join(OverrideReason)}.")
        asked = ask_again(self._rooms, tap_id)

        def act(tx: Transaction) -> Told:
            kept = must_know(tx, tap_id)
            if kept.overridden:
                return Told(answer=kept, profile=asked.profile, fresh=False)
            refuse_own_band(session, kept, asked)
            _refuse_fixed(kept, tx.now.now_ms)
            release(tx, tap_id)
            again = as_before(asked, kept, overridden=True, approver=session.staff, note=reason)
            return self._taps.judge(tx, again, Kind.OVERRIDDEN)

        return self._settle(asked, act)

    def _permit(self, session: Session, action: Action) -> None:
        permit(session, action, self._rooms.clock.now_ms())

    def _settle(self, asked: Asked, act: Callable[[Transaction], Told]) -> StaffView:
        return self._taps.settle(asked, act, began_ns=time.monotonic_ns())

    def _seal(self, tx: Transaction, tap_id: str, answers: Mapping[str, str]) -> None:
        """Keep what a guest answered, sealed: the journal says only which questions are settled."""
        if answers:
            plain = msgspec.msgpack.encode(answers)
            tx.put(ANSWERS, tap_id, self._rooms.vault.seal(plain, "kept", ANSWERS, row=tap_id.encode()))


def _checked(answers: Mapping[str, str]) -> dict[str, str]:
    """Refuse more or longer answers than any form has."""
    if len(answers) > ANSWERS_MAX or any(len(text) > ANSWER_CHARS_MAX for text in answers.values()):
        raise Refused(f"At most {ANSWERS_MAX} answers of {ANSWER_CHARS_MAX} characters are taken.")
    return dict(answers)


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
