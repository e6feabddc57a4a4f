"""Voided: coupons that were taken out of use for another one, by their exposure; no guest is in it."""

from __future__ import annotations

import msgspec

from edge.store.transaction import Transaction

VOIDED = "coupon_voided"
"""Kind of what is kept: a code that comes by itself, from another device, is refused by it alone."""


class Voided(msgspec.Struct, frozen=True, array_like=True):
    """Of which offer it was, and until when."""

    offer: str
    bundle: int
    until: str
    """Last local date, ISO 8601; empty: no such end, and it is kept for good."""


_VOIDED = msgspec.msgpack.Decoder(Voided).decode


def voided_by(tx: Transaction, exposure: str) -> Voided | None:
    """Return what was voided under an exposure."""
    body = tx.get(VOIDED, exposure)
    return None if body is None else _VOIDED(body)


def put_voided(tx: Transaction, exposure: str, gone: Voided) -> None:
    """Keep that a coupon is void."""
    tx.put(VOIDED, exposure, msgspec.msgpack.encode(gone))


def forget_voided(tx: Transaction, date: str) -> None:
    """Forget those whose last local date is over: by their date alone no till takes them."""
    for exposure, body in tx.rows(VOIDED):
        if "" < _VOIDED(body).until < date:
            tx.delete(VOIDED, exposure)
