"""The forms in which a basket is shown: for the till, and without reasons for the guest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from edge.core.decision import Family, Reason, family
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.sale import UNDO_MS_MAX, Authorisation, Sale
from edge.core.profiles import Profile
from edge.core.taxes import off_by_line
from edge.core.vouchers import base_of
from edge.core.wallet import MandateNote
from edge.payviews import BasketState, BasketView, LegView, LineView, PaymentView, SlipView, VoucherView
from edge.service.payments.rung import Last, Rung
from edge.service.show import said_aloud, short

WORDS = {
    BasketState.IDLE: "pay.idle",
    BasketState.OPEN: "pay.basket",
    BasketState.AWAITING: "pay.await_tap",
    BasketState.PIN: "pay.pin",
    BasketState.PARTLY_PAID: "pay.partly_paid",
    BasketState.HELD: "pay.held",
    BasketState.SHORT: "pay.short",
    BasketState.APPROVED: "pay.approved",
    BasketState.GIVEN_UP: "pay.given_up",
    BasketState.VOIDED: "pay.voided",
}
"""The guest's sentence of each state; a refusal's says what to do next, see ``refusal_words``."""
OTHER_WAY, SEE_STAFF, TAP_AGAIN = "pay.other_way", "pay.see_staff", "pay.again"
NEXT_WORDS = {
    Reason.INSUFFICIENT_HERE: OTHER_WAY,
    Reason.INSUFFICIENT_FUNDS: OTHER_WAY,
    Reason.OFFLINE_LIMIT: OTHER_WAY,
    Reason.SPEND_LIMIT: OTHER_WAY,
    Reason.PAYMENTS_OFF: OTHER_WAY,
    Reason.AGE_CONFIRM: "pay.age",
    Reason.PIN_REQUIRED: "pay.pin",
    Reason.PIN_WRONG: "pay.pin",
}
"""What a guest is told to do where a band does not pay; every other reason is for staff to explain."""
UNDO_WORDS = "pay.await_undo"
HOLD_WORDS = "pay.await_hold"
MINUTE_MS = 60_000
FAMILIES = {
    BasketState.APPROVED: Family.GO,
    BasketState.VOIDED: Family.GO,
    BasketState.HELD: Family.GO,
    BasketState.PIN: Family.ASK,
}
FRESH = frozenset({BasketState.OPEN, BasketState.AWAITING})
"""States in which nobody's band was read for what stands there now."""
ProfileOf = Callable[[bytes], Profile | None]


def basket_view(rung: Rung, profile_of: ProfileOf, *, repeated: bool = False, cause: str = "") -> BasketView:
    """Return a basket as its till shows it."""
    basket, sale, last = rung.basket, rung.sale, rung.last or Last(reason=Reason.IDENTIFIED)
    payer = profile_of(last.band) if last.band is not None else None
    return BasketView(
        point=basket.point,
        state=rung.stage,
        op_id=basket.op_id,
        rev=rung.rev,
        currency=basket.currency,
        lines=lines_of(rung),
        total_minor=basket.total_minor,
        paid_minor=sale.paid_minor if sale is not None else 0,
        due_minor=rung.due_minor if rung.open else 0,
        legs=tuple(leg_view(leg, profile_of) for leg in sale.legs) if sale is not None else (),
        vouchers=vouchers_of(rung, payer),
        words=words_of(rung),
        family=_family(rung),
        reason=rung.last.reason if rung.last is not None else None,
        ready_here_minor=last.ready_minor,
        kept_elsewhere_minor=last.elsewhere_minor,
        missing_minor=last.missing_minor,
        left_minor=last.left_minor,
        pin_left=last.tries_left if rung.stage is BasketState.PIN else None,
        name=payer.name if payer is not None else "",
        language=payer.language if payer is not None else "",
        band_short=short(last.band),
        cause=cause,
        undoing=bool(rung.undoing),
        hold=rung.hold_ms is not None,
        hold_minutes=None if rung.hold_ms is None else rung.hold_ms // MINUTE_MS,
        back_id=sale.void_ids[-1] if sale is not None and sale.void_ids else "",
        opened_ms=basket.opened_ms,
        at_ms=last.at_ms,
        staff=basket.staff or None,
        seq=last.seq,
        repeated=repeated,
        note=said_aloud(payer),
        notice=said_aloud(payer) is not MandateNote.NONE,
    )


def words_of(rung: Rung) -> str:
    """Return the key of the guest's sentence."""
    if rung.undoing:
        return UNDO_WORDS
    if rung.stage is BasketState.AWAITING and rung.hold_ms is not None:
        return HOLD_WORDS
    if rung.stage is BasketState.SHORT and rung.last is not None and not rung.last.ready_minor:
        return OTHER_WAY
    if rung.stage is BasketState.DECLINED and rung.last is not None:
        return refusal_words(rung.last.reason)
    return WORDS.get(rung.stage, "pay.basket")


def refusal_words(reason: Reason) -> str:
    """Return the key of what a guest may do next; it names no reason, for everybody at a counter reads it."""
    if family(reason) is Family.AGAIN:
        return TAP_AGAIN
    return NEXT_WORDS.get(reason, SEE_STAFF)


def _family(rung: Rung) -> Family | None:
    if rung.stage in (BasketState.DECLINED, BasketState.SHORT) and rung.last is not None:
        return family(rung.last.reason)
    return FAMILIES.get(rung.stage)


def lines_of(rung: Rung) -> tuple[LineView, ...]:
    """Return the lines with what was taken back of each."""
    back, gone = Counter[int](), Counter[int]()
    for line in rung.sale.voided if rung.sale is not None else ():
        back[line.line] += line.gross_minor
        gone[line.line] += line.quantity
    off = off_by_line(rung.sale.legs if rung.sale is not None else ())
    return tuple(
        LineView(
            item=line.item,
            name=line.name,
            quantity=line.quantity,
            price_minor=line.price_minor,
            amount_minor=line.gross_minor,
            tax_permille=line.tax_permille,
            category=line.category,
            off_minor=off[number].minor if number in off else 0,
            off_label=off[number].label if number in off else "",
            voided_minor=back[number],
            left=abs(line.quantity) - gone[number],
        )
        for number, line in enumerate(rung.basket.lines)
    )


def vouchers_of(rung: Rung, payer: Profile | None) -> tuple[VoucherView, ...]:
    """Return the vouchers of the band read last, or what may come with the next one."""
    last = rung.last
    if last is None or last.band is None or rung.stage in FRESH:
        told = rung.offers if rung.open and not rung.undoing else ()
        return tuple(VoucherView(kind=sort, declined=sort in rung.declined) for sort in told)
    known = payer.wallet.vouchers if payer is not None and payer.wallet is not None else ()
    names = {one.kind: one.names for one in known}
    here = (
        VoucherView(
            kind=stock.voucher.kind,
            names=stock.voucher.names,
            units=stock.units,
            minor=stock.units * stock.voucher.unit_minor if stock.voucher.unit_minor else None,
            until=stock.voucher.valid_until,
            declined=bool({stock.voucher.kind, base_of(stock.voucher.kind)} & set(rung.declined)),
        )
        for stock in last.vouchers
    )
    over = (
        VoucherView(kind=kind, names=names.get(kind, {}), until=until, lapsed=True)
        for kind, until in last.lapsed
    )
    return (*here, *over)


def leg_view(leg: Leg, profile_of: ProfileOf) -> LegView:
    """Return who or what paid a part; a voucher is named by its kind."""
    payer = profile_of(leg.band) if leg.band is not None else None
    voucher = leg.tender in (Tender.VOUCHER, Tender.DISCOUNT)
    return LegView(
        tender=leg.kind if voucher else leg.tender.value,
        amount_minor=leg.left_minor,
        band_short=short(leg.band),
        name=payer.name if payer is not None else "",
        units=leg.units - leg.voided_units if voucher else 0,
    )


def payment_view(rung: Rung, shown: BasketView) -> PaymentView:
    """Return a finished payment, or a hold, as a till's list shows it; ``shown`` is its basket's view."""
    sale, last = rung.sale, rung.last
    return PaymentView(
        op_id=rung.basket.op_id,
        point=rung.basket.point,
        at_ms=last.at_ms if last is not None else 0,
        currency=rung.basket.currency,
        total_minor=rung.basket.total_minor,
        state=rung.stage,
        lines=shown.lines,
        legs=shown.legs,
        voided_minor=_back_minor(sale) if sale is not None else 0,
        refund_asked_minor=sale.refunded_minor if sale is not None else 0,
        slips=slips_of(sale) if sale is not None else (),
        undo_until_ms=shown.undo_until_ms,
        until_ms=shown.until_ms,
        name=next((leg.name for leg in shown.legs if leg.name), ""),
        staff=rung.basket.staff or None,
        seq=last.seq if last is not None else 0,
    )


def _back_minor(sale: Sale) -> int:
    """What went back of a sale; what a hold released when it was taken for less was never sold."""
    if sale.hold:
        return sum(line.gross_minor for line in sale.voided)
    return sum(leg.voided_minor for leg in sale.legs)


def slips_of(sale: Sale) -> tuple[SlipView, ...]:
    """Return what was taken back of a sale, each with its own receipt."""
    voids = (SlipView(id=one, kind="void") for one in sale.void_ids)
    refunds = (SlipView(id=one, kind="refund") for one in sale.refund_ids)
    return (*voids, *refunds)


def held_left_ms(sale: Sale | None, now_ms: int) -> int | None:
    """Return for how long what is only authorised still stands; None: nothing is."""
    if sale is None or sale.state is not Authorisation.AUTHORISED or not sale.legs:
        return None
    return max(0, sale.until_ms - now_ms)


def undo_left_ms(sale: Sale | None, now_ms: int) -> int:
    """Return for how long a guest may still take a payment back at the same reader."""
    if sale is None or sale.state is not Authorisation.CAPTURED or now_ms < sale.at_ms:
        return 0
    return max(0, sale.at_ms + UNDO_MS_MAX - now_ms)
