"""Rights: what a product grants, what a guest holds of it, and what has been used."""

from __future__ import annotations

import enum

import msgspec

from edge.core.money import Money

USES_MAX = 100
"""No right with a total holds more: every use that counts goes into the event of the next one."""


class Reentry(enum.StrEnum):
    """Whether a right opens again after it has let its guest in."""

    NEVER = "never"
    AFTER_EXIT = "after_exit"
    FREE = "free"


class Status(enum.StrEnum):
    """How an entitlement stands at central; anything but VALID is denied by its own reason."""

    VALID = "valid"
    UNPAID = "unpaid"
    UNAPPROVED = "unapproved"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    BLOCKED = "blocked"
    EXCHANGED = "exchanged"


class Hours(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Opening hours in the site's local time: per weekday (0 = Monday) pairs of minutes of the day, end open.

    An interval may run past midnight (end > 1440). A weekday that is not listed is closed.
    """

    weekdays: dict[int, tuple[tuple[int, int], ...]] = {}
    closed_dates: tuple[str, ...] = ()
    """Local dates, ISO 8601."""


class RuleText(msgspec.Struct, frozen=True):
    """One operator's rule in CEL: it can only forbid; ``text`` is what people are told, per language."""

    name: str
    cel: str
    text: dict[str, str] = {}


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the guest is asked before the passage counts: ``kind`` is text, number, choice or yes_no."""

    id: str
    kind: str
    texts: dict[str, str] = {}
    choices: tuple[str, ...] = ()
    required: bool = True


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The typed rules of a right; unset means that the rule does not apply. Every rule can only forbid."""

    points: tuple[str, ...] = ()
    """Points that the right opens; with ``zones`` empty too: every point of its site."""
    zones: tuple[str, ...] = ()
    """Zones whose points (and whose child zones' points) the right opens."""
    hours: Hours | None = None
    uses_max: int | None = None
    uses_per_day_max: int | None = None
    uses_per_point_max: int | None = None
    days_max: int | None = None
    """On how many distinct local days it may be used."""
    since_first_s_max: int | None = None
    since_last_s_min: int | None = None
    reentry: Reentry = Reentry.NEVER
    reentry_s_max: int | None = None
    early_s_max: int = 0
    late_s_max: int = 0
    """Tolerance around the time slot."""
    together: bool = False
    """One band opens for the whole party: as many uses at once as the party is large, all or nothing."""
    companion_role: str | None = None
    age_min: int | None = None
    height_cm_min: int | None = None
    confirm: bool = False
    questions: tuple[Question, ...] = ()
    rules: tuple[RuleText, ...] = ()
    attention: str = ""
    """Staff text of a special ticket: green plus the attention shape; never blocks."""


class Product(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kind of right as the operator sells it."""

    id: str
    names: dict[str, str] = {}
    terms: Terms = Terms()
    price: Money | None = None
    """What it is sold for, where it is sold."""


class TimeSlot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reserved time: ``[start_ms, end_ms)``, UTC milliseconds."""

    start_ms: int
    end_ms: int
    point: str | None = None

    @property
    def key(self) -> str:
        """What this time is called in the feed, in each device's counts, and among ``Facts.places``."""
        return f"{self.point or ''}/{self.start_ms}"


class Entitlement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One right of one guest: its product's terms, unless it carries terms of its own."""

    id: str
    product: str
    status: Status = Status.VALID
    valid_from_ms: int | None = None
    valid_until_ms: int | None = None
    """Closed start, open end, UTC milliseconds; exits are exempt."""
    slot: TimeSlot | None = None
    terms: Terms | None = None
    seat: str = ""


def exchanged(rights: tuple[Entitlement, ...]) -> tuple[Entitlement, ...]:
    """Return rights that now live on another band."""
    return tuple(
        msgspec.structs.replace(right, status=Status.EXCHANGED) if right.status is Status.VALID else right
        for right in rights
    )


CHILD = "child"
"""As whom somebody came who gets no marketing."""


class Party(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The group a guest came with: ``role`` is ``adult`` or ``child``."""

    id: str
    size: int
    role: str = "adult"

    @property
    def child(self) -> bool:
        """Whether somebody came as a child, whatever their age, which is not told everywhere."""
        return self.role == CHILD


class Redemption(enum.IntEnum):
    """How one use of a right stands; only VALID and PENDING ones count."""

    VALID = 0
    PENDING = 1
    UNDONE = 2
    ANNULLED = 3


class Use(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One use of one right, with its scan key ``(scan_ms, device, seq)`` fixed when it was decided."""

    entitlement: str
    ordinal: int
    scan_ms: int
    device: str
    point: str
    tap_id: str
    seq: int = 0
    """Journal number; 0 until the sequencer has given it one."""
    redemption: Redemption = Redemption.VALID
    reentry: bool = False
    """A passage inside the same use: recorded, not counted again."""
    uncertainty_ms: int = 0
    """How far ``scan_ms`` may be off."""
    slot: str = ""
    """Key of the booked time of which it took a place."""
