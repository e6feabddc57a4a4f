"""What takes two persons: asking for it, and answering at this screen or at another one."""

from __future__ import annotations

import msgspec

from edge.staff import Action
from edge.views import ApprovalView
from kiosk.ask import Ask
from kiosk.operations import Op
from kiosk.routes import ACTS, SIGN_IN, Audience, Rate, Route, View
from kiosk.sign_in import Name, Pin
from kiosk.staff_acts import Band, Reasoned, TapActBody


class LinkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give ``band`` the guest and rights of ``source``."""

    op: Op
    band: Band
    source: Band
    reason: Reasoned


class AnswerBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no."""

    op: Op
    granted: bool


class SecondBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A second person at this screen: badge or name, and their PIN."""

    op: Op
    who: Name
    pin: Pin


class WithdrawBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing but the operation."""

    op: Op


def ask_override(ask: Ask) -> ApprovalView:
    """Ask that a refused guest may pass: a supervisor answers for it."""
    body = ask.want(TapActBody)
    return ask.house.service.ask_override(ask.person, body.tap_id, reason=body.reason)


def ask_link(ask: Ask) -> ApprovalView:
    """Ask that a guest's rights move to another band: a supervisor answers for it."""
    body = ask.want(LinkBody)
    return ask.house.service.ask_link(ask.person, body.band, body.source, reason=body.reason)


def answer(ask: Ask) -> ApprovalView:
    """Let what a colleague asked for happen, or say no."""
    return ask.house.service.approve(ask.person, ask.path["request"], granted=ask.want(AnswerBody).granted)


def second(ask: Ask) -> ApprovalView:
    """Have a second person approve at this very screen, by badge or name and PIN."""
    body = ask.want(SecondBody)
    witness = ask.house.staff.witness(body.who, body.pin, ask.person.point)
    return ask.house.service.approve(witness, ask.path["request"], granted=True)


def withdraw(ask: Ask) -> ApprovalView:
    """Take an own request back."""
    return ask.house.service.withdraw(ask.person, ask.path["request"])


def act(rule: str, view: View, action: Action, *, body: type[msgspec.Struct], rate: Rate = ACTS) -> Route:
    """Make the row of one act: what it does stands in the view's first line."""
    summary = (view.__doc__ or "").splitlines()[0]
    return Route(
        "POST", rule, view, Audience.STAFF, summary, action=action, body=body, answer=ApprovalView, rate=rate
    )


ROUTES = (
    act("/api/v1/staff/ask/override", ask_override, Action.ASK_OVERRIDE, body=TapActBody),
    act("/api/v1/staff/ask/link", ask_link, Action.LINK, body=LinkBody),
    act("/api/v1/staff/approvals/<request>", answer, Action.APPROVE, body=AnswerBody),
    act(
        "/api/v1/staff/approvals/<request>/second",
        second,
        Action.CALL_SECOND,
        body=SecondBody,
        rate=SIGN_IN,
    ),
    act("/api/v1/staff/approvals/<request>/withdraw", withdraw, Action.CALL_SECOND, body=WithdrawBody),
)
