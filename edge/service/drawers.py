"""Drawers: which shift is open at a till, asked by everything that takes or gives money there."""

from __future__ import annotations

import msgspec

from edge.core.shift import Shift, ShiftClosed
from edge.errors import Refused
from edge.store.transaction import Transaction

SHIFT = "shift"
CLOSED = "shift_closed"
"""The last closing of each drawer, for its report and its number."""
CLOSED_BY = "shift_closed_by"
"""The act that did it: said again, it is told of that closing."""


class NoShift(Refused):
    """No shift is open at this till."""

    hint = "Open one with the float that is counted; then sell."


def open_shift(tx: Transaction, point: str) -> Shift | None:
    """Return the shift that is open at a till."""
    body = tx.get(SHIFT, point)
    return None if body is None else msgspec.msgpack.decode(body, type=Shift)


def demand_shift(tx: Transaction, point: str) -> None:
    """Refuse to take or give money where nobody has counted the drawer; raises ``NoShift``."""
    if tx.get(SHIFT, point) is None:
        raise NoShift


def closed_by(tx: Transaction, point: str, act: str) -> ShiftClosed | None:
    """Return the last closing if it was this very act that did it."""
    return last_closed(tx, point) if act and tx.get(CLOSED_BY, point) == act.encode() else None


def last_closed(tx: Transaction, point: str) -> ShiftClosed | None:
    """Return the closing before, with its reason in plain words."""
    body = tx.get(CLOSED, point)
    return None if body is None else msgspec.msgpack.decode(body, type=ShiftClosed)
