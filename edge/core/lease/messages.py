"""What a lease's two ends tell each other: totals only, so that no message can be counted twice."""

from __future__ import annotations

import enum

import msgspec

from edge.core.lease.counters import Counters


class LeaseState(enum.StrEnum):
    """How a lease stands at the edge."""

    OPEN = "open"
    DRAINING = "draining"
    """Nothing is spent any more: a close was asked, its time is over, or it is blocked."""
    CLOSED = "closed"
    """All that was left went back; for ever."""
    FROZEN = "frozen"
    """The journal could not be proven current: nothing moves until central or a peer settles it."""


class Drain(enum.StrEnum):
    """Why a lease drains."""

    ASKED = "asked"
    EXPIRED = "expired"
    BLOCKED = "blocked"


class LeaseKind(enum.StrEnum):
    """What a lease counts; ``gift:<campaign>`` and ``day:<band>`` name one thing more after a colon."""

    MONEY = "money"
    RISK = "risk"
    """Loss that the operator accepts: of the device (no wallet), or of one wallet since its last contact."""
    RISK_TAPS = "risk_taps"
    """How many payments at risk one wallet may still make before its next contact; its unit is ``tap``."""
    FREE_DRINK = "free_drink"
    POINTS = "points"
    GIFT = "gift"
    OFFER = "offer"
    """Pieces that a campaign gives away; what it takes off prices is of kind ``gift``, in money."""
    DAY = "day"
    """What a band may still spend on one local day, where that must hold across devices cut off."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What may be spent at once; None: no such limit. Of several limits the strictest holds."""

    tap_minor_max: int | None = None
    pin_above_minor: int | None = None
    """More than this takes the PIN."""
    taps_before_pin: int | None = None
    """So many payments without a PIN, then one with it."""
    day_minor_max: int | None = None
    """At this device, per local day."""
    weak_minor_max: int | None = None
    """At once, where the operator lets a band pay that proves less than LIVE; None: a low one."""


class Want(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """WANT: the edge would like this total; it has no money meaning, and the parent may ignore it."""

    wallet: str
    kind: str = LeaseKind.MONEY
    lease: str = ""
    """The lease to enlarge; empty: a new one."""
    total: int
    band: str = ""
    """BandId in hex of the band that it is for, where a wallet has several; empty: any of them."""
    why: str = ""
    needs: int = 0
    """What a basket that stands here cannot do without; 0: all of it."""


class Grant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """GRANT: the parent has set ``total`` aside for this lease, and had committed that before it spoke."""

    lease: str
    wallet: str
    kind: str = LeaseKind.MONEY
    unit: str
    """ISO 4217 code of money, else the kind's own unit."""
    device: str
    incarnation: int
    total: int
    ttl_s: int
    limits: Limits = Limits()
    block_epoch: int = 0
    """The wallet's block epoch when this was granted: a block of a later one wins over it."""
    serial: int = 0
    """Rises with each grant of a lease: an older one that comes late changes neither time nor limits."""
    band: str = ""
    """BandId in hex of the only band that may spend it; empty: any band of the wallet."""
    day: int | None = None
    """The local day (proleptic ordinal) that a ``day:`` lease is for."""
    elsewhere: int | None = None
    """What the wallet held beyond this lease then: a hint for people, nothing is decided by it."""


class Close(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """CLOSE: stop, and give back what is left; ``total`` stands in for any grant that was lost on its way."""

    lease: str
    incarnation: int
    why: str = ""
    total: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """REPORT: the lease's totals after an event; it travels in the event's body."""

    lease: str
    wallet: str
    kind: str
    unit: str
    incarnation: int
    counters: Counters
    state: LeaseState = LeaseState.OPEN
    band: str = ""


class Refusal(enum.StrEnum):
    """Why a lease does not do what was asked; it is as it was."""

    NOT_OPEN = "not_open"
    EXPIRED = "expired"
    FROZEN = "frozen"
    CLOSED = "closed"
    SHORT = "short"
    """Less is left than was asked for."""
    TOO_MUCH = "too_much"
    """More would be taken back than was spent, or counted than can be."""
    NO_AMOUNT = "no_amount"
    """Nothing, or less than nothing."""
    OTHER_LEASE = "other_lease"
    OTHER_INCARNATION = "other_incarnation"
