"""Repeats: under which key an event of money is booked for ever, and whether what stands there is it."""

from __future__ import annotations

from edge.core.payment import (
    CashedOut,
    HoldEnded,
    Leg,
    Payment,
    RefundAsked,
    Tender,
    ToppedUp,
    Voided,
)
from sync.central.money.ledger import Posting

PAYERS = ("lease:", "cash:", "card:", "debt:", "voucher:")
"""Accounts that a payment comes out of."""


def key_of(said: object) -> str:
    """Return under what an event of money is booked, for ever; nothing for one that books nothing."""
    match said:
        case Payment(state=None):
            return ""
        case Payment():
            return f"op:{said.op_id}:{said.legs[0].number if said.legs else 0}"
        case Voided():
            return f"void:{said.void_id}"
        case HoldEnded():
            return f"hold:{said.op_id}"
        case ToppedUp():
            return f"topup:{said.op_id}"
        case CashedOut():
            return f"cashout:{said.op_id}"
        case RefundAsked():
            return f"refund-op:{said.refund_id}"
        case _:
            return ""


def is_of(posting: Posting, said: object) -> bool:
    """Say whether a posting that stands moves what an event says: a repeat, or another amount."""
    entries = posting.entries
    given = sum(entry.minor for entry in entries if entry.account.startswith(PAYERS))
    match said:
        case Payment() if posting.currency != said.currency:
            return not sum(map(minor_of, said.legs))  # it cost nothing
        case Payment():
            return given == -sum(map(minor_of, said.legs))
        case Voided():
            return given == sum(map(minor_of, said.legs))
        case RefundAsked():
            moved = sum(entry.minor for entry in entries if entry.minor > 0)
            wanted = sum(map(minor_of, said.legs))
            return (moved if posting.currency == said.currency else 0) == wanted
        case ToppedUp() | CashedOut():
            moved = sum(entry.minor for entry in entries if entry.minor > 0)
            return (posting.currency, moved) == (said.currency, said.amount_minor)
        case _:
            return True


def pays(leg: Leg) -> bool:
    """Say whether a leg brings money, a voucher's worth among it, or only counts along."""
    return leg.tender is not Tender.LIMIT


def minor_of(leg: Leg) -> int:
    """Return what a leg brings."""
    return leg.amount_minor if pays(leg) else 0
