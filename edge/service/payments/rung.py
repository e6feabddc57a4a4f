"""What is rung up: a basket from its first line to its last answer, kept under its op_id for ever."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.bands import Presented
from edge.core.basket import Basket
from edge.core.decision import Reason
from edge.core.payment.bodies import Payment
from edge.core.payment.sale import Authorisation, Sale
from edge.core.vouchers import Stock
from edge.errors import Refused, Unknown
from edge.payviews import CLOSED, BasketState
from edge.store.transaction import Transaction

BASKET = "basket"
TILL = "till"
"""Which basket stands at a point."""
HOLD = "hold"
"""Baskets that are authorised and not captured: they end by themselves."""
TALLY = "spent"
"""What each band has spent here today."""

WORD_MS_MAX = 60_000
"""So long a tap may still be paid by with a PIN or somebody's word; then the band is asked for again."""
ARMED = frozenset(
    {BasketState.AWAITING, BasketState.PIN, BasketState.SHORT, BasketState.DECLINED, BasketState.PARTLY_PAID}
)
"""States in which the next band at the point's reader pays: after a refusal simply another one."""


class Last(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the last payer was answered."""

    reason: Reason
    seq: int = 0
    at_ms: int = 0
    band: bytes | None = None
    ready_minor: int | None = None
    """What is left to be spent here after it."""
    elsewhere_minor: int | None = None
    missing_minor: int = 0
    left_minor: int | None = None
    tries_left: int | None = None
    vouchers: tuple[Stock, ...] = ()
    """What this band can still use here, at this device."""
    lapsed: tuple[tuple[str, str], ...] = ()
    """Vouchers that would have been good here but for their date: kind and last local date."""


class Rung(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One basket as this device keeps it."""

    basket: Basket
    rev: int = 1
    stage: BasketState = BasketState.OPEN
    sale: Sale | None = None
    asked_minor: int | None = None
    """The part that the next payer is asked for; None: all that is due."""
    risk: bool = False
    confirmed: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    """Kinds of voucher that the guest does not want used."""
    offers: tuple[str, ...] = ()
    """Sorts of voucher that lie at this device, whosever they are."""
    hold_ms: int | None = None
    undoing: str = ""
    """The id of an undo that waits for the guest's band."""
    presented: Presented | None = None
    """The tap that waits for its PIN, or for somebody's word."""
    tapped_ms: int = 0
    """When it was read, by the clock that only rises."""
    boot: str = ""
    """In which run of the machine that clock was read last."""
    last: Last | None = None
    laid: tuple[str, ...] = ()
    """The acts by which cash or a card was laid down: said again after a restart, each counts once."""

    @property
    def due_minor(self) -> int:
        """What is still to be paid."""
        return self.basket.total_minor if self.sale is None else self.sale.due_minor

    @property
    def part_minor(self) -> int:
        """How much the band read last can pay of what is due."""
        if self.last is None:
            return 0
        limited = self.last.reason is Reason.SPEND_LIMIT
        return min(self.due_minor, (self.last.left_minor if limited else self.last.ready_minor) or 0)

    @property
    def open(self) -> bool:
        """Whether anything can still be paid of it."""
        return self.stage not in CLOSED

    @property
    def occupies(self) -> bool:
        """Whether its till can ring up nothing else; what is set aside leaves the till free."""
        begun = bool(self.basket.lines) or self.sale is not None
        return self.open and self.stage is not BasketState.HELD and begun


_DECODE = msgspec.msgpack.Decoder(Rung).decode


def rung_by(tx: Transaction, op_id: str) -> Rung | None:
    """Return what is kept under an op_id."""
    body = tx.get(BASKET, op_id)
    return None if body is None else _DECODE(body)


def must_know(tx: Transaction, op_id: str) -> Rung:
    """Return what is kept under an op_id, or raise ``Unknown``."""
    rung = rung_by(tx, op_id)
    if rung is None:
        raise Unknown("There is no such basket here.", hint="Ring it up at this till.")
    return rung


def standing(tx: Transaction, point: str) -> Rung | None:
    """Return the basket that stands at a point, also one that has its answer."""
    body = tx.get(TILL, point)
    return None if body is None else rung_by(tx, body.decode())


def all_standing(tx: Transaction) -> list[Rung]:
    """Return what stands at every point."""
    return [found for _, body in tx.rows(TILL) if (found := rung_by(tx, body.decode())) is not None]


def stand(tx: Transaction, rung: Rung) -> Rung:
    """Keep a basket as it is now: its revision rises, and its point shows it."""
    after = replace(rung, rev=rung.rev + 1)
    op_id, point = after.basket.op_id, after.basket.point
    tx.put(BASKET, op_id, msgspec.msgpack.encode(after))
    if tx.get(TILL, point) != op_id.encode():
        tx.put(TILL, point, op_id.encode())
    note_hold(tx, after)
    return after


def keep(tx: Transaction, rung: Rung) -> Rung:
    """Keep a basket that need not be the one that stands at its point."""
    after = replace(rung, rev=rung.rev + 1)
    tx.put(BASKET, after.basket.op_id, msgspec.msgpack.encode(after))
    note_hold(tx, after)
    return after


def note_hold(tx: Transaction, rung: Rung) -> None:
    """Remember which baskets end by themselves, so that the watch need not read all of them."""
    op_id, sale = rung.basket.op_id, rung.sale
    if sale is None:
        return
    held = sale.state is Authorisation.AUTHORISED and bool(sale.legs)
    there = tx.get(HOLD, op_id) is not None
    if held and not there:
        tx.put(HOLD, op_id, b"1")
    elif there and not held:
        tx.delete(HOLD, op_id)


def held_ops(tx: Transaction) -> list[str]:
    """Return the baskets of which something is authorised and nothing captured."""
    return [op_id for op_id, _ in tx.rows(HOLD)]


def resume(tx: Transaction, *, ticked_ms: int, now_ms: int) -> None:
    """Set the ends of what is authorised anew after a restart that lost the clock."""
    for op_id in held_ops(tx):
        known = rung_by(tx, op_id)
        if known is not None and known.sale is not None:
            left_ms = max(0, known.sale.until_ms - ticked_ms)
            sale = replace(known.sale, until_ms=now_ms + left_ms, at_ms=now_ms)
            keep(tx, replace(known, sale=sale))


def demand_open(rung: Rung, point: str) -> Rung:
    """Return a basket that may be changed at this point, or refuse it."""
    if rung.basket.point != point:
        raise Refused("This basket stands at another till.")
    if not rung.open:
        raise Refused("This basket is closed.", hint="Begin a new one.")
    if rung.undoing:
        raise Refused("This payment waits to be taken back.", hint="Let the guest tap, or leave it paid.")
    if rung.stage is BasketState.HELD:
        raise Refused("This is set aside.", hint="Take it from the list of holds, or release it there.")
    return rung


def left_paid(rung: Rung) -> Rung:
    """Return a payment whose guest did not take it back after all: it stands as it was."""
    return replace(rung, stage=BasketState.APPROVED, undoing="")


def stands(tx: Transaction, rung: Rung) -> bool:
    """Say whether its till shows this basket, and no later one."""
    return tx.get(TILL, rung.basket.point) == rung.basket.op_id.encode()


def last_of(payment: Payment, *, seq: int, at_ms: int, band: bytes | None) -> Last:
    """Return what a payment's answer leaves to be shown."""
    return Last(
        reason=payment.reason,
        seq=seq,
        at_ms=at_ms,
        band=band,
        ready_minor=None if band is None else payment.ready_minor,
        elsewhere_minor=payment.elsewhere_minor,
        missing_minor=payment.missing_minor,
        left_minor=payment.left_minor,
        lapsed=payment.lapsed,
    )
