"""Holds at a till: a deposit or an open tab is set aside, listed, and taken whole, in part or not at all."""

from __future__ import annotations

from edge.payviews import BasketView
from edge.service.payments.holds import Taken
from edge.staff import Action
from kiosk.ask import Ask
from kiosk.till_acts import act, at_till, here
from kiosk.till_bodies import CaptureBody, HoldBody, Payments, PlainBody, pieces_of


def hold(ask: Ask) -> BasketView:
    """Let the next band only set aside what stands on the bill: a deposit or an open tab."""
    body = ask.want(HoldBody)
    return ask.house.service.hold(ask.person, here(ask), body.op_id, minutes=body.minutes)


def capture(ask: Ask) -> BasketView:
    """Take what was set aside, all or some; the rest goes back."""
    body = ask.want(CaptureBody)
    what = Taken(pieces=pieces_of(body.pieces), minor=body.minor, bill=body.bill)
    return ask.house.service.capture(at_till(ask), body.op_id, what)


def holds(ask: Ask) -> Payments:
    """List what is set aside at this till."""
    return Payments(payments=ask.house.service.holds(here(ask)))


ROUTES = (
    act("hold", hold, Action.SELL, body=HoldBody),
    act("capture", capture, Action.SELL, body=CaptureBody),
    act("holds", holds, Action.SEE_TILL, body=PlainBody, answer=Payments),
)
