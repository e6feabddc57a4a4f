"""Approvals: which acts take two persons, and whether the second one may let this very act happen."""

from __future__ import annotations

import enum

import msgspec

APPROVAL_MS_MAX = 300_000
"""So long a request waits, and so long a given approval may be used."""
SHIFT_MS = 12 * 3_600_000
"""What a person did is counted over the last twelve hours: signing in again begins no new count."""


class DeedKind(enum.StrEnum):
    """Acts that may take a second person."""

    OVERRIDE = "override"
    """Let a refused tap pass."""
    RELINK = "relink"
    """Give a guest's rights to another band."""
    REFUND = "refund"
    TOP_UP = "top_up"
    """Credit that nobody paid for at this till."""
    MOVE_CASH = "move_cash"
    """Cash into or out of a drawer that no sale explains."""


class Deed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One exact act: an approval of it is an approval of nothing else."""

    kind: DeedKind
    point: str
    reason: str
    tap_id: str = ""
    band: str = ""
    """BandId in hex of whom it is about."""
    source: str = ""
    """BandId in hex of the band whose rights go to ``band``."""
    amount_minor: int = 0
    currency: str = ""
    op_id: str = ""
    """The payment that it is about."""
    act: str = ""
    """The id under which the act is done, once."""
    pieces: tuple[tuple[int, int], ...] = ()
    """Line and quantity of each part; none: all that is left."""


class Stage(enum.StrEnum):
    """How far a request has come; all but the first two are its end."""

    OPEN = "open"
    APPROVED = "approved"
    SPENT = "spent"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Approval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request for a second person's word, and what became of it; bound to both persons."""

    id: str
    deed: Deed
    asked_by: str
    asked_ms: int
    until_ms: int
    stage: Stage = Stage.OPEN
    settled_by: str = ""
    settled_ms: int = 0


class Objection(enum.StrEnum):
    """Why an approval is not given or not honoured."""

    SETTLED = "settled"
    LATE = "late"
    SELF = "self"
    OWN_BAND = "own_band"
    LIMIT = "limit"
    NOT_GIVEN = "not_given"
    SPENT = "spent"
    OTHER_ACT = "other_act"
    OTHER_PERSON = "other_person"


class Second(msgspec.Struct, frozen=True, kw_only=True):
    """Who would approve: a person, not a badge."""

    staff: str
    owns_band: bool = False
    """Whether the act is about a band of theirs."""
    let_pass: int = 0
    """Overrides that they answered for in the last twelve hours."""
    let_pass_max: int | None = None
    """How many they may; None: as many as are needed."""


def takes_two(deed: Deed, *, let_pass: int = 0, let_pass_max: int = 0, amount_minor_max: int = 0) -> bool:
    """Say whether one person alone may not do this; the limits are those of the person who would."""
    if deed.kind is DeedKind.OVERRIDE:
        return let_pass >= let_pass_max
    if deed.kind is DeedKind.REFUND:
        return deed.amount_minor > amount_minor_max
    return True


def object_to_giving(approval: Approval, second: Second, now_ms: int) -> Objection | None:
    """Say why this person may not approve this request now; None: they may."""
    if approval.stage is not Stage.OPEN:
        return Objection.SETTLED
    if now_ms >= approval.until_ms:
        return Objection.LATE
    if second.staff == approval.asked_by:
        return Objection.SELF
    if second.owns_band:
        return Objection.OWN_BAND
    limit = second.let_pass_max
    if approval.deed.kind is DeedKind.OVERRIDE and limit is not None and second.let_pass >= limit:
        return Objection.LIMIT
    return None


def object_to_spending(approval: Approval, deed: Deed, *, by: str, now_ms: int) -> Objection | None:
    """Say why this approval does not let this person do this act now; None: it does, once."""
    if approval.stage is Stage.SPENT:
        return Objection.SPENT
    if approval.stage is not Stage.APPROVED:
        return Objection.NOT_GIVEN
    if now_ms >= approval.until_ms:
        return Objection.LATE
    if by != approval.asked_by:
        return Objection.OTHER_PERSON
    if approval.settled_by == by:
        return Objection.SELF
    return Objection.OTHER_ACT if deed != approval.deed else None


def within_shift(times_ms: tuple[int, ...], now_ms: int) -> tuple[int, ...]:
    """Return those moments that lie in the last twelve hours."""
    return tuple(at_ms for at_ms in times_ms if at_ms > now_ms - SHIFT_MS)
