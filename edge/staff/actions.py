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
    REPORT_LOST = "report_lost"
    REPORT_FOUND = "report_found"
    REPLACE = "replace"
    REVOKE = "revoke"
    LINK = "link"
    SET_LOCATION = "set_location"
    CORRECT_COUNT = "correct_count"
    ACKNOWLEDGE_HELP = "acknowledge_help"
    SEE_SCREENS = "see_screens"
    ENROL_SCREEN = "enrol_screen"
    REVOKE_SCREEN = "revoke_screen"
    SET_SCREEN = "set_screen"
    READ_BY_PHONE = "read_by_phone"


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may do one action, and whether it is dangerous: then five idle minutes ask for the PIN again."""

    roles: frozenset[Role]
    dangerous: bool = False


_ALL = frozenset(Role)
_FLOOR = frozenset({Role.GATE, Role.TILL, Role.SUPERVISOR})
_GATE = frozenset({Role.GATE, Role.SUPERVISOR})
_LEAD = frozenset({Role.SUPERVISOR})
_WATCH = frozenset({Role.SUPERVISOR, Role.OPERATOR})
_OPERATE = frozenset({Role.OPERATOR})

PERMISSIONS: Mapping[Action, Permission] = MappingProxyType(
    {
        Action.SEE_LIST: Permission(_ALL),
        Action.SEE_OPS: Permission(_WATCH),
        Action.LOOK_UP: Permission(_FLOOR),
        Action.CHECK: Permission(_GATE),
        Action.CONFIRM: Permission(_GATE),
        Action.UNDO_HERE: Permission(_GATE),
        Action.UNDO_ANY: Permission(_LEAD, dangerous=True),
        Action.OVERRIDE: Permission(_LEAD, dangerous=True),
        Action.REPORT_LOST: Permission(_FLOOR),
        Action.REPORT_FOUND: Permission(_LEAD, dangerous=True),
        Action.REPLACE: Permission(_FLOOR, dangerous=True),
        Action.REVOKE: Permission(_LEAD, dangerous=True),
        Action.LINK: Permission(_FLOOR, dangerous=True),
        Action.SET_LOCATION: Permission(_GATE, dangerous=True),
        Action.CORRECT_COUNT: Permission(_LEAD, dangerous=True),
        Action.ACKNOWLEDGE_HELP: Permission(_ALL),
        Action.SEE_SCREENS: Permission(_WATCH),
        Action.ENROL_SCREEN: Permission(_OPERATE, dangerous=True),
        Action.REVOKE_SCREEN: Permission(_OPERATE, dangerous=True),
        Action.SET_SCREEN: Permission(_OPERATE),
        Action.READ_BY_PHONE: Permission(_GATE),
    }
)
"""The whole table; an action without a row fails the tests."""


class AskAgain(NotAllowed):
    """This act asks for the PIN again."""

    hint = "Enter your PIN; nothing was done for five minutes."


class SignedOut(NotAllowed):
    """The session is over."""

    hint = "Sign in again with badge or name and PIN."


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
        raise NotAllowed(f"{action.value} needs the role {wanted}.")
    if permission.dangerous and now_ms >= session.fresh_until_ms:
        raise AskAgain
