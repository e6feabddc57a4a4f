"""A sale: one basket from its first leg to its last void, as the device keeps it under the op_id."""

from __future__ import annotations

import enum

import msgspec

from edge.core.basket import Basket
from edge.core.payment.legs import Leg, Tender

UNDO_MS_MAX = 300_000
"""So long the guest can take a payment back at the same reader."""
SPLIT_MS_MAX = 600_000
"""So long a basket that is partly paid waits for the rest; then what was paid comes back."""


class Authorisation(enum.StrEnum):
    """How far a payment has come; each but the first is entered once."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
    EXPIRED = "expired"


class VoidedLine(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """So much of one line was taken back: its quantity, its price and the tax in it."""

    line: int
    quantity: int
    gross_minor: int
    tax_minor: int
    name: str = ""
    """As the line was named, so that its receipt needs no other record; empty from an older version."""
    tax_permille: int = 0


class Sale(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A basket and what was paid of it; the same op_id always finds this, and gets the same answer."""

    basket: Basket
    legs: tuple[Leg, ...] = ()
    state: Authorisation = Authorisation.AUTHORISED
    hold: bool = False
    """A deposit or an open tab: it stays authorised until somebody captures it."""
    until_ms: int = 0
    """When what is authorised ends by itself, by the device's clock that only rises."""
    captured: bool = False
    """Whether it ever was: who asks again hears that it is paid, also after a void."""
    at_ms: int = 0
    """When something was last paid of it, by the same clock: an undo is counted from here."""
    voided: tuple[VoidedLine, ...] = ()
    void_ids: tuple[str, ...] = ()
    """Every void and undo that was done has its own id, and is done once."""
    refunded_minor: int = 0
    refund_ids: tuple[str, ...] = ()

    @property
    def paid_minor(self) -> int:
        """What its legs have paid and still stand for, discounts among them."""
        return sum(leg.left_minor for leg in self.legs)

    @property
    def due_minor(self) -> int:
        """What is not paid yet."""
        return self.basket.total_minor - sum(leg.amount_minor for leg in self.legs)

    @property
    def money_minor(self) -> int:
        """What of it was paid in money and stands, without discounts."""
        return sum(leg.left_minor for leg in self.legs if leg.tender is not Tender.DISCOUNT)
