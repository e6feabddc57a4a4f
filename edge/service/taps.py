"""Taps: from a band at a reader to a durable answer, in four beats: load, decide, commit, tell."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from edge.core.bands import Presented
from edge.core.decision import Act, Decision, Reason, WhatNext, outcome_of
from edge.core.entitlements import Use
from edge.core.events import BODY_BYTES_MAX, Decided, Kind, body_of
from edge.core.places import Layout, PointKind, unplaced
from edge.core.replay import record
from edge.errors import PolsoError, StoreError
from edge.service.agreeing import Agreement
from edge.service.alarms import note_alarm
from edge.service.answers import Answer, Stage, answer_of, keep, keep_decided, kept_answer
from edge.service.counts import Counts
from edge.service.facts import NOWHERE, Asked, ask, note_seen, presented_of, rights_of
from edge.service.pending import hold
from edge.service.rooms import Rooms
from edge.service.second_tap import SecondTap
from edge.service.show import staff_view
from edge.service.tell import Told, tell, view_before
from edge.service.verdict import Verdict
from edge.store.transaction import Transaction
from edge.views import StaffView
from hardware.port import Tap

LOG = logging.getLogger("polso.service")

USES_SMALL_MAX = 40
"""So many uses fit into any body; only beyond are its octets counted."""


class Taken(NamedTuple):
    """What became of a band at a till: the decision that the guest is shown, and how the till hears of it."""

    decision: Decision
    till: Callable[[], object]


class Payments(Protocol):
    """What becomes of a band at a till, where a basket waits for one."""

    def prepare(self, asked: Asked) -> None:
        """Look whether more money has to come here first; on the caller's thread, within a budget."""

    def take(self, tx: Transaction, verdict: Verdict) -> Taken | None:
        """Let the band pay what stands at its point; None: nothing does, it only identifies."""

    def unrecorded(self, point: str, reason: Reason, cause: str) -> None:
        """Tell a till that waits that nothing could be recorded."""

    def seen(self, asked: Asked, view: StaffView) -> None:
        """Take who is here, and who has left."""


class Taps:
    """What happens to a presented band."""

    def __init__(self, rooms: Rooms, counts: Counts, payments: Payments) -> None:
        """Act through these rooms and count what comes of it; at a till the band is for ``payments``."""
        self._rooms = rooms
        self._counts = counts
        self._payments = payments
        self._agreement = Agreement(rooms)
        self._second = SecondTap(rooms)

    def present(self, tap: Tap, point: str = "") -> StaffView:
        """Decide one tap and return what staff see, once durable; neither band nor disk makes this raise.

        ``point`` is where a reader stands that is not in the configuration: a remote one.
        """
        began_ns = time.monotonic_ns()
        presented = presented_of(tap, self._rooms)
        point = point or self._rooms.readers.get(tap.reader, tap.reader)
        try:
            asked = ask(self._rooms, presented, point)
        except StoreError as error:
            asked = _unread(presented, point)
            return self._tell(asked, self._unrecorded(asked, Reason.STORE_UNAVAILABLE, str(error)), began_ns)
        if asked.point.kind is PointKind.TILL:
            self._payments.prepare(asked)
        return self.settle(asked, lambda tx: self._first(tx, asked), began_ns=began_ns, may_refuse=False)

    def settle(
        self, asked: Asked, act: Callable[[Transaction], Told], *, began_ns: int, may_refuse: bool = True
    ) -> StaffView:
        """Commit an answer, then tell it; what cannot be recorded is referred to staff, never green.

        A person's act may be refused with an error that says why (``may_refuse``); a band's tap never is.
        """
        try:
            told = self._agreement.submit(act)
        except StoreError as error:
            told = self._unrecorded(asked, Reason.STORE_UNAVAILABLE, str(error))
        except Exception as error:
            if may_refuse and isinstance(error, PolsoError):
                raise
            # One request's fault must neither stop the gate nor pass for a verdict: nothing of it was
            # recorded, staff are called, and the trace is in the log.
            LOG.exception("a decision at %s failed", asked.point.id)
            told = self._unrecorded(asked, Reason.INTERNAL_ERROR, "")
        return self._tell(asked, told, began_ns)

    def judge(self, tx: Transaction, asked: Asked, kind: Kind = Kind.DECIDED) -> Told:
        """Decide inside the transaction; write the decision, what it changes and what it answers."""
        return self._write(tx, self._agreement.judge(tx, asked), kind)

    def _write(
        self, tx: Transaction, verdict: Verdict, kind: Kind = Kind.DECIDED, *, taken: Taken | None = None
    ) -> Told:
        """Journal a verdict, with what it changes; what a till took is the answer, beside its own record."""
        asked, facts, ruling = verdict
        recorded = record(facts, ruling, cursor=self._rooms.profiles.cursor().seq)
        by = signed(recorded, asked)
        seq = tx.append(kind, within_bounds(body_of(by)), band=asked.presented.band)
        party = facts.profile.party if facts.profile is not None else None
        tx.apply(asked.presented.band, ruling.change, seq, party=party)
        note_seen(tx, asked)
        answer = _kept(tx, answer_of(by, seq), taken)
        if answer.stage is Stage.PENDING:
            hold(tx, answer, self._rooms.limits.hold_s_max)
        uses = uses_after(facts.held.uses, ruling.change.uses)
        # Judged again with somebody's word, it is the same attempt and no second one.
        alarm = note_alarm(tx, ruling.decision, answer.presented.tap_id) if kind is Kind.DECIDED else None
        return Told(
            answer=answer,
            profile=facts.profile,
            uses=uses,
            before=asked.earlier,
            alarm=alarm,
            till=None if taken is None else taken.till,
            slot_next=facts.slot_next,
        )

    def _first(self, tx: Transaction, asked: Asked) -> Told:
        """Answer a tap that is new; repeat the stored answer of one that is not."""
        presented = asked.presented
        if presented.band is not None:
            tx.look_ahead(presented.tap_id, presented.band, rights_of(asked.profile))
        kept = kept_answer(tx, asked.presented.tap_id)
        if kept is not None:
            return Told(answer=kept, profile=asked.profile, fresh=False)
        verdict = self._agreement.judge(tx, asked)
        if self._second.takes(tx, verdict):
            verdict = self._agreement.judge(tx, asked)
        taken = self._payments.take(tx, verdict) if asked.point.kind is PointKind.TILL else None
        told = self._write(tx, verdict, taken=taken)
        return msgspec.structs.replace(told, kept_s=self._second.keeps(tx, verdict))

    def _tell(self, asked: Asked, told: Told, began_ns: int) -> StaffView:
        took_ms = (time.monotonic_ns() - began_ns) / 1e6
        view = staff_view(told.answer, told.profile, took_ms=took_ms, cause=told.cause)
        view = msgspec.structs.replace(view, kept_s=told.kept_s) if told.kept_s else view
        tell(self._rooms, asked, told, view=view)
        self._payments.seen(asked, view)
        if not view.seq:
            self._payments.unrecorded(view.point, view.reason, told.cause)
        if told.fresh:
            self._counts.add(view, before=view_before(told))
            self._rooms.health.tapped(view)
        return view

    def _unrecorded(self, asked: Asked, reason: Reason, cause: str) -> Told:
        """Return the answer of a tap that left no trace: staff decide, the guest may try again."""
        act = Act.TAP_AGAIN if reason is Reason.INTERNAL_ERROR else Act.SEE_STAFF
        decision = Decision(
            outcome=outcome_of(reason),
            reason=reason,
            next=WhatNext(act=act),
            point=asked.point.id,
            direction=asked.point.direction.value,
            band=asked.presented.band,
        )
        now_ms = self._rooms.clock.now_ms()
        answer = Answer(seq=0, at_ms=now_ms, presented=asked.presented, decision=decision)
        return Told(answer=answer, profile=asked.profile, cause=cause)


def _kept(tx: Transaction, answer: Answer, taken: Taken | None) -> Answer:
    """Keep an answer under its tap: its record tells it, unless a till has something of its own to say."""
    if taken is None or taken.decision == answer.decision:
        keep_decided(tx, answer.presented.tap_id, answer.seq)
        return answer
    said = msgspec.structs.replace(answer, decision=taken.decision)
    keep(tx, said)
    return said


def signed(decided: Decided, asked: Asked) -> Decided:
    """Return a decision with the people who stand for it, if anybody does."""
    if asked.staff is None and asked.approver is None and not asked.note:
        return decided
    return msgspec.structs.replace(decided, staff=asked.staff, approver=asked.approver, note=asked.note)


def within_bounds(decided: Decided) -> Decided:
    """Return a body that fits the journal: of very many uses it carries the newest ones."""
    held = decided.held
    if held is None or len(held.uses) <= USES_SMALL_MAX:
        return decided
    over = len(msgspec.msgpack.encode(decided)) - BODY_BYTES_MAX
    if over <= 0:
        return decided
    cut = 0
    while over > 0 and cut < len(held.uses):
        over -= len(msgspec.msgpack.encode(held.uses[cut]))
        cut += 1
    # One use more than the sum says: the counter and the list's own head take a few octets.
    cut = min(cut + 1, len(held.uses))
    kept = msgspec.structs.replace(held, uses=held.uses[cut:])
    return msgspec.structs.replace(decided, held=kept, uses_cut=cut)


def uses_after(before: tuple[Use, ...], changed: tuple[Use, ...]) -> tuple[Use, ...]:
    """Return the uses as they stand after a decision."""
    if not before:
        return changed
    now = {(use.entitlement, use.ordinal, use.device): use for use in (*before, *changed)}
    return tuple(now.values())


def _unread(presented: Presented, point_id: str) -> Asked:
    """Return a question whose profiles could not be read."""
    return Asked(
        presented=presented, point=unplaced(point_id), layout=Layout(site="", version=0, timezone=NOWHERE)
    )
