"""A bill: what one payer is asked for, once vouchers have done their part."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge.core.lease import Lease
from edge.core.payment.facts import Payer, PaymentFacts
from edge.core.payment.funds import Part, in_hand, of_kind
from edge.core.payment.legs import Tender
from edge.core.vouchers import Stock, Used, Voucher, choose_discounts, choose_tenders, is_timely
from edge.core.wallet import WalletLink


class Bill(msgspec.Struct, frozen=True):
    """Units that are used first, the money that is asked then, and vouchers whose time is over."""

    vouchers: tuple[Part, ...]
    money_minor: int
    lapsed: tuple[tuple[str, str], ...] = ()
    """Kind and last local date of each that would have been good here but for its date."""


def bill_of(facts: PaymentFacts, payer: Payer, link: WalletLink, *, date: str) -> Bill:
    """Return what this payer is asked for: a hold, an agreed part, or all that is still due."""
    due = facts.due_minor
    if facts.hold_ms is not None:
        return Bill((), due)
    stocks, lapsed = _stocks(facts, payer, link, date=date)
    taken = {leg.line for leg in facts.legs if leg.tender is Tender.DISCOUNT}
    discounts = tuple(used for used in choose_discounts(facts.basket.lines, stocks) if used.line not in taken)
    spent = {used.kind for used in discounts}
    due -= sum(used.minor for used in discounts)
    left = [stock for stock in stocks if stock.voucher.kind not in spent]
    tenders = choose_tenders(facts.basket.lines, left, discounts, due_minor=due)
    due -= sum(used.minor for used in tenders)
    parts = _parts(payer, discounts, Tender.DISCOUNT, monotonic_ms=facts.monotonic_ms)
    parts += _parts(payer, tenders, Tender.VOUCHER, monotonic_ms=facts.monotonic_ms)
    asked = due if facts.asked_minor is None else min(due, facts.asked_minor)
    return Bill(parts, asked, lapsed)


def _stocks(
    facts: PaymentFacts, payer: Payer, link: WalletLink, *, date: str
) -> tuple[list[Stock], tuple[tuple[str, str], ...]]:
    stocks, lapsed = [], []
    for voucher in link.vouchers:
        units = in_hand(_leases(payer, voucher), facts.monotonic_ms)
        here = not voucher.points or facts.basket.point in voucher.points
        if units == 0 or not here or voucher.kind in payer.declined:
            continue
        if is_timely(voucher, date):
            stocks.append(Stock(voucher, units))
        elif voucher.valid_until and date > voucher.valid_until:
            lapsed.append((voucher.kind, voucher.valid_until))
    return stocks, tuple(lapsed)


def _leases(payer: Payer, voucher: Voucher) -> tuple[Lease, ...]:
    return of_kind(payer, voucher.kind)


def _parts(payer: Payer, uses: Sequence[Used], tender: Tender, *, monotonic_ms: int) -> tuple[Part, ...]:
    """Return each use as parts of the leases that it takes units from."""
    left: dict[str, int] = {}
    parts = []
    for used in uses:
        units, minor = used.units, used.minor
        for lease in of_kind(payer, used.kind):
            here = in_hand((lease,), monotonic_ms) - left.get(lease.id, 0)
            piece = min(units, here)
            if piece > 0:
                left[lease.id] = left.get(lease.id, 0) + piece
                worth = minor * piece // units
                parts.append(Part(lease, tender, piece, worth, used.line))
                units, minor = units - piece, minor - worth
    return tuple(parts)
