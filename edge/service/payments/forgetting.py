"""Forgetting who paid: a guest is erased, their money goes back to central, and no answer is undone."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from msgspec.structs import replace

from edge.service.payments import cash, chest, rung
from edge.service.payments.cash import Cash
from edge.service.payments.rung import Rung
from edge.store.transaction import Transaction

_RUNG = msgspec.msgpack.Decoder(Rung).decode
_CASH = msgspec.msgpack.Decoder(Cash).decode


def forget_payers(tx: Transaction, bands: Collection[bytes]) -> int:
    """Close the leases that only these bands may spend, and take the bands out of what was bought.

    What was answered to a basket stays under its op_id: asked again it is charged no second time.
    """
    names = {band.hex() for band in bands}
    bound = [lease for lease in chest.all_leases(tx) if lease.band in names]
    for lease in bound:
        chest.end_own(tx, lease, why="erased")
        chest.forget_lease(tx, lease)
    changed = sum(_nobodys(tx, op_id, body, bands=bands) for op_id, body in tx.rows(rung.BASKET))
    for op_id, body in tx.rows(cash.CASH):
        known = _CASH(body)
        if known.band in bands:
            bare = replace(known, band=None, presented=None, badge="")
            tx.put(cash.CASH, op_id, msgspec.msgpack.encode(bare))
            changed += 1
    return len(bound) + changed


def _nobodys(tx: Transaction, op_id: str, body: bytes, *, bands: Collection[bytes]) -> bool:
    known = _RUNG(body)
    legs = known.sale.legs if known.sale is not None else ()
    last = known.last
    presented = known.presented
    theirs = any(leg.band in bands for leg in legs) or (last is not None and last.band in bands)
    if not theirs and (presented is None or presented.band not in bands):
        return False
    bare = tuple(replace(leg, band=None) if leg.band in bands else leg for leg in legs)
    after = replace(
        known,
        sale=None if known.sale is None else replace(known.sale, legs=bare),
        presented=None,
        last=None if last is None else replace(last, band=None),
    )
    tx.put(rung.BASKET, op_id, msgspec.msgpack.encode(after))
    return True
