"""The book of paper coupons: which one came with which purchase, for its copies and for whoever scans it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from edge.core.calendar import DAY_MS
from edge.core.events import Kind
from edge.core.offers.said import Told
from edge.core.payment.promised import Promise
from edge.offerviews import OfferTile
from edge.store.transaction import Transaction

PAPER, PAPER_OF, OPEN, NONE = "paper_coupon", "paper_coupon_of", "paper_coupon_open", "paper_coupon_none"
"""Kinds of what is kept: each by its purchase, whose purchase an exposure is, those that can be used, and
purchases for which none was found."""
ASIDE = "paper_coupon_aside"
"""Kind of what is set aside of each budget: no choice goes through all papers."""


class Paper(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The coupon of one purchase, as it was said; no guest is in it."""

    op_id: str
    point: str
    promise: Promise
    tile: OfferTile
    """Its words and its worth at that moment: a later bundle changes nothing of them."""
    printed: bool = False
    """It came out on paper, or a phone was shown it."""
    used: bool = False
    made_ms: int = 0
    withdrawn: bool = False
    """The purchase was taken back whole."""
    voided: bool = False
    """Another one was made in its place."""

    @property
    def open(self) -> bool:
        """Whether it can still be used."""
        return not self.used and not self.withdrawn and not self.voided


class _Open(msgspec.Struct, frozen=True, array_like=True):
    """As much of an open one as is asked of all of them at once."""

    offer: str
    until: str
    budget: str = ""
    each: int = 0
    made_ms: int = 0
    printed: bool = False


_PAPER, _OPEN = msgspec.msgpack.Decoder(Paper).decode, msgspec.msgpack.Decoder(_Open).decode


def paper_by(tx: Transaction, op_id: str) -> Paper | None:
    """Return the coupon that came with a purchase."""
    body = tx.get(PAPER, op_id)
    return None if body is None else _PAPER(body)


def has_none(tx: Transaction, op_id: str) -> bool:
    """Say whether none was found for a purchase before: asked again, nothing is chosen any more."""
    return tx.get(NONE, op_id) is not None


def put_none(tx: Transaction, op_id: str) -> None:
    """Note that none was found for a purchase."""
    tx.put(NONE, op_id, msgspec.msgpack.encode(tx.now.now_ms))


def paper_of(tx: Transaction, exposure: str) -> Paper | None:
    """Return the coupon of an exposure."""
    op_id = tx.get(PAPER_OF, exposure)
    return None if op_id is None else paper_by(tx, op_id.decode())


def put_paper(tx: Transaction, paper: Paper) -> None:
    """Keep a coupon as it stands, and what is set aside for it while it can be used."""
    promise, exposure = paper.promise, paper.promise.exposure
    tx.put(PAPER, paper.op_id, msgspec.msgpack.encode(paper))
    tx.put(PAPER_OF, exposure, paper.op_id.encode())
    _close(tx, exposure)
    if not paper.open:
        return
    budget = promise.offer.budget
    kind, each = (budget.id, budget.each) if budget is not None else ("", 0)
    one = _Open(promise.offer.id, promise.until, kind, each, paper.made_ms, paper.printed)
    tx.put(OPEN, exposure, msgspec.msgpack.encode(one))
    _set_aside(tx, kind, each)


def _close(tx: Transaction, exposure: str) -> None:
    """Let go what was set aside for a coupon, if anything was."""
    body = tx.get(OPEN, exposure)
    if body is not None:
        one = _OPEN(body)
        tx.delete(OPEN, exposure)
        _set_aside(tx, one.budget, -one.each)


def _set_aside(tx: Transaction, budget: str, units: int) -> None:
    if budget:
        body = tx.get(ASIDE, budget)
        before = 0 if body is None else msgspec.msgpack.decode(body, type=int)
        tx.put(ASIDE, budget, msgspec.msgpack.encode(max(0, before + units)))


def promised_on_paper(tx: Transaction) -> dict[str, int]:
    """Return what all open ones will cost of each budget at most, as it is kept beside them."""
    return {budget: msgspec.msgpack.decode(body, type=int) for budget, body in tx.rows(ASIDE)}


def open_of(tx: Transaction, offer: str) -> Iterator[str]:
    """Yield the exposures of an offer's open ones."""
    yield from (exposure for exposure, body in tx.rows(OPEN) if _OPEN(body).offer == offer)


def lapse(tx: Transaction, date: str) -> int:
    """Forget coupons whose last local date is over, and end those that came out of no printer for a day.

    Returns for how many something had been set aside.
    """
    aside, old_ms = 0, tx.now.now_ms - DAY_MS
    for exposure, body in tx.rows(OPEN):
        one, whose = _OPEN(body), tx.get(PAPER_OF, exposure)
        if "" < one.until < date:
            _close(tx, exposure)
            aside += 1
        elif not one.printed and one.made_ms < old_ms and whose is not None:
            withdraw(tx, whose.decode())
            aside += 1
    for purchase, body in tx.rows(PAPER):
        promise = _PAPER(body).promise
        if "" < promise.until < date:  # its code is refused without it as well
            tx.delete(PAPER, purchase)
            tx.delete(PAPER_OF, promise.exposure)
    for op_id, body in tx.rows(NONE):  # a sale of yesterday brings none anyway
        if msgspec.msgpack.decode(body, type=int) < tx.now.now_ms - DAY_MS:
            tx.delete(NONE, op_id)
    return aside


def mark_used(tx: Transaction, exposure: str, *, used: bool) -> bool:
    """Note that a coupon was redeemed, or that its redemption was taken back; say whether it is one."""
    paper = paper_of(tx, exposure)
    if paper is not None:
        put_paper(tx, replace(paper, used=used))
    return paper is not None


def withdraw(tx: Transaction, op_id: str) -> None:
    """End the coupon of a purchase that was taken back whole; what was used stays used."""
    paper = paper_by(tx, op_id)
    if paper is None or paper.withdrawn:
        return
    promise = paper.promise
    put_paper(tx, replace(paper, withdrawn=True))
    if paper.used:
        return
    told = Told(
        exposure=promise.exposure,
        offer=promise.offer.id,
        campaign=promise.offer.campaign,
        bundle=promise.bundle,
        point=paper.point,
        op_id=op_id,
    )
    tx.append(Kind.OFFER_DECLINED, told)
