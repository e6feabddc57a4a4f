"""Four eyes: one person asks for an act, another answers for it, and both stand in the journal."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import msgspec

from edge.core.approvals import (
    APPROVAL_MS_MAX,
    Approval,
    Deed,
    DeedKind,
    Objection,
    Second,
    Stage,
    object_to_giving,
    object_to_spending,
)
from edge.core.elsewhere import Limited
from edge.core.events import Acted, Kind
from edge.errors import NotAllowed, Refused, Unknown
from edge.service.attempts import Objected, written_down
from edge.service.earlier import is_own
from edge.service.remarks import remarked
from edge.service.rooms import Rooms
from edge.service.show import short
from edge.service.tallies import tallied, tally
from edge.staff import Action, Role, Session, permit
from edge.store.transaction import Transaction
from edge.views import ApprovalView

APPROVALS = "approvals"
OPEN_MAX = 100
OPEN_EACH_MAX = 5
"""Requests that one person may have open."""
KEPT_MS = 3_600_000
"""For so long a settled request is still known, so that a replay is told what it is."""
EVENT = "approval"

Grant: TypeAlias = Callable[[Transaction], None]
Doer: TypeAlias = Callable[[Approval, str, Grant], None]
"""Does the act of an approval; it calls the grant inside its own transaction, before anything is written."""

WORDS = {
    Objection.SETTLED: "This request is settled already.",
    Objection.LATE: "This request waited too long.",
    Objection.SELF: "Nobody approves their own request.",
    Objection.OWN_BAND: "Nobody approves what is about their own band.",
    Objection.LIMIT: "You have let as many guests pass as one person may in a shift.",
    Objection.NOT_GIVEN: "Nobody has approved this.",
    Objection.SPENT: "This approval was used already.",
    Objection.OTHER_ACT: "The approval is of another act.",
    Objection.OTHER_PERSON: "Somebody else asked for this approval.",
}
_DECODE = msgspec.msgpack.Decoder(Approval).decode


class FourEyes:
    """Requests of this device that wait for a second person; the store is the truth."""

    def __init__(self, rooms: Rooms, doers: Mapping[DeedKind, Doer]) -> None:
        """Act through these rooms; what is kept is read at the first question."""
        self._rooms = rooms
        self._doers = doers
        self._lock = threading.Lock()
        self._open: dict[str, Approval] | None = None

    def ask(self, session: Session, deed: Deed, *, until_ms: int | None = None) -> ApprovalView:
        """Ask for a second person's word; asking twice for the same act is one request."""
        latest_ms = self._rooms.clock.now_ms() + APPROVAL_MS_MAX
        fresh = secrets.token_hex(16)

        def act(tx: Transaction) -> Approval:
            known = _prune(tx)
            mine = [one for one in known if one.asked_by == session.staff]
            same = next((one for one in mine if one.deed == deed), None)
            if same is not None:
                return same
            if len(mine) >= OPEN_EACH_MAX or len(known) >= OPEN_MAX:
                raise Refused("Too many requests wait already.", hint="Take one back, or have it answered.")
            approval = Approval(
                id=fresh,
                deed=deed,
                asked_by=session.staff,
                asked_ms=tx.now.now_ms,
                until_ms=min(until_ms or latest_ms, latest_ms),
            )
            self._write(tx, approval, Kind.APPROVAL_ASKED)
            return approval

        return self._tell(self._rooms.sequencer.submit(act))

    def approve(self, session: Session, request: str, *, granted: bool) -> ApprovalView:
        """Let the act of a request happen now, or say no; another person than who asked, once, in time."""
        with written_down(self._rooms, session, "approve", target=request):
            permit(session, Action.APPROVE, self._rooms.clock.now_ms())
            if not granted:
                return self._close(session, request, Stage.REFUSED)
            approval = self._rooms.sequencer.submit(lambda tx: _known(tx, request))
            done: list[Approval] = []

            def grant(tx: Transaction) -> None:
                done[:] = [self._give(tx, session, request)]

            doer = self._doers.get(approval.deed.kind)
            if doer is None:
                self._rooms.sequencer.submit(grant)
            else:
                doer(approval, session.staff, grant)
        return self._tell(done[0])

    def withdraw(self, session: Session, request: str) -> ApprovalView:
        """Take an own request back."""
        permit(session, Action.CALL_SECOND, self._rooms.clock.now_ms())
        return self._close(session, request, Stage.WITHDRAWN)

    def spend(self, tx: Transaction, request: str, deed: Deed, *, by: Session) -> Approval:
        """Use a given approval for exactly this act, inside the transaction that does it."""
        approval = _known(tx, request)
        _raise(object_to_spending(approval, deed, by=by.staff, now_ms=tx.now.now_ms))
        spent = msgspec.structs.replace(approval, stage=Stage.SPENT)
        tx.put(APPROVALS, request, msgspec.msgpack.encode(spent))
        return spent

    def waiting(self) -> tuple[ApprovalView, ...]:
        """Return the requests that wait, the oldest first."""
        now_ms = self._rooms.clock.now_ms()
        with self._lock:
            known = list(self._known_open().values())
        found = sorted((one for one in known if now_ms < one.until_ms), key=lambda one: one.asked_ms)
        return tuple(self._view(one) for one in found)

    def lapse(self) -> None:
        """End the requests that nobody answered in time, and say so."""
        now_ms = self._rooms.clock.now_ms()
        with self._lock:
            late = [one.id for one in self._known_open().values() if now_ms >= one.until_ms]
        for request in late:
            self._tell(self._rooms.sequencer.submit(partial(self._lapsed, request=request)))

    def forget(self) -> None:
        """Read anew at the next question: what was kept here has changed."""
        with self._lock:
            self._open = None

    def _give(self, tx: Transaction, session: Session, request: str) -> Approval:
        """Judge the second person inside the transaction that does exactly what was asked."""
        approval = _known(tx, request)
        unbound = Role.OPERATOR in session.roles
        second = Second(
            staff=session.staff,
            owns_band=any(is_own(self._rooms, session, band) for band in _bands(approval.deed)),
            let_pass=tallied(tx, Limited.LET_PASS, session.staff),
            let_pass_max=None if unbound else self._rooms.limits.overrides_shift_max,
        )
        _raise(object_to_giving(approval, second, tx.now.now_ms))
        if approval.deed.kind is DeedKind.OVERRIDE:
            tally(tx, Limited.LET_PASS, session.staff)
        stage = Stage.SPENT if approval.deed.kind in self._doers else Stage.APPROVED
        return self._settle(tx, approval, stage, by=session.staff, kind=Kind.APPROVAL_GIVEN)

    def _close(self, session: Session, request: str, stage: Stage) -> ApprovalView:
        def act(tx: Transaction) -> Approval:
            approval = _known(tx, request)
            if approval.stage is not Stage.OPEN:
                _raise(Objection.SETTLED)
            if stage is Stage.WITHDRAWN and approval.asked_by != session.staff:
                raise NotAllowed("Only who asked takes a request back.", hint="Refuse it instead.")
            kind = Kind.APPROVAL_REFUSED if stage is Stage.REFUSED else Kind.APPROVAL_ENDED
            return self._settle(tx, approval, stage, by=session.staff, kind=kind)

        return self._tell(self._rooms.sequencer.submit(act))

    def _known_open(self) -> dict[str, Approval]:
        """Return the open requests in memory; the caller holds the lock."""
        if self._open is None:
            rows = self._rooms.sequencer.submit(lambda tx: tx.rows(APPROVALS))
            kept = [_DECODE(body) for _, body in rows]
            self._open = {one.id: one for one in kept if one.stage is Stage.OPEN}
        return self._open

    def _tell(self, approval: Approval) -> ApprovalView:
        """Remember what a request has become, and tell who asked and all who may answer."""
        with self._lock:
            known = self._known_open()
            known.pop(approval.id, None)
            if approval.stage is Stage.OPEN:
                known[approval.id] = approval
        view = self._view(approval)
        for topic in (f"staff-{approval.deed.point}", "approvals"):
            self._rooms.feed.publish(topic, EVENT, view)
        return view

    def _settle(self, tx: Transaction, approval: Approval, stage: Stage, *, by: str, kind: Kind) -> Approval:
        settled = msgspec.structs.replace(approval, stage=stage, settled_by=by, settled_ms=tx.now.now_ms)
        self._write(tx, settled, kind)
        return settled

    def _lapsed(self, tx: Transaction, request: str) -> Approval:
        approval = _known(tx, request)
        if approval.stage is not Stage.OPEN:
            return approval
        return self._settle(tx, approval, Stage.LAPSED, by="", kind=Kind.APPROVAL_ENDED)

    def _write(self, tx: Transaction, approval: Approval, kind: Kind) -> None:
        """Keep a request as it is now, and journal who did what to it."""
        deed = approval.deed
        ended = kind is Kind.APPROVAL_ENDED
        body = Acted(
            staff=approval.asked_by,
            approver=approval.settled_by or None,
            point=deed.point,
            tap_id=deed.tap_id or None,
            reason=deed.kind,
            note=approval.stage if ended else deed.reason,
            target=approval.id,
            amount=deed.amount_minor or None,
        )
        bands = [bytes.fromhex(band) for band in _bands(deed)]
        band = bands[0] if bands else None
        if not ended and deed.kind is not DeedKind.OVERRIDE:  # an override's reason is of a closed list
            about = self._rooms.profiles.get(bands[-1]) if bands else None
            body = remarked(self._rooms, body, kind, band=band, about=about)
        tx.append(kind, body, band=band)
        tx.put(APPROVALS, approval.id, msgspec.msgpack.encode(approval))

    def _view(self, approval: Approval) -> ApprovalView:
        names = {member.id: member.name for member in self._rooms.profiles.staff()}
        deed = approval.deed
        about = _bands(deed)[-1:]
        profile = self._rooms.profiles.get(bytes.fromhex(about[0])) if about else None
        return ApprovalView(
            id=approval.id,
            kind=deed.kind,
            point=deed.point,
            reason=deed.reason,
            asked_by=approval.asked_by,
            asker=names.get(approval.asked_by, approval.asked_by),
            at_ms=approval.asked_ms,
            until_ms=approval.until_ms,
            stage=approval.stage,
            name=profile.name if profile is not None else "",
            band_short=short(profile.band.id) if profile is not None else "",
            tap_id=deed.tap_id,
            amount_minor=deed.amount_minor,
            currency=deed.currency,
            settled_by=names.get(approval.settled_by, approval.settled_by),
        )


def _bands(deed: Deed) -> tuple[str, ...]:
    """Return the bands that an act is about, the guest's own last."""
    return tuple(band for band in (deed.band, deed.source) if band)


def _known(tx: Transaction, request: str) -> Approval:
    body = tx.get(APPROVALS, request)
    if body is None:
        raise Unknown("There is no such request.", hint="It was settled long ago; ask anew.")
    return _DECODE(body)


def _raise(objection: Objection | None) -> None:
    if objection is not None:
        raise Objected(objection, WORDS[objection])


def _prune(tx: Transaction) -> list[Approval]:
    """Forget requests of long ago; return those that wait."""
    known = [_DECODE(body) for _, body in tx.rows(APPROVALS)]
    now_ms = tx.now.now_ms
    for one in known:
        if now_ms - one.until_ms > KEPT_MS and one.stage is not Stage.OPEN:
            tx.delete(APPROVALS, one.id)
    return [one for one in known if one.stage is Stage.OPEN and now_ms < one.until_ms]
