"""Answers: what is kept of every tap, so that the same presentation is answered the same for ever."""

from __future__ import annotations

import enum

import msgspec

from edge.core.bands import Presented
from edge.core.decision import Decision
from edge.core.held import Held
from edge.store.transaction import Transaction


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


_DECODER = msgspec.msgpack.Decoder(Answer)


def kept_answer(tx: Transaction, tap_id: str) -> Answer | None:
    """Return what was answered to this tap, or None where it is new."""
    body = tx.answer(tap_id)
    return _DECODER.decode(body) if body is not None else None


def keep(tx: Transaction, answer: Answer) -> None:
    """Keep an answer under its tap."""
    tx.keep_answer(answer.presented.tap_id, msgspec.msgpack.encode(answer))
