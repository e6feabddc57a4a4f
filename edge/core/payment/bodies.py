"""Bodies of the events of money: each tells the totals of every lease that it moved, after it."""

from __future__ import annotations

import enum

import msgspec

from edge.core.basket import Line
from edge.core.decision import Reason
from edge.core.events import Decided
from edge.core.lease import Lease, Report
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.promised import Promised
from edge.core.payment.sale import Authorisation, Sale, VoidedLine
from edge.core.wallet import Tally


class Pin(enum.StrEnum):
    """What the service found out about the PIN for this op_id, before anything was decided."""

    NONE = "none"
    VERIFIED = "verified"
    WRONG = "wrong"
    LOCKED = "locked"


class Judged(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Every fact that a payment stood on beside profile and layout, so that central can judge it again."""

    tap: Decided | None = None
    """The tap that paid; None: cash or an external card."""
    leases: tuple[Lease, ...] = ()
    tally: Tally = Tally()
    pin: Pin = Pin.NONE
    asked_minor: int | None = None
    """The part that was asked of this payer; None: all that is due."""
    tender: Tender = Tender.WALLET
    outside_minor: int = 0
    """What lay on the counter, where no band paid."""
    declined: tuple[str, ...] = ()
    """Kinds of voucher that the guest did not want used."""
    risk: bool = False
    hold_ms: int | None = None
    hold_minor: int | None = None
    confirmed: tuple[str, ...] = ()
    block_epoch: int = 0
    monotonic_ms: int = 0
    sale: Sale | None = None
    """The sale before, where the basket was partly paid; its basket and legs are the payment's."""
    opened_ms: int = 0
    promised: Promised = Promised()
    """Offers that the guest had taken up."""


class Payment(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of PAID: one tap's (or one note's) part in a basket, accepted or declined, and why."""

    op_id: str
    state: Authorisation | None
    """None: declined, nothing moved. AUTHORISED: a hold, or a part while the rest is due."""
    reason: Reason
    notes: tuple[Reason, ...] = ()
    currency: str
    total_minor: int
    due_minor: int
    """What is still due after it."""
    lines: tuple[Line, ...]
    legs: tuple[Leg, ...] = ()
    """What was paid now."""
    earlier: tuple[Leg, ...] = ()
    """What had been authorised before, and is captured with it."""
    leases: tuple[Report, ...] = ()
    """The totals after it, of each lease that it moved."""
    ready_minor: int = 0
    """What the payer's band can spend here after it."""
    elsewhere_minor: int | None = None
    missing_minor: int = 0
    """How much less than asked was there; 0: enough, or not asked."""
    left_minor: int | None = None
    """What a limit would still allow."""
    lapsed: tuple[tuple[str, str], ...] = ()
    """Vouchers that would have been good here but for their date: kind and last local date."""
    point: str = ""
    staff: str = ""
    device: str = ""
    at_ms: int = 0
    judged: Judged = Judged()


class Voided(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of PAYMENT_VOIDED: what went back to each leg, for which lines."""

    op_id: str
    void_id: str
    state: Authorisation
    """Of the sale after it."""
    legs: tuple[Leg, ...]
    """What went back: amounts and units are those of this void alone."""
    lines: tuple[VoidedLine, ...] = ()
    leases: tuple[Report, ...] = ()
    undo: bool = False
    """The guest took it back within five minutes, at the same reader."""
    reason: str = ""
    currency: str = ""
    point: str = ""
    staff: str = ""
    approver: str = ""


class HoldEnded(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of CAPTURED: a hold or a partly paid basket came to its end, whole, in part or not at all."""

    op_id: str
    state: Authorisation
    captured_minor: int
    legs: tuple[Leg, ...]
    """All legs as they stand after it."""
    lines: tuple[Line, ...] = ()
    leases: tuple[Report, ...] = ()
    currency: str = ""
    point: str = ""
    staff: str = ""


class ToppedUp(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of TOPPED_UP: money that was paid in at this device, and is spendable here at once."""

    op_id: str
    wallet: str
    amount_minor: int
    currency: str
    tender: Tender
    leases: tuple[Report, ...] = ()
    drawer: str = ""
    point: str = ""
    staff: str = ""
    approver: str = ""
    reason: str = ""


class CashedOut(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of CASHED_OUT: the rest of a wallet, as far as this device held it, was paid out."""

    op_id: str
    wallet: str
    amount_minor: int
    currency: str
    leases: tuple[Report, ...] = ()
    drawer: str = ""
    point: str = ""
    staff: str = ""
    approver: str = ""


class RefundAsked(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of REFUND_ASKED: central gives back what was posted before, to the wallet or the first charge."""

    refund_id: str
    op_id: str
    legs: tuple[Leg, ...]
    """What each leg gets back: amounts and units are those of this refund alone."""
    amount_minor: int
    currency: str
    lines: tuple[VoidedLine, ...] = ()
    reason: str = ""
    point: str = ""
    staff: str = ""
    approver: str = ""


class LeaseMoved(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of LEASE_GRANTED, LEASE_RETURNED and LEASE_STATE: a lease's totals, and why they moved."""

    lease: Report
    why: str = ""
    amount: int = 0
    serial: int = 0


class LeasePassed(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of LEASE_PASSED: the totals of a lease after a part of it was passed on at the site."""

    lease: Report
    passing: bytes
    """What is said of the part: ``Passing`` as its giver signs it."""


class LeaseTaken(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of LEASE_TAKEN: a part is this device's now, as a lease of its own."""

    lease: Report
    passing: bytes
    signature: bytes
    """Its giver's, so that central need not have heard of it from there."""


class PinTried(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of PIN_TRIED: a wrong PIN or the third one; never a digit of it."""

    op_id: str
    wallet: str
    wrong: int
    locked: bool = False
    point: str = ""
    of: bytes = b""
    """Digest of the verifier that was tried: a new PIN begins a new count everywhere."""


class MandateStopped(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of MANDATE_STOPPED: nothing more is charged to what a guest stored, as they said here."""

    guest: str
    wallet: str
    point: str
    staff: str = ""
    """Who heard it from the guest; empty: the guest, with their band."""
