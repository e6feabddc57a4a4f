"""Records: as much of a device's events of money as the proof of a day needs, decoded without the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from edge.core.events import Kind


class Heard(NamedTuple):
    """One record of a device: under what it is booked, and how much came out of payers' accounts by it."""

    key: str
    device: str
    minor: int | None
    units: Mapping[str, int] = {}
    """Units of vouchers that it moved, by kind: used ones are below zero, as money that was paid."""


class _Leg(msgspec.Struct, array_like=True):
    number: int
    tender: str
    amount_minor: int
    band: msgspec.Raw
    wallet: msgspec.Raw
    lease: msgspec.Raw
    kind: str
    units: int


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


VOUCHERS = frozenset({"voucher", "discount"})
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
        key, units = f"op:{paid.op_id}:{number}", _units(paid.legs, -1)
        return Heard(key, device, -_sum(paid.legs), units)
    if kind == Kind.PAYMENT_VOIDED:
        voided = _voided(body)
        return Heard(f"void:{voided.void_id}", device, _sum(voided.legs), _units(voided.legs, 1))
    if kind == Kind.TOPPED_UP:
        return Heard(f"topup:{_moved(body).id}", device, 0)
    if kind == Kind.CASHED_OUT:
        return Heard(f"cashout:{_moved(body).id}", device, 0)
    name = _named(body).id
    return Heard(f"hold:{name}" if kind == Kind.CAPTURED else f"refund-op:{name}", device, None)


def _sum(legs: Iterable[_Leg]) -> int:
    return sum(leg.amount_minor for leg in legs if leg.tender != "limit")


def _units(legs: Iterable[_Leg], sign: int) -> Mapping[str, int]:
    sums: dict[str, int] = {}
    for leg in legs:
        if leg.tender in VOUCHERS and leg.units:
            sums[leg.kind] = sums.get(leg.kind, 0) + sign * leg.units
    return sums
