"""Payments: may this band pay this basket, from what, and how it is taken back."""

from __future__ import annotations

from edge.core.payment.back import (
    BackAsk,
    CaptureAsk,
    Eased,
    HoldRuling,
    RefundRuling,
    VoidRuling,
    decide_capture,
    decide_refund,
    decide_void,
    eased,
    expire,
)
from edge.core.payment.bodies import (
    CashedOut,
    HoldEnded,
    Judged,
    LeaseMoved,
    LeasePassed,
    LeaseTaken,
    Payment,
    Pin,
    PinTried,
    RefundAsked,
    ToppedUp,
    Voided,
)
from edge.core.payment.counter import (
    CashedOutRuling,
    CounterAsk,
    ToppedUpRuling,
    decide_cash_out,
    decide_top_up,
)
from edge.core.payment.decide import decide_payment
from edge.core.payment.facts import Outside, Payer, PaymentFacts, PaymentRuling
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.reckoning import Objection, Piece
from edge.core.payment.replaying import payment_in, replay_payment
from edge.core.payment.sale import Authorisation, Sale, VoidedLine

__all__ = [
    "Authorisation",
    "BackAsk",
    "CaptureAsk",
    "CashedOut",
    "CashedOutRuling",
    "CounterAsk",
    "Eased",
    "HoldEnded",
    "HoldRuling",
    "Judged",
    "LeaseMoved",
    "LeasePassed",
    "LeaseTaken",
    "Leg",
    "Objection",
    "Outside",
    "Payer",
    "Payment",
    "PaymentFacts",
    "PaymentRuling",
    "Piece",
    "Pin",
    "PinTried",
    "RefundAsked",
    "RefundRuling",
    "Sale",
    "Tender",
    "ToppedUp",
    "ToppedUpRuling",
    "VoidRuling",
    "Voided",
    "VoidedLine",
    "decide_capture",
    "decide_cash_out",
    "decide_payment",
    "decide_refund",
    "decide_top_up",
    "decide_void",
    "eased",
    "expire",
    "payment_in",
    "replay_payment",
]
