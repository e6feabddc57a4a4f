"""Drawers: cash that moves without a guest, and what a count found beside what should have been there."""

from __future__ import annotations

from edge.core.shift import CashMove, CashMoved, ShiftClosed
from edge.errors import Refused
from sync.central.money.ledger import Entry, Posting

SAFE = "safe"


def key_of(said: CashMoved | ShiftClosed, device: str, seq: int) -> str:
    """Return under what a drawer's event is booked: its place in the device's journal names it for ever."""
    what = "shift" if isinstance(said, ShiftClosed) else "cash"
    return f"{what}:{device}:{seq}"


def booked(said: CashMoved | ShiftClosed, key: str, *, site: str, device: str, at_ms: int) -> Posting | None:
    """Return the posting of a drawer's event; a count that is right moves nothing."""
    if isinstance(said, ShiftClosed):
        if said.difference_minor != said.counted_minor - said.expected_minor:
            raise Refused(f"The closing of {said.drawer} does not add up.")
        kind, other, more = "shift", f"imbalance:{said.drawer}", said.difference_minor
    else:
        if said.amount_minor <= 0 or not said.approver or said.approver == said.staff:
            raise Refused(f"Cash of {said.drawer} is moved by two persons, and more than none.")
        into = said.move is CashMove.FLOAT
        kind, other, more = "cash", SAFE, said.amount_minor if into else -said.amount_minor
    if not more:
        return None
    entries = (Entry(f"cash:{said.drawer}", -more), Entry(other, more))
    return Posting(
        site=site, key=key, kind=kind, at_ms=at_ms, currency=said.currency, entries=entries, device=device
    )
