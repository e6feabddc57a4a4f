"""Records: as much of a device's events of money as the proof of a day needs, decoded without the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge.core.events import Kind


class Heard(NamedTuple):
    """One record of a device: under what it is booked, and how much came out of payers' accounts by it."""

    key: str
    device: str
    minor: int | None


class _Leg(msgspec.Struct, array_like=True):
    number: int
    tender: str
    amount_minor: int


class _Paid(msgspec.Struct, array_like=True):
    """As much of a payment as the proof asks for: the rest is not even decoded."""

    op_id: str
    state: str | None
    reason: str
    notes: msgspec.Raw
    currency: str
    total_minor: int
    due_minor: int
    lines: msgspec.Raw
    legs: tuple[_Leg, ...] = ()


class _Voided(msgspec.Struct, array_like=True):
    op_id: str
    void_id: str
    state: str
    legs: tuple[_Leg, ...] = ()


class _Named(msgspec.Struct, array_like=True):
    id: str
    other: msgspec.Raw
    third: msgspec.Raw


class _Moved(msgspec.Struct, array_like=True):
    id: str
    wallet: str
    amount_minor: int


_paid = msgspec.msgpack.Decoder(_Paid).decode
_voided = msgspec.msgpack.Decoder(_Voided).decode
_named = msgspec.msgpack.Decoder(_Named).decode
_moved = msgspec.msgpack.Decoder(_Moved).decode
PROVED = (
    Kind.PAID,
    Kind.PAYMENT_VOIDED,
    Kind.TOPPED_UP,
    Kind.CAPTURED,
    Kind.REFUND_ASKED,
    Kind.CASHED_OUT,
)


def told_by(kind: int, body: bytes, device: str) -> Heard | None:
    """Return what a record says; None: nothing was accepted by it."""
    if kind == Kind.PAID:
        paid = _paid(body)
        if paid.state is None:
            return None
        number = paid.legs[0].number if paid.legs else 0
        return Heard(f"op:{paid.op_id}:{number}", device, -_sum(paid.legs))
    if kind == Kind.PAYMENT_VOIDED:
        voided = _voided(body)
        return Heard(f"void:{voided.void_id}", device, _sum(voided.legs))
    if kind == Kind.TOPPED_UP:
        return Heard(f"topup:{_moved(body).id}", device, 0)
    if kind == Kind.CASHED_OUT:
        return Heard(f"cashout:{_moved(body).id}", device, 0)
    name = _named(body).id
    return Heard(f"hold:{name}" if kind == Kind.CAPTURED else f"refund-op:{name}", device, None)


def _sum(legs: Iterable[_Leg]) -> int:
    return sum(leg.amount_minor for leg in legs if leg.tender not in ("discount", "limit"))
