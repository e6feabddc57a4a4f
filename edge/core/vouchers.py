"""Vouchers: what a free drink, a gift or points are good for, and which of them a basket uses first."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec

from edge.core.basket import Line
from edge.core.lease import LeaseKind
from edge.core.money import rounded

VOUCHER_KINDS = (LeaseKind.FREE_DRINK, LeaseKind.GIFT, LeaseKind.POINTS)
"""Leased counters that are vouchers; the others are money and limits."""
PROMISES = (LeaseKind.GIFT, LeaseKind.OFFER)
"""What a campaign's own budget is counted by: money off prices, and pieces that are given away."""
CAMPAIGN_CHARS_MAX = 24
"""Posting keys and the ledger's units hold the kind with its campaign."""
PERCENT = 100
PARTS_NAMED = 2
FOR_EVER = "9999-12-31"


class VoucherUse(enum.StrEnum):
    """What a voucher is to the basket; points are one or the other, never both."""

    DISCOUNT = "discount"
    """It lowers the price of a line, and the tax in it."""
    TENDER = "tender"
    """It pays like money, and the tax stays."""


class Voucher(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one kind of leased units is good for: ``kind`` is the lease's, and counts how many there are."""

    kind: str
    names: dict[str, str] = {}
    use: VoucherUse = VoucherUse.DISCOUNT
    items: tuple[str, ...] = ()
    """Of these things; with ``categories`` empty too: of anything."""
    categories: tuple[str, ...] = ()
    percent: int = 0
    """Of the price of one thing: 100 is a free one."""
    off_minor: int = 0
    """Off the price of one thing."""
    unit_minor: int = 0
    """What one unit pays as a tender: 1 for a gift counted in cents."""
    valid_from: str = ""
    valid_until: str = ""
    """First and last local date, ISO 8601; empty: no such end."""
    points: tuple[str, ...] = ()
    """Only at these points; empty: everywhere."""


class Stock(msgspec.Struct, frozen=True):
    """A voucher and how many of its units may be used here now."""

    voucher: Voucher
    units: int


class Used(msgspec.Struct, frozen=True):
    """Some units of one kind, and what they take off a line or pay."""

    kind: str
    units: int
    minor: int
    line: int | None = None


def base_of(kind: str) -> str:
    """Return what sort of voucher a kind is: ``free_drink``, ``gift`` or ``points``."""
    return kind.partition(":")[0]


def campaign_of(kind: str) -> str:
    """Return under which name people know a kind: what comes after it only tells equals apart."""
    return ":".join(kind.split(":")[:PARTS_NAMED]).rstrip(":")


def is_timely(voucher: Voucher, date: str) -> bool:
    """Say whether a voucher is good on a local date."""
    return voucher.valid_from <= date and (not voucher.valid_until or date <= voucher.valid_until)


def fits(voucher: Voucher, line: Line) -> bool:
    """Say whether a voucher is for this thing."""
    if line.gross_minor <= 0:
        return False
    anything = not voucher.items and not voucher.categories
    return anything or line.item in voucher.items or line.category in voucher.categories


def worth(voucher: Voucher, line: Line) -> int:
    """Return what one unit takes off a line: at most the price of one thing."""
    return min(line.price_minor, voucher.off_minor + rounded(line.price_minor * voucher.percent, PERCENT))


def choose_discounts(
    lines: Sequence[Line], stocks: Sequence[Stock], taken: frozenset[int | None] = frozenset()
) -> tuple[Used, ...]:
    """Choose what is worth most first, then what ends soonest, then by name; each line has one at most.

    The lines in ``taken`` have theirs already.
    """
    offers = sorted(
        (-worth(stock.voucher, line), stock.voucher.valid_until or FOR_EVER, stock.voucher.kind, number)
        for stock in stocks
        for number, line in enumerate(lines)
        if number not in taken and line.quantity > 0
        if stock.voucher.use is VoucherUse.DISCOUNT and fits(stock.voucher, line)
    )
    left = {stock.voucher.kind: stock.units for stock in stocks}
    chosen: dict[int, Used] = {}
    for value, _, kind, number in offers:
        if value < 0 and number not in chosen and left[kind] > 0:
            left[kind] -= 1
            chosen[number] = Used(kind, 1, -value, number)
    return tuple(chosen[number] for number in sorted(chosen))


def choose_tenders(
    lines: Sequence[Line], stocks: Sequence[Stock], discounts: Sequence[Used], *, due_minor: int
) -> tuple[Used, ...]:
    """Choose which units pay what is due: what ends soonest first, then by name; each for its own lines."""
    off = {used.line: used.minor for used in discounts}
    open_minor = [line.gross_minor - off.get(number, 0) for number, line in enumerate(lines)]
    chosen = []
    for stock in sorted(stocks, key=lambda one: (one.voucher.valid_until or FOR_EVER, one.voucher.kind)):
        voucher = stock.voucher
        if voucher.use is not VoucherUse.TENDER or voucher.unit_minor <= 0:
            continue
        mine = [number for number, line in enumerate(lines) if fits(voucher, line)]
        payable = min(due_minor, sum(max(0, open_minor[number]) for number in mine))
        units = min(stock.units, payable // voucher.unit_minor)
        if units > 0:
            minor = units * voucher.unit_minor
            _take(open_minor, mine, minor)
            due_minor -= minor
            chosen.append(Used(voucher.kind, units, minor))
    return tuple(chosen)


def _take(open_minor: list[int], lines: Sequence[int], minor: int) -> None:
    for number in lines:
        part = min(minor, max(0, open_minor[number]))
        open_minor[number] -= part
        minor -= part
