"""Actions of staff: which role may do what, as a table."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edge.errors import NotAllowed
from edge.staff.session import Session


class Role(enum.StrEnum):
    """What a person is at work as; one person may be several."""

    GATE = "gate"
    TILL = "till"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    CARE = "care"
    """Guest service: looks guests up and mends what is wrong with their band."""
    MARKETER = "marketer"
    """Works at central; a gate knows the role and shows it nobody's name."""


class Action(enum.StrEnum):
    """Everything that a person can ask of the edge."""

    SEE_LIST = "see_list"
    SEE_OPS = "see_ops"
    LOOK_UP = "look_up"
    CHECK = "check"
    CONFIRM = "confirm"
    UNDO_HERE = "undo_here"
    """At the person's own point, within ``undo_min_max``."""
    UNDO_ANY = "undo_any"
    """At any point, all of the local day."""
    OVERRIDE = "override"
    """Let a refused guest pass, answering for it alone."""
    ASK_OVERRIDE = "ask_override"
    APPROVE = "approve"
    """Be the second person of an act that takes two."""
    CALL_SECOND = "call_second"
    """Have a second person approve at this very screen, or take the request back."""
    REPORT_LOST = "report_lost"
    REPORT_FOUND = "report_found"
    REPLACE = "replace"
    REVOKE = "revoke"
    LINK = "link"
    """Ask that a guest's rights move to another band; it always takes two."""
    SET_LOCATION = "set_location"
    CORRECT_COUNT = "correct_count"
    ACKNOWLEDGE_HELP = "acknowledge_help"
    ACKNOWLEDGE_ALARM = "acknowledge_alarm"
    SEE_SCREENS = "see_screens"
    ENROL_SCREEN = "enrol_screen"
    REVOKE_SCREEN = "revoke_screen"
    SET_SCREEN = "set_screen"
    READ_BY_PHONE = "read_by_phone"
    SET_CONSENT = "set_consent"
    GIVE_OFFER = "give_offer"
    """Redeem or decline an offer in a guest's place."""
    SEE_TILL = "see_till"
    SELL = "sell"
    """Ring up, let a band pay, take cash or a card for the rest, give a basket up."""
    VOID = "void"
    """Take a payment or a part of it back at the device that made it."""
    REFUND = "refund"
    """Ask central to pay back what is posted; above a limit it takes two."""
    TOP_UP = "top_up"
    """Take cash and put it on a wallet."""
    CASH_OUT = "cash_out"
    """Pay out what a wallet has left."""
    OPEN_SHIFT = "open_shift"
    CLOSE_SHIFT = "close_shift"
    MOVE_CASH = "move_cash"
    """Float, drop and pickup; it takes two persons."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may do one action, and whether it is dangerous: then five idle minutes ask for the PIN again."""

    roles: frozenset[Role]
    dangerous: bool = False


_CREW = frozenset(Role) - {Role.MARKETER}
_FLOOR = frozenset({Role.GATE, Role.TILL, Role.SUPERVISOR, Role.CARE})
_TILL = frozenset({Role.TILL, Role.SUPERVISOR})
_GATE = frozenset({Role.GATE, Role.SUPERVISOR})
_LEAD = frozenset({Role.SUPERVISOR})
_WATCH = frozenset({Role.SUPERVISOR, Role.OPERATOR})
_OPERATE = frozenset({Role.OPERATOR})

PERMISSIONS: Mapping[Action, Permission] = MappingProxyType(
    {
        Action.SEE_LIST: Permission(_CREW),
        Action.SEE_OPS: Permission(_WATCH),
        Action.LOOK_UP: Permission(_FLOOR),
        Action.CHECK: Permission(_GATE | {Role.CARE}),
        Action.CONFIRM: Permission(_GATE),
        Action.UNDO_HERE: Permission(_GATE),
        Action.UNDO_ANY: Permission(_LEAD, dangerous=True),
        Action.OVERRIDE: Permission(_LEAD, dangerous=True),
        Action.ASK_OVERRIDE: Permission(_GATE),
        Action.APPROVE: Permission(_WATCH, dangerous=True),
        Action.CALL_SECOND: Permission(_FLOOR),
        Action.REPORT_LOST: Permission(_FLOOR),
        Action.REPORT_FOUND: Permission(_LEAD, dangerous=True),
        Action.REPLACE: Permission(_FLOOR, dangerous=True),
        Action.REVOKE: Permission(_LEAD, dangerous=True),
        Action.LINK: Permission(_FLOOR, dangerous=True),
        Action.SET_LOCATION: Permission(_GATE, dangerous=True),
        Action.CORRECT_COUNT: Permission(_LEAD, dangerous=True),
        Action.ACKNOWLEDGE_HELP: Permission(_CREW),
        Action.ACKNOWLEDGE_ALARM: Permission(_LEAD),
        Action.SEE_SCREENS: Permission(_WATCH),
        Action.ENROL_SCREEN: Permission(_OPERATE, dangerous=True),
        Action.REVOKE_SCREEN: Permission(_OPERATE, dangerous=True),
        Action.SET_SCREEN: Permission(_OPERATE),
        Action.READ_BY_PHONE: Permission(_GATE),
        Action.SET_CONSENT: Permission(_FLOOR),
        Action.GIVE_OFFER: Permission(_FLOOR),
        Action.SEE_TILL: Permission(_TILL),
        Action.SELL: Permission(_TILL),
        Action.VOID: Permission(_TILL, dangerous=True),
        Action.REFUND: Permission(_TILL, dangerous=True),
        Action.TOP_UP: Permission(_TILL),
        Action.CASH_OUT: Permission(_TILL, dangerous=True),
        Action.OPEN_SHIFT: Permission(_TILL),
        Action.CLOSE_SHIFT: Permission(_TILL, dangerous=True),
        Action.MOVE_CASH: Permission(_TILL, dangerous=True),
    }
)
"""The whole table; an action without a row fails the tests."""


class RoleLacking(NotAllowed):
    """This takes another role."""

    why = "role"


class AskAgain(NotAllowed):
    """This act asks for the PIN again."""

    hint = "Enter your PIN; nothing was done for five minutes."
    why = "idle"


class SignedOut(NotAllowed):
    """The session is over."""

    hint = "Sign in again with badge or name and PIN."
    why = "shift_over"


def may(session: Session, action: Action) -> bool:
    """Say whether any role of this person may do it; for what a page shows, never instead of ``permit``."""
    return not PERMISSIONS[action].roles.isdisjoint(session.roles)


def permit(session: Session, action: Action, now_ms: int) -> None:
    """Return if this person may do it now; else raise ``NotAllowed``, ``AskAgain`` or ``SignedOut``."""
    permission = PERMISSIONS[action]
    if now_ms >= session.until_ms:
        raise SignedOut
    if permission.roles.isdisjoint(session.roles):
        wanted = " or ".join(sorted(permission.roles))
        raise RoleLacking(f"{action.value} needs the role {wanted}.")
    if permission.dangerous and now_ms >= session.fresh_until_ms:
        raise AskAgain
