"""What a judged payment says and changes: its event's body, the sale, and the leases after it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.basket import Basket
from edge.core.decision import Reason
from edge.core.events import Decided, body_of
from edge.core.facts import Ruling
from edge.core.held import Change, Held
from edge.core.lease import report_of
from edge.core.payment.bodies import Judged, Payment
from edge.core.payment.facts import Outside, Payer, PaymentFacts, PaymentRuling
from edge.core.payment.funds import Cover, Part, legs_of, spent_of
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.promised import Redeemed
from edge.core.payment.sale import SPLIT_MS_MAX, Authorisation, Sale
from edge.core.replay import record
from edge.core.wallet import Tally

_NOTHING = Basket(op_id="", point="", currency="")


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What an accepted payment takes, and what the band has spent after it."""

    parts: tuple[Part, ...] = ()
    covered: Cover = Cover()
    tally: Tally | None = None
    outside: Outside | None = None
    lapsed: tuple[tuple[str, str], ...] = ()
    redeemed: tuple[Redeemed, ...] = ()


def declined(
    facts: PaymentFacts,
    reason: Reason,
    *,
    covered: Cover | None = None,
    left: int | None = None,
    lapsed: tuple[tuple[str, str], ...] = (),
) -> PaymentRuling:
    """Return the ruling that moves nothing and says why, with every amount that helps to go on."""
    known = covered or Cover()
    payment = replace(
        _payment(facts, None, reason),
        ready_minor=known.ready,
        elsewhere_minor=known.elsewhere,
        missing_minor=known.missing,
        left_minor=left,
        lapsed=lapsed,
    )
    return PaymentRuling(payment=payment)


def accepted(facts: PaymentFacts, weighed: Weighed) -> PaymentRuling:
    """Return the ruling that takes each part from its lease, all of them or none."""
    legs = _legs(facts, weighed)
    sale = _sale(facts, legs)
    leases = spent_of(facts.payer.leases, weighed.parts, monotonic_ms=facts.monotonic_ms)
    own = sum(part.minor for part in weighed.parts if part.tender is Tender.WALLET)
    payment = replace(
        _payment(facts, sale.state, Reason.PAID),
        due_minor=facts.due_minor - sum(leg.amount_minor for leg in legs),
        legs=legs,
        leases=tuple(report_of(lease) for lease in leases),
        ready_minor=weighed.covered.ready - own,
        elsewhere_minor=weighed.covered.elsewhere,
        lapsed=weighed.lapsed,
    )
    return PaymentRuling(
        payment=payment, sale=sale, leases=leases, tally=weighed.tally, redeemed=weighed.redeemed
    )


def _legs(facts: PaymentFacts, weighed: Weighed) -> tuple[Leg, ...]:
    first = len(facts.legs) + 1
    if weighed.outside is not None:
        tender, minor = weighed.outside.tender, weighed.outside.amount_minor
        return (Leg(number=first, tender=tender, amount_minor=minor),)
    band = facts.payer.tap.presented.band if isinstance(facts.payer, Payer) else None
    return legs_of(weighed.parts, band, first=first)


def _sale(facts: PaymentFacts, legs: tuple[Leg, ...]) -> Sale:
    held = facts.hold_ms is not None
    whole = facts.due_minor == sum(leg.amount_minor for leg in legs) and not held
    wait_ms = SPLIT_MS_MAX if facts.hold_ms is None else facts.hold_ms
    before = facts.sale or Sale(basket=facts.basket, until_ms=facts.monotonic_ms + wait_ms)
    return replace(
        before,
        legs=before.legs + legs,
        hold=held,
        state=Authorisation.CAPTURED if whole else Authorisation.AUTHORISED,
        captured=whole,
        at_ms=facts.monotonic_ms,
    )


def _payment(facts: PaymentFacts, state: Authorisation | None, reason: Reason) -> Payment:
    basket = facts.basket
    return Payment(
        op_id=basket.op_id,
        state=state,
        reason=reason,
        currency=basket.currency,
        total_minor=basket.total_minor,
        due_minor=facts.due_minor,
        lines=basket.lines,
        earlier=facts.legs,
        point=basket.point,
        staff=basket.staff,
        device=facts.device,
        at_ms=facts.now_ms,
        judged=_judged(facts),
    )


def _judged(facts: PaymentFacts) -> Judged:
    shared = Judged(
        asked_minor=facts.asked_minor,
        hold_ms=facts.hold_ms,
        hold_minor=facts.hold_minor,
        monotonic_ms=facts.monotonic_ms,
        sale=None if facts.sale is None else replace(facts.sale, basket=_NOTHING, legs=()),
        opened_ms=facts.basket.opened_ms,
    )
    payer = facts.payer
    if isinstance(payer, Outside):
        bare = replace(shared, tender=payer.tender, outside_minor=payer.amount_minor)
        return replace(bare, promised=payer.promised, leases=payer.leases)
    return replace(
        shared,
        tap=_tapped(payer),
        leases=payer.leases,
        tally=payer.tally,
        pin=payer.pin,
        declined=payer.declined,
        risk=payer.risk,
        confirmed=tuple(sorted(payer.confirmed)),
        block_epoch=payer.block_epoch,
        promised=payer.promised,
    )


def _tapped(payer: Payer) -> Decided:
    """The tap as far as a payment stands on it: where a band is only looked at, uses and places are none."""
    held = payer.tap.held
    known = Held(state=held.state, epoch=held.epoch, counter=held.counter, counter_tap=held.counter_tap)
    bare = replace(payer.tap, held=known, places={})
    return body_of(record(bare, Ruling(payer.told, Change())))
