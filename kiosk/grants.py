"""Grants: which topics a screen or a person may hear, and how much of each event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from edge.feed import Published
from edge.staff import Action, Screen, Session, may
from edge.views import ApprovalView, DeviceHealth, HelpCall, StaffView
from kiosk.ask import Ask

TOPICS_ASKED_MAX = 32
SHARED = ("help", "devices")
OWN_TOPIC = "screen-"
"""Prefix of the topic on which one screen is told to reload."""

GUEST_TOPIC = {"till": "guest"}

Cut = Callable[[Published], "tuple[str, bytes] | None"]
"""Turns an event into what this listener may know of it: event name and JSON, or None for nothing."""


class BadgeRead(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff held a badge to this gate's reader: whose PIN the sign-in page may ask for."""

    who: str


class GuestHelp(msgspec.Struct, frozen=True, kw_only=True):
    """A help call as the guest may see it: called, somebody is coming, still trying."""

    id: str
    at_ms: int
    acknowledged: bool
    escalated: bool


def granted(ask: Ask, asked: Iterable[str]) -> tuple[str, ...]:
    """Cut the topics asked for down to those that the asker may hear."""
    wanted = [topic for topic in dict.fromkeys(asked) if topic][:TOPICS_ASKED_MAX]
    heard = tuple(topic for topic in wanted if _may_hear(ask, topic))
    return (*heard, OWN_TOPIC + ask.screen.id) if heard and ask.screen is not None else heard


def cut_for(ask: Ask) -> Cut:
    """Return how events are cut for the asker."""
    if ask.session is not None or watches_demo(ask):
        return whole
    screen = ask.screen
    return (lambda published: _for_screen(published, screen)) if screen is not None else whole


def whole(published: Published) -> tuple[str, bytes]:
    """Give all of it."""
    return published.event, published.json


def watches_demo(ask: Ask) -> bool:
    """Whether this is the demo's own page, which shows everything of a park that is invented."""
    return ask.house.demo is not None and ask.query.get("as") == "demo"


def may_list(session: Session, point: str) -> bool:
    """Whether a person may see the taps of ``point``: everybody those of their own, supervisors all."""
    at_home = session.point == point and may(session, Action.SEE_LIST)
    return at_home or may(session, Action.SEE_OPS)


def may_sell(session: Session, point: str) -> bool:
    """Whether a person may stand at the till of ``point``: at their own, supervisors at any."""
    return may(session, Action.SEE_TILL) and (session.point == point or may(session, Action.SEE_OPS))


def is_guests(ask: Ask) -> bool:
    """Whether a guest may be looking: such a screen is never told why."""
    return ask.session is None and not watches_demo(ask)


def _may_hear(ask: Ask, topic: str) -> bool:
    kind, _, point = topic.partition("-")
    if watches_demo(ask):
        return kind in ("gate", "kiosk", "guest", "staff", "ops", "devices", "help", "alarms", "demo")
    if ask.session is not None and _person_may_hear(ask.session, kind, point):
        return True
    return ask.screen is not None and _screen_may_hear(ask.screen, topic)


def _person_may_hear(session: Session, kind: str, point: str) -> bool:
    if kind == "staff":
        return may_list(session, point)
    if kind in ("till", "guest"):
        return may_sell(session, point)
    if kind == "ops":
        return may(session, Action.SEE_OPS)
    if kind == "alarms":  # never a guest's screen: the thief may stand before it
        return may(session, Action.SEE_LIST)
    if kind == "presence":  # whom they may look up one by one, they may see coming
        return may(session, Action.LOOK_UP)
    if kind == "approvals":
        return may(session, Action.APPROVE)
    return kind in SHARED and may(session, Action.SEE_LIST)


def _screen_may_hear(screen: Screen, topic: str) -> bool:
    """A till's screen is the guest's side of the counter: it hears the copy without reasons."""
    own = f"{GUEST_TOPIC.get(screen.kind, screen.kind)}-{screen.point}"
    return topic == own if screen.kind == "staff" else topic in (own, *SHARED)


def _for_screen(published: Published, screen: Screen) -> tuple[str, bytes] | None:
    body = published.body
    match body:
        case StaffView(wearer=who) if who:
            return "badge", msgspec.json.encode(BadgeRead(who=who))
        case StaffView() | ApprovalView():
            return None
        case HelpCall() if screen.kind == "kiosk" and body.point == screen.point:
            return "help", msgspec.json.encode(guests_help(body))
        case DeviceHealth() if body.point == screen.point:
            return whole(published)
        case HelpCall() | DeviceHealth():
            return None
        case _:
            return whole(published)


def guests_help(call: HelpCall) -> GuestHelp:
    """Leave out who is coming."""
    return GuestHelp(
        id=call.id,
        at_ms=call.at_ms,
        acknowledged=call.acknowledged_ms is not None,
        escalated=call.escalated,
    )
