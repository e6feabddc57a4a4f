"""A bill: what one payer is asked for, once vouchers have done their part."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from edge.core.calendar import date_text
from edge.core.payment.facts import Payer, PaymentFacts
from edge.core.payment.funds import Part, in_hand, of_kind
from edge.core.payment.legs import Tender
from edge.core.payment.limits import days_about
from edge.core.payment.promised import Redeemed
from edge.core.payment.promises import NOTHING, Kept, keep_promises
from edge.core.vouchers import Stock, Used, base_of, choose_discounts, choose_tenders, is_timely
from edge.core.wallet import WalletLink


class Bill(msgspec.Struct, frozen=True):
    """Units that are used first, the money that is asked then, and vouchers whose time is over."""

    vouchers: tuple[Part, ...]
    money_minor: int
    lapsed: tuple[tuple[str, str], ...] = ()
    """Kind and last local date of each that would have been good here but for its date."""
    redeemed: tuple[Redeemed, ...] = ()


class At(msgspec.Struct, frozen=True):
    """Where and when vouchers are to be good: the point, its local dates, the clock of the leases.

    The first and the last that it may be, as far as the clock may be off: what is not good on both waits.
    """

    point: str
    dates: tuple[str, str]
    monotonic_ms: int


def at_of(payer: Payer, *, monotonic_ms: int) -> At:
    """Return where and when a payer stands."""
    tap = payer.tap
    first, last = days_about(tap.timezone, tap.layout.day_starts_min, tap.moment)
    return At(tap.point.id, (date_text(first), date_text(last)), monotonic_ms)


def bill_of(facts: PaymentFacts, payer: Payer, link: WalletLink) -> Bill:
    """Return what this payer is asked for: a hold, an agreed part, or all that is still due.

    A band that pays nothing uses its vouchers all the same; what is due then, another one pays. Offers that
    the guest took up come first: a line that one of them lowers takes no voucher.
    """
    due = facts.due_minor
    if facts.hold_ms is not None:
        return Bill((), due)
    at = at_of(payer, monotonic_ms=facts.monotonic_ms)
    kept = kept_of(facts, payer, at)
    stocks, lapsed = stocks_of(payer, link, at)
    before = frozenset(leg.line for leg in facts.legs if leg.tender is Tender.DISCOUNT)
    discounts = choose_discounts(facts.basket.lines, stocks, before | kept.lines)
    spent = {used.kind for used in discounts} | {part.lease.kind for part in kept.parts}
    due -= sum(used.minor for used in discounts) + kept.minor
    left = [stock for stock in stocks if stock.voucher.kind not in spent]
    lowered = (*discounts, *_lowered(kept))
    tenders = choose_tenders(facts.basket.lines, left, lowered, due_minor=due)
    due -= sum(used.minor for used in tenders)
    parts = _parts(payer, discounts, Tender.DISCOUNT, monotonic_ms=facts.monotonic_ms)
    parts += _parts(payer, tenders, Tender.VOUCHER, monotonic_ms=facts.monotonic_ms)
    asked = due if facts.asked_minor is None else min(due, facts.asked_minor)
    asked = 0 if link.no_charge else asked
    return Bill(kept.parts + parts, asked, lapsed, kept.redeemed)


def kept_of(facts: PaymentFacts, payer: Payer, at: At) -> Kept:
    """Return what the payer's promises come to: those whose day is not over, out of what lies here."""
    held = payer.promised
    if not held.promises:
        return NOTHING
    due = replace(held, promises=tuple(one for one in held.promises if all(map(one.holds_on, at.dates))))
    return keep_promises(
        facts.basket.lines, due, payer.leases, legs=facts.legs, monotonic_ms=facts.monotonic_ms
    )


def _lowered(kept: Kept) -> list[Used]:
    """Return what promises take off each line, so that no tender pays for it again."""
    sums: dict[int | None, int] = {}
    for part in kept.parts:
        sums[part.line] = sums.get(part.line, 0) + part.minor
    return [Used("", 0, minor, line) for line, minor in sums.items()]


def stocks_of(
    payer: Payer, link: WalletLink, at: At
) -> tuple[tuple[Stock, ...], tuple[tuple[str, str], ...]]:
    """Return which vouchers may be used, and those whose time is over: kind and last local date."""
    stocks, lapsed = list[Stock](), list[tuple[str, str]]()
    for voucher in link.vouchers:
        units = in_hand(of_kind(payer, voucher.kind), at.monotonic_ms)
        here = not voucher.points or at.point in voucher.points
        if units == 0 or not here or {voucher.kind, base_of(voucher.kind)} & set(payer.declined):
            continue
        if all(is_timely(voucher, date) for date in at.dates):
            stocks.append(Stock(voucher, units))
        elif voucher.valid_until and at.dates[0] > voucher.valid_until:
            lapsed.append((voucher.kind, voucher.valid_until))
    return tuple(stocks), tuple(lapsed)


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
