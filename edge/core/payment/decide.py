"""The judgement of a payment: facts in, event, sale and leases out."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.decision import Outcome, Reason
from edge.core.lease import LeaseKind, LeaseState, Limits, ready
from edge.core.passage import IDENTIFYING
from edge.core.payment import limits
from edge.core.payment.answer import Weighed, accepted, declined
from edge.core.payment.bill import Bill, at_of, bill_of, kept_of
from edge.core.payment.bodies import Pin
from edge.core.payment.facts import Outside, Payer, PaymentFacts, PaymentRuling
from edge.core.payment.funds import Part, cover, day_leases, drawn, in_hand, of_kind
from edge.core.payment.legs import LEGS_MAX, Tender
from edge.core.payment.promises import NOTHING, keep_promises
from edge.core.payment.sale import Authorisation, Sale
from edge.core.profiles import Profile
from edge.core.wallet import MandateState, Tally, WalletLink

OUTSIDE = frozenset({Tender.CASH, Tender.CARD})
LEASES_MAX = 16
"""So many leases of one payer are looked at; there are a few of each kind."""
MONEY = frozenset({Tender.WALLET, Tender.RISK})


def decide_payment(facts: PaymentFacts) -> PaymentRuling:
    """Judge one payer before one basket: whatever the answer, the same op_id finds it again."""
    facts = _bounded(facts)
    ended = _ended(facts.sale, facts.monotonic_ms)
    if ended is not None:
        return declined(facts, ended)
    if len(facts.legs) >= LEGS_MAX:
        return declined(facts, Reason.LIMIT_REACHED)
    if isinstance(facts.payer, Outside):
        return _outside(facts, facts.payer)
    return _banded(facts, facts.payer)


def _bounded(facts: PaymentFacts) -> PaymentFacts:
    """A basket that is partly paid is what it was; and no event may outgrow a request."""
    if facts.sale is not None:
        facts = replace(facts, basket=facts.sale.basket)
    payer = facts.payer
    if isinstance(payer, Payer):
        # What is closed says nothing more; beyond the limit what can be spent now goes before what cannot.
        live = [lease for lease in payer.leases if lease.state is not LeaseState.CLOSED]
        live.sort(key=lambda lease: not ready(lease, facts.monotonic_ms))
        facts = replace(facts, payer=replace(payer, leases=tuple(live[:LEASES_MAX])))
    return facts


def _ended(sale: Sale | None, monotonic_ms: int) -> Reason | None:
    """Say whether nothing more can be paid under this op_id: it was paid, or its time is over."""
    if sale is None:
        return None
    if sale.state is Authorisation.AUTHORISED:
        if sale.hold:
            return Reason.ALREADY_PAID
        return Reason.ANNULLED if monotonic_ms >= sale.until_ms else None
    return Reason.ALREADY_PAID if sale.captured else Reason.ANNULLED


def _outside(facts: PaymentFacts, outside: Outside) -> PaymentRuling:
    """Cash and external cards: never more than is due; a coupon speaks for itself."""
    if outside.tender is Tender.DISCOUNT and facts.hold_ms is None:
        return _coupon(facts, outside)
    minor = min(outside.amount_minor, facts.due_minor)
    if minor < 1 or outside.tender not in OUTSIDE or facts.hold_ms is not None:
        return declined(facts, Reason.LIMIT_REACHED)
    return accepted(facts, Weighed(outside=replace(outside, amount_minor=minor)))


def _coupon(facts: PaymentFacts, outside: Outside) -> PaymentRuling:
    """What a coupon on paper lowers: it is spent only where it comes to something."""
    kept = keep_promises(
        facts.basket.lines,
        outside.promised,
        outside.leases,
        legs=facts.legs,
        monotonic_ms=facts.monotonic_ms,
    )
    if not kept.parts:
        return declined(facts, Reason.LIMIT_REACHED)
    return accepted(facts, Weighed(parts=kept.parts, redeemed=kept.redeemed))


def _banded(facts: PaymentFacts, payer: Payer) -> PaymentRuling:
    shown = _tap_fault(payer)
    if shown is not None:
        return declined(facts, shown)
    profile = payer.tap.profile
    link = profile.wallet if profile is not None else None
    if profile is None or link is None or not _may_pay(profile, link, facts.basket.currency):
        return _promised_only(facts, payer)
    fault = _wallet_fault(payer, link) or limits.age_doubt(profile, facts.basket.lines, payer.confirmed)
    return declined(facts, fault) if fault is not None else _weigh(facts, payer, link)


def _promised_only(facts: PaymentFacts, payer: Payer) -> PaymentRuling:
    """A band that pays nothing brings what its guest took up; the rest is paid otherwise."""
    kept = NOTHING
    if facts.hold_ms is None:
        kept = kept_of(facts, payer, at_of(payer, monotonic_ms=facts.monotonic_ms))
    if not kept.parts:
        return declined(facts, Reason.PAYMENTS_OFF)
    return accepted(facts, Weighed(parts=kept.parts, redeemed=kept.redeemed))


def _tap_fault(payer: Payer) -> Reason | None:
    """No supervisor's override pays: the band itself must be good here."""
    if payer.tap.point.kind not in IDENTIFYING or payer.tap.overridden:
        return Reason.DEVICE_NOT_ALLOWED
    return None if payer.told.outcome is Outcome.GRANTED else payer.told.reason


def _may_pay(profile: Profile, link: WalletLink, currency: str) -> bool:
    """A child's band pays nothing, but a drink that was given to it is its own."""
    able = not link.no_charge or bool(link.vouchers)
    return profile.payments and able and link.currency == currency


def _wallet_fault(payer: Payer, link: WalletLink) -> Reason | None:
    if link.blocked or payer.block_epoch > link.block_epoch:
        return Reason.WALLET_BLOCKED
    if payer.pin is Pin.LOCKED:
        return Reason.PIN_LOCKED
    return Reason.MANDATE_DECLINED if link.mandate is MandateState.DECLINED else None


class _Asked(msgspec.Struct, frozen=True):
    """What is weighed: the bill, the limits that hold, and what this band did before."""

    bill: Bill
    limits: Limits
    tally: Tally
    before_minor: int
    at_risk: int
    day: int


def _weigh(facts: PaymentFacts, payer: Payer, link: WalletLink) -> PaymentRuling:
    """Limits first, then money, then the PIN: nobody types one for what could not be paid."""
    asked = _asked(facts, payer, link)
    minor, lapsed = asked.bill.money_minor, asked.bill.lapsed
    if link.no_charge and not asked.bill.vouchers:
        return declined(facts, Reason.PAYMENTS_OFF, lapsed=lapsed)
    spent = limits.shares(facts.basket, link, minor)
    left = _left(payer, link, asked, spent=spent, monotonic_ms=facts.monotonic_ms)
    if left is not None:
        return declined(facts, Reason.SPEND_LIMIT, left=left, lapsed=lapsed)
    covered = cover(payer, link, minor, monotonic_ms=facts.monotonic_ms, at_risk=asked.at_risk)
    if covered.reason is not None:
        return declined(facts, covered.reason, covered=covered, lapsed=lapsed)
    doubt = limits.pin_doubt(payer, link, asked.limits, minor=minor + asked.before_minor)
    if doubt is not None:
        left = asked.limits.pin_above_minor if doubt is Reason.SPEND_LIMIT else None
        return declined(facts, doubt, covered=covered, left=left, lapsed=lapsed)
    counted = _counted(payer, link, asked, monotonic_ms=facts.monotonic_ms)
    parts = asked.bill.vouchers + covered.parts + counted
    tally = _tally(payer, asked.tally, minor, spent=spent)
    weighed = Weighed(parts=parts, covered=covered, tally=tally, lapsed=lapsed, redeemed=asked.bill.redeemed)
    return accepted(facts, weighed)


def _asked(facts: PaymentFacts, payer: Payer, link: WalletLink) -> _Asked:
    layout, moment = payer.tap.layout, payer.tap.moment
    days = limits.days_about(payer.tap.timezone, layout.day_starts_min, moment)
    mine = [leg for leg in facts.legs if leg.wallet == link.id and leg.tender in MONEY]
    theirs = (lease.limits for lease in of_kind(payer, LeaseKind.MONEY))
    return _Asked(
        bill=bill_of(facts, payer, link),
        limits=limits.strictest((link.limits, *theirs)),
        tally=payer.tally.on(*days),
        before_minor=sum(leg.amount_minor for leg in mine),
        at_risk=sum(leg.amount_minor for leg in mine if leg.tender is Tender.RISK),
        day=days[0],  # a clock that jumped ahead opens no part of tomorrow's limit
    )


def _left(
    payer: Payer, link: WalletLink, asked: _Asked, *, spent: dict[str, int], monotonic_ms: int
) -> int | None:
    """Return what a limit leaves that the bill exceeds; None: all limits hold."""
    minor = asked.bill.money_minor
    room = limits.room(payer, asked.limits, asked.tally, before_minor=asked.before_minor)
    if room is not None and minor > room:
        return room
    if link.day_leased:
        today = in_hand(day_leases(payer, asked.day), monotonic_ms)
        if minor > today:
            return today
    return limits.category_room(link, asked.tally, spent)


def _counted(payer: Payer, link: WalletLink, asked: _Asked, *, monotonic_ms: int) -> tuple[Part, ...]:
    if not link.day_leased:
        return ()
    leases = day_leases(payer, asked.day)
    return drawn(leases, asked.bill.money_minor, Tender.LIMIT, monotonic_ms=monotonic_ms)


def _tally(payer: Payer, tally: Tally, minor: int, *, spent: dict[str, int]) -> Tally:
    sums = dict(tally.categories)
    for category, part in spent.items():
        sums[category] = sums.get(category, 0) + part
    return replace(
        tally,
        minor=tally.minor + minor,
        categories=tuple(sorted(sums.items())),
        taps_since_pin=0 if payer.pin is Pin.VERIFIED else tally.taps_since_pin + 1,
    )
