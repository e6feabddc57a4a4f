"""What the service tells screens, staff and scripts about a tap: two forms of one decision."""

from __future__ import annotations

import msgspec

from edge.core.decision import Basis, Failure, Family, First, Outcome, Reason, WhatNext


class StaffView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole decision, for staff topics and the journal's readers; times are UTC milliseconds.

    ``seq`` is the journal number, 0 only where nothing could be recorded (then never a green).
    ``band_short`` is the first 8 hex digits of the BandId: enough to speak about, too little to follow.
    """

    seq: int
    tap_id: str
    point: str
    direction: str
    outcome: Outcome
    reason: Reason
    family: Family
    at_ms: int
    next: WhatNext
    notes: tuple[Reason, ...] = ()
    failures: tuple[Failure, ...] = ()
    first: First | None = None
    basis: Basis = Basis.EDGE
    age_ms: int | None = None
    band_short: str = ""
    guest: str | None = None
    name: str = ""
    language: str = ""
    tier: str = ""
    product: str = ""
    uses_left: int | None = None
    people: int = 1
    choices: tuple[str, ...] = ()
    choice_products: tuple[str, ...] = ()
    """Product of each choice, in their order: what staff call it."""
    attention: str = ""
    rule: str = ""
    trust: int = 0
    staff: str | None = None
    """Who overrode, confirmed or took it back."""
    wearer: str | None = None
    """Member of staff whose badge was presented: the sign-in page of this gate asks for their PIN."""
    took_ms: float = 0.0
    cause: str = ""
    """Why nothing could be recorded, in words for staff; empty wherever ``seq`` is a journal number."""


class GuestView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the guest's side of a gate may know: family, words and what next; never a security reason.

    ``text`` is the key of the guest's sentence in the catalogues (``reason.<code>.guest``); for reasons that
    would warn a thief it is the key of "please see our staff".
    """

    seq: int
    tap_id: str
    point: str
    outcome: Outcome
    family: Family
    text: str
    at_ms: int
    next: WhatNext
    language: str = ""
    people: int = 1
    offline: bool = False
    attention: bool = False


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A band is at the reader of this point and is being read: the ring turns until the verdict."""

    point: str


class PlanItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing of the guest's day: a right, its slot if any, whether it was used."""

    entitlement: str
    product: str
    names: dict[str, str]
    start_ms: int | None = None
    end_ms: int | None = None
    point: str | None = None
    used: bool = False
    uses_left: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who stands at the kiosk and what today holds for them: it leaves the screen with the guest."""

    tap_id: str
    point: str
    at_ms: int
    name: str = ""
    language: str = ""
    tier: str = ""
    family: Family = Family.GO
    text: str = ""
    items: tuple[PlanItem, ...] = ()


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One band in a look-up by staff."""

    band: str
    """BandId in hex."""
    band_short: str
    guest: str | None = None
    name: str = ""
    state: str = "active"
    tier: str = ""
    zone: str | None = None
    products: tuple[str, ...] = ()
    last: StaffView | None = None


class Counters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """People who passed since the local day began, and who is inside now."""

    entered: dict[str, int] = {}
    """Per point."""
    exited: dict[str, int] = {}
    inside: dict[str, int] = {}
    """Per zone."""
    denied: dict[str, int] = {}
    """Per point."""
    reasons: dict[str, int] = {}
    per_minute: tuple[int, ...] = ()
    """Taps in each of the last 60 minutes, oldest first."""


class HelpCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guest at a kiosk called somebody."""

    id: str
    point: str
    at_ms: int
    acknowledged_ms: int | None = None
    staff: str | None = None
    escalated: bool = False


class DeviceHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reader, gate or printer as staff see it."""

    device: str
    kind: str
    state: str
    reason: str = ""
    point: str | None = None
    since_ms: int = 0


class HealthView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The device's own state in one look: what the header of every staff page shows."""

    at_ms: int
    writable: bool
    cause: str = ""
    """Why the journal cannot be written, in words for staff."""
    online: bool = False
    sync_age_ms: int | None = None
    """Since central last answered; None: never."""
    outbox: int = 0
    outbox_age_ms: int = 0
    clock_trusted: bool = True
    profiles: int = 0
    profile_cursor: int = 0
    layout: int = 0
    disk_free_bytes: int = 0
    disk_low: bool = False
    """Less than the configured reserve is free: a warning to staff before anything stops."""
    days_left: float | None = None
    devices: tuple[DeviceHealth, ...] = ()
    taps: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    screens: int = 0
