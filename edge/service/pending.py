"""Pending passages: a use held until staff confirm it, given back when nobody does, also after a crash."""

from __future__ import annotations

import msgspec

from edge.service.answers import Answer
from edge.store.transaction import Transaction

PENDING = "pending"


def hold(tx: Transaction, answer: Answer, hold_s_max: int) -> None:
    """Note until when a held use waits for its confirmation."""
    until_ms = answer.at_ms + hold_s_max * 1_000
    tx.put(PENDING, answer.presented.tap_id, msgspec.msgpack.encode(until_ms))


def release(tx: Transaction, tap_id: str) -> None:
    """Forget that a tap was pending."""
    tx.delete(PENDING, tap_id)


def overdue(tx: Transaction) -> tuple[tuple[str, ...], int | None]:
    """Return the taps that waited too long, and when the next one will have."""
    rows = [(tap_id, msgspec.msgpack.decode(body, type=int)) for tap_id, body in tx.rows(PENDING)]
    over = tuple(tap_id for tap_id, until_ms in rows if until_ms <= tx.now.now_ms)
    return over, min((until_ms for _, until_ms in rows if until_ms > tx.now.now_ms), default=None)
