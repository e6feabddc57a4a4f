"""The answer to a tap: outcome, reason from the one closed list, and what would make it green."""

from __future__ import annotations

import enum
from typing import assert_never

import msgspec


class Outcome(enum.StrEnum):
    """What the gate does."""

    GRANTED = "granted"
    DENIED = "denied"
    REFERRED = "referred"


class Basis(enum.StrEnum):
    """What the decision stands on."""

    LIVE = "live"
    """Claimed or checked with the site's other devices."""
    EDGE = "edge"
    """Local and complete."""
    STALE = "stale"
    """The profile is older than its limit; ``age_ms`` says how old."""


class Family(enum.StrEnum):
    """How a reason looks and sounds; the guest's light is never red."""

    GO = "go"
    ASK = "ask"
    WAIT = "wait"
    USED = "used"
    STOP = "stop"
    STAFF = "staff"
    AGAIN = "again"


class Reason(enum.StrEnum):
    """The closed list: every screen, sound, report and language knows each of these, or the tests fail."""

    ENTERED = "entered"
    EXITED = "exited"
    IDENTIFIED = "identified"
    """A till or kiosk knows who tapped; nothing was passed or paid."""
    OVERRIDDEN = "overridden"
    UNCONFIRMED_OFFLINE = "unconfirmed_offline"
    PROFILE_STALE = "profile_stale"
    ATTENTION = "attention"
    CONFIRM_REQUIRED = "confirm_required"
    ANSWERS_REQUIRED = "answers_required"
    CHOOSE_ENTITLEMENT = "choose_entitlement"
    PIN_REQUIRED = "pin_required"
    HEIGHT_CONFIRM = "height_confirm"
    AGE_CONFIRM = "age_confirm"
    TOO_EARLY = "too_early"
    SLOT_FULL = "slot_full"
    CAPACITY_FULL = "capacity_full"
    TOO_SOON_AGAIN = "too_soon_again"
    CLOSED_NOW = "closed_now"
    TOO_LATE = "too_late"
    ALREADY_USED_HERE = "already_used_here"
    ALREADY_USED_ELSEWHERE = "already_used_elsewhere"
    INSIDE_ALREADY = "inside_already"
    ALREADY_EXCHANGED = "already_exchanged"
    DUPLICATE_OFFLINE = "duplicate_offline"
    ANNULLED = "annulled"
    NOT_INSIDE = "not_inside"
    LIMIT_REACHED = "limit_reached"
    WRONG_PRODUCT = "wrong_product"
    WRONG_GATE = "wrong_gate"
    WRONG_ZONE = "wrong_zone"
    REENTRY_FORBIDDEN = "reentry_forbidden"
    COMPANION_REQUIRED = "companion_required"
    HEIGHT_MIN = "height_min"
    AGE_MIN = "age_min"
    UNPAID = "unpaid"
    UNAPPROVED = "unapproved"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    BLOCKED = "blocked"
    RULE_FORBIDS = "rule_forbids"
    RULE_FAILED = "rule_failed"
    TICKET_UNKNOWN = "ticket_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    BAND_UNKNOWN = "band_unknown"
    BAND_UNLINKED = "band_unlinked"
    BAND_INACTIVE = "band_inactive"
    BAND_EXPIRED = "band_expired"
    BAND_LOST = "band_lost"
    BAND_REPLACED = "band_replaced"
    BAND_REVOKED = "band_revoked"
    BAND_IN_USE = "band_in_use"
    BAND_WRONG_KIND = "band_wrong_kind"
    TRUST_TOO_LOW = "trust_too_low"
    BAND_NOT_AUTHENTIC = "band_not_authentic"
    TAP_REPLAYED = "tap_replayed"
    BAND_CLONE_SUSPECTED = "band_clone_suspected"
    BAND_RANDOM_UID = "band_random_uid"
    BAND_READ_ERROR = "band_read_error"
    TOO_FAST = "too_fast"
    CLOCK_UNTRUSTED = "clock_untrusted"
    DEVICE_REVOKED = "device_revoked"
    DEVICE_NOT_ALLOWED = "device_not_allowed"
    INTERNAL_ERROR = "internal_error"
    STORE_UNAVAILABLE = "store_unavailable"
    """The journal cannot be written (disk full, read-only, damaged): nothing was recorded, staff decide."""
    INSUFFICIENT_HERE = "insufficient_here"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    OFFLINE_LIMIT = "offline_limit"
    PIN_WRONG = "pin_wrong"
    PIN_LOCKED = "pin_locked"
    PAYMENTS_OFF = "payments_off"
    SPEND_LIMIT = "spend_limit"
    WALLET_BLOCKED = "wallet_blocked"
    LEASE_FROZEN = "lease_frozen"
    MANDATE_EXPIRED = "mandate_expired"
    MANDATE_DECLINED = "mandate_declined"
    PAID = "paid"
    ALREADY_PAID = "already_paid"


RETRYABLE = frozenset(
    {
        *(
            Reason.PROFILE_STALE,
            Reason.TOO_EARLY,
            Reason.SLOT_FULL,
            Reason.CAPACITY_FULL,
            Reason.TOO_SOON_AGAIN,
        ),
        *(Reason.CLOSED_NOW, Reason.INSIDE_ALREADY, Reason.ANNULLED, Reason.LIMIT_REACHED),
        *(
            Reason.COMPANION_REQUIRED,
            Reason.UNPAID,
            Reason.UNAPPROVED,
            Reason.BAND_READ_ERROR,
            Reason.TOO_FAST,
        ),
        *(Reason.CLOCK_UNTRUSTED, Reason.INTERNAL_ERROR, Reason.STORE_UNAVAILABLE, Reason.INSUFFICIENT_HERE),
        *(Reason.INSUFFICIENT_FUNDS, Reason.OFFLINE_LIMIT, Reason.PIN_WRONG),
    }
)
"""Reasons that may turn green if the guest simply tries again, now or later."""


# fmt: off
def _judge_family(reason: Reason) -> Family:
    """One case per family, so that a new reason without a family does not pass mypy."""
    r = Reason
    match reason:
        case (r.ENTERED | r.EXITED | r.IDENTIFIED | r.OVERRIDDEN | r.ATTENTION | r.NOT_INSIDE
              | r.PAID | r.ALREADY_PAID):
            return Family.GO
        case (r.CONFIRM_REQUIRED | r.ANSWERS_REQUIRED | r.CHOOSE_ENTITLEMENT | r.PIN_REQUIRED | r.PIN_WRONG
              | r.HEIGHT_CONFIRM | r.AGE_CONFIRM):
            return Family.ASK
        case r.TOO_EARLY | r.SLOT_FULL | r.CAPACITY_FULL | r.TOO_SOON_AGAIN | r.CLOSED_NOW:
            return Family.WAIT
        case (r.ALREADY_USED_HERE | r.ALREADY_USED_ELSEWHERE | r.INSIDE_ALREADY | r.ALREADY_EXCHANGED
              | r.DUPLICATE_OFFLINE | r.ANNULLED):
            return Family.USED
        case (r.TOO_LATE | r.LIMIT_REACHED | r.WRONG_PRODUCT | r.WRONG_GATE | r.WRONG_ZONE
              | r.REENTRY_FORBIDDEN | r.COMPANION_REQUIRED | r.HEIGHT_MIN | r.AGE_MIN
              | r.RULE_FORBIDS | r.INSUFFICIENT_HERE | r.INSUFFICIENT_FUNDS | r.OFFLINE_LIMIT
              | r.PAYMENTS_OFF | r.SPEND_LIMIT):
            return Family.STOP
        case (r.PROFILE_STALE | r.UNCONFIRMED_OFFLINE | r.UNPAID | r.UNAPPROVED | r.CANCELLED | r.REVOKED
              | r.BLOCKED | r.RULE_FAILED | r.TICKET_UNKNOWN | r.SIGNATURE_INVALID | r.BAND_UNKNOWN
              | r.BAND_UNLINKED | r.BAND_INACTIVE | r.BAND_EXPIRED | r.BAND_LOST | r.BAND_REPLACED
              | r.BAND_REVOKED | r.BAND_IN_USE | r.BAND_WRONG_KIND | r.TRUST_TOO_LOW | r.BAND_NOT_AUTHENTIC
              | r.TAP_REPLAYED | r.BAND_CLONE_SUSPECTED | r.BAND_RANDOM_UID | r.CLOCK_UNTRUSTED
              | r.DEVICE_REVOKED | r.DEVICE_NOT_ALLOWED | r.STORE_UNAVAILABLE | r.PIN_LOCKED
              | r.WALLET_BLOCKED | r.LEASE_FROZEN | r.MANDATE_EXPIRED | r.MANDATE_DECLINED):
            return Family.STAFF
        case r.BAND_READ_ERROR | r.TOO_FAST | r.INTERNAL_ERROR:
            return Family.AGAIN
        case _:  # pragma: no cover - mypy proves that nothing comes here
            assert_never(reason)
# fmt: on


_FAMILIES = {reason: _judge_family(reason) for reason in Reason}
_REFUSING = (Family.WAIT, Family.USED, Family.STOP)


def family(reason: Reason) -> Family:
    """Return how a reason looks and sounds where it is the one shown; as a note it changes nothing.

    ``profile_stale`` and ``unconfirmed_offline`` are notes beside a green; shown alone they call staff.
    """
    return _FAMILIES[reason]


def outcome_of(reason: Reason) -> Outcome:
    """Return what the gate does where this reason is the one shown."""
    shown = _FAMILIES[reason]
    if shown is Family.GO:
        return Outcome.GRANTED
    return Outcome.DENIED if shown in _REFUSING else Outcome.REFERRED


class Act(enum.StrEnum):
    """What a person can do to turn a refusal green."""

    GO_ON = "go_on"
    TAP_AGAIN = "tap_again"
    COME_BACK = "come_back"
    CHANGE_TIME = "change_time"
    """Take another booked time, at a kiosk or from staff: the next one begins then."""
    EXIT_FIRST = "exit_first"
    GO_TO = "go_to"
    ADULT_FIRST = "adult_first"
    CONFIRM = "confirm"
    ANSWER = "answer"
    CHOOSE = "choose"
    USE_BAND = "use_band"
    PAY = "pay"
    SEE_STAFF = "see_staff"


class WhatNext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What would make it green: an act, and where or when (UTC milliseconds) that is known."""

    act: Act
    at_ms: int | None = None
    place: str | None = None
    """Id of a point or a zone."""


class First(msgspec.Struct, frozen=True):
    """The earlier passage that a ``used`` or ``inside`` answer speaks of."""

    point: str
    at_ms: int


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check that did not hold, in check order; ``rule`` names an operator's rule."""

    reason: Reason
    next: WhatNext
    first: First | None = None
    rule: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The whole answer: guests are shown family, words and what next, staff all of it."""

    outcome: Outcome
    reason: Reason
    next: WhatNext
    point: str
    direction: str
    notes: tuple[Reason, ...] = ()
    failures: tuple[Failure, ...] = ()
    basis: Basis = Basis.EDGE
    age_ms: int | None = None
    band: bytes | None = None
    guest: str | None = None
    entitlement: str | None = None
    choices: tuple[str, ...] = ()
    """Entitlement ids among which the guest chooses."""
    ordinal: int | None = None
    uses_left: int | None = None
    people: int = 1
    first: First | None = None
    rule: str = ""
    attention: str = ""
