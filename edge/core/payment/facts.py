"""Facts of a payment: everything its judgement stands on, and the ruling that comes of it."""

from __future__ import annotations

import msgspec

from edge.core.basket import Basket
from edge.core.decision import Decision
from edge.core.facts import Facts
from edge.core.lease import Lease
from edge.core.payment.bodies import Payment, Pin
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.promised import Promised, Redeemed
from edge.core.payment.sale import Sale
from edge.core.wallet import Tally


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """A band that was presented to pay, and all that this device holds of its wallet."""

    tap: Facts
    """The tap as entry knows it: band, trust, profile, point and moment."""
    told: Decision
    """What entry says of that very tap."""
    leases: tuple[Lease, ...] = ()
    """Of its wallet, and where risk is asked for of this device's own budget."""
    tally: Tally = Tally()
    pin: Pin = Pin.NONE
    declined: tuple[str, ...] = ()
    """Kinds of voucher that the guest does not want used."""
    risk: bool = False
    """Whether what is missing here may be tried on the operator's risk."""
    confirmed: frozenset[str] = frozenset()
    """What staff confirmed for this basket: ``age``."""
    block_epoch: int = 0
    """The newest block of this wallet that has reached this device."""
    promised: Promised = Promised()
    """Offers that the guest took up."""


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """Cash in the drawer, an external card terminal's yes, or a coupon on paper: nobody's band."""

    tender: Tender
    amount_minor: int
    promised: Promised = Promised()
    """What the coupon promises; its tender is a discount."""
    leases: tuple[Lease, ...] = ()
    """This device's own, out of which it is paid."""


class PaymentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One payer before one basket."""

    basket: Basket
    payer: Payer | Outside
    device: str
    now_ms: int
    """UTC, for receipts only."""
    monotonic_ms: int
    """This device's clock that only rises: deadlines are of it."""
    sale: Sale | None = None
    """What is kept under the op_id already."""
    asked_minor: int | None = None
    """The part that this payer is asked for; None: all that is due."""
    hold_ms: int | None = None
    """Authorise only, for so long."""
    hold_minor: int | None = None
    """How much a hold sets aside, where that is not the basket's total."""

    @property
    def legs(self) -> tuple[Leg, ...]:
        """What was paid of the basket before."""
        return self.sale.legs if self.sale is not None else ()

    @property
    def due_minor(self) -> int:
        """What is to be paid or held before this payer."""
        whole = self.basket.total_minor if self.hold_minor is None else self.hold_minor
        return whole - sum(leg.amount_minor for leg in self.legs)


class PaymentRuling(msgspec.Struct, frozen=True, kw_only=True):
    """What the payment's event says, and what changes with it in the same transaction."""

    payment: Payment
    sale: Sale | None = None
    """What is to be kept under the op_id; None: as it was."""
    leases: tuple[Lease, ...] = ()
    """Those that changed."""
    tally: Tally | None = None
    redeemed: tuple[Redeemed, ...] = ()
    """Offers that were taken up and came to something now."""
