"""A receipt: what moved, with its taxes, who paid or got it, and where it stands in the journal's chain."""

from __future__ import annotations

import enum

import msgspec

from edge.core.shift import ShiftClosed
from edge.core.taxes import ReceiptLine, TaxShare, taxes_of


class ReceiptKind(enum.StrEnum):
    """What a receipt is about; everything but a sale says so in its heading."""

    SALE = "sale"
    HOLD = "hold"
    """Set aside, not taken yet."""
    VOID = "void"
    REFUND = "refund"
    TOP_UP = "top_up"
    CASH_OUT = "cash_out"
    SHIFT = "shift"
    """A drawer was closed: its report (Z)."""


class ReceiptLeg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who or what paid a part: a tender, and the band's short pseudonym where it was one."""

    tender: str
    amount_minor: int
    band: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One receipt; whoever holds it can ask the journal whether it is true (see ``object_to``).

    What goes back to a guest is negative: the lines of a void, what its legs get, its total.
    """

    kind: ReceiptKind
    op_id: str
    """Of the act itself: a void and a refund have their own."""
    about: str = ""
    """The sale that was taken back, whole or in part."""
    site: str = ""
    point: str
    device: str = ""
    at_ms: int
    currency: str
    total_minor: int
    lines: tuple[ReceiptLine, ...] = ()
    legs: tuple[ReceiptLeg, ...] = ()
    band: str = ""
    """The pseudonym of the band whose wallet got cash, or was paid out."""
    until_ms: int = 0
    """Of a hold: when it ends by itself, by the clock on the wall."""
    shift: ShiftClosed | None = None
    """What was counted and what should have been there; why they differ is under seal in the record."""
    back_minor: int = 0
    """What was taken back of it since."""
    reason: str = ""
    """Why a drawer differs, as long as the device that closed it knows the words."""
    staff: str = ""
    lane: int = 0
    seq: int = 0
    """Number of its record in the journal's lane."""
    head: str = ""
    """Hash of that record, in hex: it covers everything before it."""

    @property
    def due_minor(self) -> int:
        """What was to be paid, once vouchers have lowered its lines."""
        return self.total_minor - sum(line.off_minor for line in self.lines)

    @property
    def taxes(self) -> tuple[TaxShare, ...]:
        """The taxes per rate, the highest rate first; free of tax is a rate too."""
        return taxes_of(self.lines)

    @property
    def short(self) -> str:
        """What two people can read to each other: device, number and the hash's first digits."""
        return f"{self.device} · {self.lane}-{self.seq} · {self.head[:16]}"


class Doubt(enum.StrEnum):
    """Why a receipt is not believed."""

    OTHER_RECORD = "other_record"
    """It names another record than the one that was found."""
    HASH = "hash"
    """The record or what stands before it is not what the receipt was made from."""
    CONTENT = "content"
    """The record says other things than the paper."""
    SUM = "sum"
    """Its lines do not add up to its total."""
