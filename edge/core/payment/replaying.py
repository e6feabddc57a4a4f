"""Judging a payment again, from nothing but its event, the profile and the layout."""

from __future__ import annotations

import datetime as dt

import msgspec
from msgspec.structs import replace

from edge.core.basket import Basket
from edge.core.entry import decide
from edge.core.events import decided_in
from edge.core.payment.bodies import Judged, Payment
from edge.core.payment.decide import decide_payment
from edge.core.payment.facts import Outside, Payer, PaymentFacts, PaymentRuling
from edge.core.places import Layout
from edge.core.profiles import Profile
from edge.core.replay import facts_of


def payment_in(body: bytes) -> Payment:
    """Return the payment that a record's body tells."""
    return _DECODE_PAYMENT(body)


def replay_payment(
    payment: Payment, band: bytes | None, profile: Profile | None, *, layout: Layout, timezone: dt.tzinfo
) -> PaymentRuling | None:
    """Judge a journaled payment again: at central it must come out equal; None: no such point there.

    ``band`` is the record's own column; ``profile`` and ``layout`` are of the revisions that it names.
    """
    judged = payment.judged
    payer = _payer(judged, band, profile, layout=layout, timezone=timezone)
    if payer is None:
        return None
    basket = Basket(
        op_id=payment.op_id,
        point=payment.point,
        currency=payment.currency,
        lines=payment.lines,
        opened_ms=judged.opened_ms,
        staff=payment.staff,
    )
    facts = PaymentFacts(
        basket=basket,
        payer=payer,
        device=payment.device,
        now_ms=payment.at_ms,
        monotonic_ms=judged.monotonic_ms,
        sale=None if judged.sale is None else replace(judged.sale, basket=basket, legs=payment.earlier),
        asked_minor=judged.asked_minor,
        hold_ms=judged.hold_ms,
        hold_minor=judged.hold_minor,
    )
    return decide_payment(facts)


def _payer(
    judged: Judged, band: bytes | None, profile: Profile | None, *, layout: Layout, timezone: dt.tzinfo
) -> Payer | Outside | None:
    if judged.tap is None:
        return Outside(
            tender=judged.tender,
            amount_minor=judged.outside_minor,
            promised=judged.promised,
            leases=judged.leases,
        )
    tapped = decided_in(msgspec.msgpack.encode(judged.tap), band)
    tap = facts_of(tapped, profile, layout, timezone=timezone, rules={})
    if tap is None:
        return None
    return Payer(
        tap=tap,
        told=decide(tap).decision,
        leases=judged.leases,
        tally=judged.tally,
        pin=judged.pin,
        declined=judged.declined,
        risk=judged.risk,
        confirmed=frozenset(judged.confirmed),
        block_epoch=judged.block_epoch,
        promised=judged.promised,
    )


_DECODE_PAYMENT = msgspec.msgpack.Decoder(Payment).decode
