"""What a cashier does: each act one POST to the service, whose permission decides."""

from __future__ import annotations

import msgspec

from edge.codes import qr_svg
from edge.core.basket import Line
from edge.core.catalogue import ring_up
from edge.core.receipt import Receipt
from edge.errors import NotAllowed, Refused
from edge.payviews import BasketView, CashView
from edge.service.receipts import PaperFault, Printed, Slip
from edge.service.shifts import ShiftView
from edge.staff import Action, Session
from edge.views import ApprovalView
from kiosk.ask import Ask
from kiosk.coupon_slips import below, coupon_of
from kiosk.grants import may_sell
from kiosk.routes import Audience, Rate, Route, View
from kiosk.slips import receipt_slip, taken_slip, words_for
from kiosk.till_bodies import (
    AmountBody,
    BackBody,
    BasketBody,
    CountBody,
    CouponBody,
    MoveBody,
    Payments,
    Phone,
    PlainBody,
    Reported,
    RingBody,
    ShiftEnd,
    VouchersBody,
    pieces_of,
)

TILL = Rate(60, 8.0)
LISTED_MAX = 30


def ring(ask: Ask) -> BasketView:
    """Put this into the basket, at the catalogue's prices."""
    body, point = ask.want(RingBody), here(ask)
    layout = ask.house.service.layout()
    language = layout.languages[0] if layout is not None and layout.languages else ask.language
    bill = ring_up(ask.house.service.catalogue(point), [(piece.id, piece.n) for piece in body.pieces])
    lines = [
        Line(
            item=rung.article.id,
            name=rung.article.name(language),
            quantity=rung.quantity,
            price_minor=rung.article.price_minor,
            tax_permille=rung.article.tax_permille,
            category=rung.article.category,
            age_min=rung.article.age_min,
        )
        for rung in bill
    ]
    service = ask.house.service
    if body.pay:
        return service.sell(ask.person, point, body.op_id, lines=lines)
    return service.ring(ask.person, point, body.op_id, lines=lines, rev=body.rev)


def await_band(ask: Ask) -> BasketView:
    """Let the next band at this till's reader pay."""
    return ask.house.service.await_band(ask.person, here(ask), ask.want(BasketBody).op_id)


def part(ask: Ask) -> BasketView:
    """Let the band read last pay what it has ready here."""
    return ask.house.service.take_part(ask.person, here(ask), ask.want(BasketBody).op_id)


def risk(ask: Ask) -> BasketView:
    """Try what is missing on the operator's loss budget."""
    return ask.house.service.take_risk(ask.person, here(ask), ask.want(BasketBody).op_id)


def age(ask: Ask) -> BasketView:
    """Say that the guest was seen to be old enough."""
    return ask.house.service.confirm_age(ask.person, here(ask), ask.want(BasketBody).op_id)


def vouchers(ask: Ask) -> BasketView:
    """Leave these vouchers with the guest, and use all others."""
    body = ask.want(VouchersBody)
    return ask.house.service.decline_vouchers(ask.person, here(ask), body.op_id, kinds=body.kinds)


def coupon(ask: Ask) -> BasketView:
    """Let a coupon lower what it is for."""
    body = ask.want(CouponBody)
    return ask.house.service.take_coupon(ask.person, here(ask), body.op_id, code=body.code)


def cash(ask: Ask) -> BasketView:
    """Take cash."""
    body = ask.want(AmountBody)
    return ask.house.service.add_cash(ask.person, here(ask), body.op_id, minor=body.minor, act=body.op)


def card(ask: Ask) -> BasketView:
    """Note what an external terminal has charged."""
    body = ask.want(AmountBody)
    return ask.house.service.add_card(ask.person, here(ask), body.op_id, minor=body.minor, act=body.op)


def give_up(ask: Ask) -> BasketView:
    """Close a basket that is not sold; what was paid of it goes back."""
    return ask.house.service.give_up(ask.person, here(ask), ask.want(BasketBody).op_id)


def void(ask: Ask) -> BasketView:
    """Take a payment, or single lines of it, back at this device."""
    body = ask.want(BackBody)
    pieces = pieces_of(body.pieces)
    return ask.house.service.void(at_till(ask), body.op_id, body.back_id, pieces=pieces, reason=_reason(body))


def undo(ask: Ask) -> BasketView:
    """Let the guest take it back: the same band at the same reader."""
    body = ask.want(BackBody)
    return ask.house.service.undo_payment(ask.person, here(ask), body.op_id, void_id=body.back_id)


def refund(ask: Ask) -> BasketView:
    """Ask central to give back what it has posted; above a limit it takes two."""
    body = ask.want(BackBody)
    pieces = pieces_of(body.pieces)
    return ask.house.service.refund(
        at_till(ask), body.op_id, body.back_id, pieces=pieces, reason=_reason(body)
    )


def ask_refund(ask: Ask) -> ApprovalView:
    """Ask that a posted payment is given back: a second person answers for it."""
    body = ask.want(BackBody)
    pieces = pieces_of(body.pieces)
    return ask.house.service.ask_refund(
        at_till(ask), body.op_id, body.back_id, pieces=pieces, reason=_reason(body)
    )


def top_up(ask: Ask) -> CashView:
    """Take cash and put it on the wallet of the next band."""
    body = ask.want(AmountBody)
    return ask.house.service.top_up(ask.person, here(ask), body.op_id, minor=body.minor)


def cash_out(ask: Ask) -> CashView:
    """Pay out what the wallet of the next band has left."""
    return ask.house.service.cash_out(ask.person, here(ask), ask.want(BasketBody).op_id)


def give_up_cash(ask: Ask) -> CashView:
    """Wait no longer for the band of a top-up or a pay-out."""
    return ask.house.service.give_up_cash(ask.person, here(ask), ask.want(BasketBody).op_id)


def payments(ask: Ask) -> Payments:
    """List the last payments at this till."""
    return Payments(payments=ask.house.service.payments(here(ask), LISTED_MAX))


def receipt(ask: Ask) -> Printed:
    """Print a receipt, of whatever act has this id; a second one comes out marked as a copy."""
    body = ask.want(BasketBody)
    here(ask)
    return _printed(ask, body.op_id)


def _printed(ask: Ask, op_id: str) -> Printed:
    receipts, codes = ask.house.service.receipts, set[str]()

    def make(made: Receipt, copy: int) -> Slip:
        words = words_for(ask, ask.language, made.currency)
        columns = receipts.columns(made.point)
        rows, code = below(coupon_of(ask, made, fresh=not copy), words, columns=columns)
        codes.add(code)
        return receipt_slip(made, words, copy=copy, below=rows, coupon=code)

    done = receipts.print(ask.person, op_id, make)
    if done.printed and any(codes):
        receipts.papers.printed(op_id)
    return done


def phone(ask: Ask) -> Phone:
    """Hand a receipt to the guest's phone: a code that is good once."""
    token = ask.house.service.receipts.to_phone(ask.person, ask.want(BasketBody).op_id)
    here(ask)
    address = f"{ask.origin}/q/{token}"
    return Phone(address=address, svg=qr_svg(address))


def open_shift(ask: Ask) -> ShiftView:
    """Open the drawer with the float that was counted."""
    body = ask.want(CountBody)
    return ask.house.service.shifts.open(ask.person, here(ask), counted_minor=body.minor)


def close_shift(ask: Ask) -> ShiftEnd:
    """Close the drawer with what was counted; the report is printed."""
    body, point = ask.want(CountBody), here(ask)
    closed = ask.house.service.shifts.close(
        ask.person, point, counted_minor=body.minor, reason=body.reason, act=body.op
    )
    return ShiftEnd(
        shift=closed.shift,
        number=closed.number,
        currency=closed.currency,
        expected_minor=closed.expected_minor,
        counted_minor=closed.counted_minor,
        difference_minor=closed.difference_minor,
        reason=closed.reason,
        paper=_printed(ask, closed.shift),
    )


def report(ask: Ask) -> Reported:
    """Print what this drawer has taken so far (X)."""
    point = here(ask)
    view = ask.house.service.shifts.view(point, whole=True)
    if view.takings is None:
        raise Refused("No shift is open at this till.", hint="Open one with the float that is counted.")
    words = words_for(ask, ask.language, view.currency)
    slip = taken_slip(view.takings, words, point=point, at_ms=ask.house.clock.now_ms())
    fault = ask.house.service.receipts.print_slip(point, slip)
    return Reported(fault=fault.value if isinstance(fault, PaperFault) else fault or "")


def move(ask: Ask) -> ApprovalView:
    """Ask that cash is brought or taken: a second person answers for it."""
    body = ask.want(MoveBody)
    return ask.house.service.ask_move(
        ask.person, here(ask), body.move, amount_minor=body.minor, reason=body.reason
    )


def drawer(ask: Ask) -> Reported:
    """Open the drawer without a sale; it is written down."""
    ask.house.service.receipts.open_drawer(ask.person, here(ask))
    return Reported()


def at_till(ask: Ask) -> Session:
    """Return who acts, as somebody at this till: what goes back comes out of its drawer, not of their own."""
    return msgspec.structs.replace(ask.person, point=here(ask))


def here(ask: Ask) -> str:
    """Return the till of the address, if this person sells there."""
    point = ask.path["till"]
    if not may_sell(ask.person, point):
        raise NotAllowed("You sell at another till.", hint="Sign in at this one.")
    return point


def _reason(body: BackBody) -> str:
    if not body.reason.strip():
        raise Refused("Say why it is taken back.")
    return body.reason.strip()


def act(
    name: str, view: View, action: Action, *, body: type[msgspec.Struct], answer: type = BasketView
) -> Route:
    """Make the row of one act: what it does stands in the view's first line."""
    summary = (view.__doc__ or "").splitlines()[0]
    rule = f"/api/v1/till/<till>/{name}"
    return Route(
        "POST", rule, view, Audience.STAFF, summary, action=action, body=body, answer=answer, rate=TILL
    )


ROUTES = (
    act("ring", ring, Action.SELL, body=RingBody),
    act("await", await_band, Action.SELL, body=BasketBody),
    act("part", part, Action.SELL, body=BasketBody),
    act("risk", risk, Action.SELL, body=BasketBody),
    act("age", age, Action.SELL, body=BasketBody),
    act("vouchers", vouchers, Action.SELL, body=VouchersBody),
    act("coupon", coupon, Action.SELL, body=CouponBody),
    act("cash", cash, Action.SELL, body=AmountBody),
    act("card", card, Action.SELL, body=AmountBody),
    act("give-up", give_up, Action.SELL, body=BasketBody),
    act("void", void, Action.VOID, body=BackBody),
    act("undo", undo, Action.SELL, body=BackBody),
    act("refund", refund, Action.REFUND, body=BackBody),
    act("ask/refund", ask_refund, Action.REFUND, body=BackBody, answer=ApprovalView),
    act("top-up", top_up, Action.TOP_UP, body=AmountBody, answer=CashView),
    act("cash-out", cash_out, Action.CASH_OUT, body=BasketBody, answer=CashView),
    act("give-up-cash", give_up_cash, Action.TOP_UP, body=BasketBody, answer=CashView),
    act("payments", payments, Action.SEE_TILL, body=PlainBody, answer=Payments),
    act("receipt", receipt, Action.SELL, body=BasketBody, answer=Printed),
    act("phone", phone, Action.SELL, body=BasketBody, answer=Phone),
    act("shift/open", open_shift, Action.OPEN_SHIFT, body=CountBody, answer=ShiftView),
    act("shift/close", close_shift, Action.CLOSE_SHIFT, body=CountBody, answer=ShiftEnd),
    act("shift/report", report, Action.SEE_TILL, body=PlainBody, answer=Reported),
    act("shift/move", move, Action.MOVE_CASH, body=MoveBody, answer=ApprovalView),
    act("drawer", drawer, Action.OPEN_SHIFT, body=PlainBody, answer=Reported),
)
