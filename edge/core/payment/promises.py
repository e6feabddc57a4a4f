"""Promises kept: what a basket redeems of the offers that a guest took up, out of budgets that lie here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from edge.core.basket import Line
from edge.core.lease import Lease, LeaseKind, ready
from edge.core.offers.bundle import Bundle
from edge.core.offers.offer import Offer, Unit
from edge.core.offers.price import in_order, priced, reach
from edge.core.offers.stack import best
from edge.core.payment.funds import Part
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.promised import PROMISES_MAX, Promise, Promised, Redeemed
from edge.core.vouchers import base_of


class Kept(msgspec.Struct, frozen=True):
    """The parts of a bill that promises pay, and which promises those were."""

    parts: tuple[Part, ...] = ()
    redeemed: tuple[Redeemed, ...] = ()

    @property
    def lines(self) -> frozenset[int | None]:
        """The lines that are lowered by it."""
        return frozenset(part.line for part in self.parts)

    @property
    def minor(self) -> int:
        """What it takes off in all."""
        return sum(part.minor for part in self.parts)


NOTHING = Kept()


def keep_promises(
    lines: Sequence[Line],
    held: Promised,
    leases: Sequence[Lease],
    *,
    legs: Iterable[Leg] = (),
    monotonic_ms: int,
) -> Kept:
    """Return what of these promises a basket redeems: lines first, then baskets, coupons and points.

    Of those that do not go together the best legal combination is taken. One whose budget here does not hold
    all that it would cost is left out whole. Whatever is left out is not spent.
    """
    gone = {leg.line for leg in legs if leg.tender is Tender.DISCOUNT}
    open_ = [replace(line, price_minor=0) if n in gone else line for n, line in enumerate(lines)]
    left, purse = priced(open_), _Purse(leases, monotonic_ms)
    by_offer = {promise.offer.id: promise for promise in held.promises[:PROMISES_MAX]}
    payable = [
        one.offer for one in by_offer.values() if purse.holds(one.offer, reach(one.offer, open_).takes(left))
    ]
    rules = Bundle(version=0, categories=held.categories, basket_most=held.basket_most)
    chosen = best(rules, open_, payable).offers
    parts, redeemed = list[Part](), list[Redeemed]()
    for offer in in_order(offer for offer in payable if offer.id in chosen):
        off = reach(offer, open_).takes(left)
        taken = purse.draw(by_offer[offer.id], off)
        if taken is None:
            continue
        left = [one - less for one, less in zip(left, off, strict=True)]
        parts += taken
        redeemed.append(_redeemed(by_offer[offer.id], taken))
    return Kept(tuple(parts), tuple(redeemed))


def _redeemed(promise: Promise, parts: Iterable[Part]) -> Redeemed:
    return Redeemed(
        exposure=promise.exposure,
        offer=promise.offer.id,
        bundle=promise.bundle,
        minor=sum(part.minor for part in parts),
        units=sum(part.units for part in parts),
    )


class _Purse:
    """What lies here of budgets and points, less what was drawn for earlier promises of the same bill."""

    def __init__(self, leases: Sequence[Lease], monotonic_ms: int) -> None:
        self.leases = sorted(leases, key=lambda lease: (lease.ends_ms, lease.id))
        self.left = {lease.id: ready(lease, monotonic_ms) for lease in leases}

    def holds(self, offer: Offer, off: Sequence[int]) -> bool:
        """Say whether all that an offer would cost is here."""
        mine = [lease for lease in self.leases if _pays(lease, offer)]
        wanted = sum(units for units, _, _ in _shares(offer, off))
        return bool(mine) and any(off) and wanted <= sum(self.left[lease.id] for lease in mine)

    def draw(self, promise: Promise, off: Sequence[int]) -> list[Part] | None:
        """Return the parts that pay for what a promise takes off each line; None: not all of it is here."""
        offer = promise.offer
        if not self.holds(offer, off):
            return None
        mine = [lease for lease in self.leases if _pays(lease, offer)]
        parts = [part for share in _shares(offer, off) for part in self._take(mine, share)]
        return [replace(part, label=promise.label) for part in parts]

    def _take(self, mine: Sequence[Lease], share: tuple[int, int, int]) -> Iterable[Part]:
        units, minor, line = share
        if not units:
            yield Part(mine[0], Tender.DISCOUNT, 0, minor, line)
        for lease in mine:
            piece = min(units, self.left[lease.id])
            if piece > 0:
                worth = minor * piece // units
                self.left[lease.id] -= piece
                units, minor = units - piece, minor - worth
                yield Part(lease, Tender.DISCOUNT, piece, worth, line)


def _shares(offer: Offer, off: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return of each lowered line the units that it costs, what is taken off it, and its number.

    Money costs what it takes off; a piece, or points, are spent once, with the first line.
    """
    lowered = [(number, minor) for number, minor in enumerate(off) if minor]
    budget = offer.budget
    if budget is not None and budget.unit is Unit.MONEY:
        return [(minor, minor, number) for number, minor in lowered]
    once = offer.points_spent or (budget.each if budget is not None else 0)
    return [(once if place == 0 else 0, minor, number) for place, (number, minor) in enumerate(lowered)]


def _pays(lease: Lease, offer: Offer) -> bool:
    """Whether an offer is paid out of this lease: the guest's own points, or the campaign's budget."""
    if offer.points_spent:
        return bool(lease.wallet) and base_of(lease.kind) == LeaseKind.POINTS
    return offer.budget is not None and not lease.wallet and lease.kind == offer.budget.id
