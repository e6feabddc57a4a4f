"""Answers: what is kept of every tap, so that the same presentation is answered the same for ever."""

from __future__ import annotations

import enum

import msgspec

from edge.core.bands import Presented
from edge.core.decision import Act, Decision, Reason
from edge.core.events import Decided, Event, decided_in
from edge.core.held import Held
from edge.store.transaction import Transaction

ASKS = frozenset({Act.CHOOSE, Act.ANSWER, Act.CONFIRM})
"""What somebody's word at the gate can still change."""
NOBODY = Held()


class Stage(enum.IntEnum):
    """How far a tap has come."""

    DONE = 0
    ASKING = 1
    """Something was asked; nothing counts yet, and nothing is held."""
    PENDING = 2
    """A use is held until staff confirm it."""
    TAKEN_BACK = 3
    """Undone, annulled, refused or expired: the use counts no more."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tap's answer and what it changed; no name of anybody, because it is kept as long as its record."""

    seq: int
    at_ms: int
    presented: Presented
    decision: Decision
    rights: tuple[str, ...] = ()
    """Rights whose uses the decision changed."""
    before: Held = Held()
    """The band's memory before the decision, without uses."""
    stage: Stage = Stage.DONE
    chosen: str | None = None
    answered: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    overridden: bool = False
    staff: str | None = None


_DECODER = msgspec.msgpack.Decoder(Answer | int)


def kept_answer(tx: Transaction, tap_id: str) -> Answer | None:
    """Return what was answered to this tap, or None where it is new."""
    body = tx.answer(tap_id)
    if body is None:
        return None
    kept = _DECODER.decode(body)
    if isinstance(kept, Answer):
        return kept
    event = tx.record(kept)
    return None if event is None else answer_in(event)


def keep(tx: Transaction, answer: Answer) -> None:
    """Keep an answer under its tap."""
    tx.keep_answer(answer.presented.tap_id, msgspec.msgpack.encode(answer))


def keep_decided(tx: Transaction, tap_id: str, seq: int) -> None:
    """Keep under its tap which record answers it: a decision's own tells everything, and only once."""
    tx.keep_number(tap_id, msgspec.msgpack.encode(seq))


def answer_in(event: Event) -> Answer:
    """Return a journaled decision as the answer that it was."""
    return answer_of(decided_in(event.body, event.band), event.seq)


def answer_of(decided: Decided, seq: int) -> Answer:
    """Return the answer that a record holds: enough to repeat it and to take it back."""
    held = decided.held or NOBODY
    return Answer(
        seq=seq,
        at_ms=decided.now_ms,
        presented=decided.presented,
        decision=decided.decision,
        rights=rights_of(decided.decision),
        before=msgspec.structs.replace(held, uses=()) if held.uses else held,
        stage=stage_of(decided.decision),
        chosen=decided.chosen,
        answered=decided.answered,
        confirmed=decided.confirmed,
        overridden=decided.overridden,
        staff=decided.approver or decided.staff,
    )


def rights_of(decision: Decision) -> tuple[str, ...]:
    """Return the rights whose uses a decision changed: the one that it speaks of, if it spent any."""
    right = decision.entitlement
    return () if right is None or decision.ordinal is None else (right,)


def stage_of(decision: Decision) -> Stage:
    """Return how far a tap has come with its decision."""
    if decision.next.act not in ASKS:
        return Stage.DONE
    holds = decision.reason is Reason.CONFIRM_REQUIRED and decision.ordinal is not None
    return Stage.PENDING if holds else Stage.ASKING
