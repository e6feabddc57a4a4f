"""What the service tells screens, staff and scripts about a tap: two forms of one decision."""

from __future__ import annotations

import msgspec

from edge.core.decision import Basis, Failure, Family, First, Outcome, Reason, WhatNext
from edge.core.site import SiteMode
from edge.core.wallet import MandateNote
from edge.nearviews import LookedKnown
from edge.payviews import Exposure


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
    kept_s: int = 0
    """For how many seconds the time that ``next`` names is kept for this band: held again it takes it."""
    cause: str = ""
    """Why nothing could be recorded, in words for staff; empty wherever ``seq`` is a journal number."""


class GuestView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the guest's side of a gate may know: family, words and what next; never a security reason.

    ``text`` is ``reason.<code>.guest``, or the key of "please see our staff" where that would warn a thief.
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
    kept_s: int = 0
    """So long the next time is kept for who holds the band again; 0: it is not."""


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
    next_ms: int | None = None
    """When the next free time begins, of something whose own time was missed."""


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
    notice: bool = False
    """Whether staff have a word for this guest; which one, this screen is not told."""


class RightKnown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One right as its guest reads it."""

    product: str
    names: dict[str, str] = {}
    status: str = ""
    start_ms: int | None = None
    end_ms: int | None = None
    slot_ms: int | None = None
    seat: str = ""


class SeenAt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A moment at a place: a passage, or somebody of the staff who looked."""

    at_ms: int
    point: str
    granted: bool = False
    right: str = ""
    """Product that was used there."""


class ConsentKnown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the guest allows, one purpose at a time."""

    purpose: str
    given: bool
    since_ms: int = 0
    source: str = ""


class VoucherKnown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A voucher of the guest's wallet: what it is, until when, and how much of it lies at this device."""

    kind: str
    names: dict[str, str] = {}
    units: int = 0
    minor: int | None = None
    """What these pay, where they pay like money."""
    currency: str = ""
    until: str = ""
    """Last local date, ISO 8601."""


class Known(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that this device holds of the guest who stands at the kiosk; shown to nobody else, kept nowhere."""

    tap_id: str
    guest: str
    at_ms: int
    rev: int = 0
    """Revision of the profile in which this was found: what central changed is known by a later one."""
    name: str = ""
    language: str = ""
    tier: str = ""
    tier_soon: str = ""
    tags: tuple[str, ...] = ()
    age_band: str = ""
    height_cm: int | None = None
    party: int = 0
    """How many came together; 0: alone."""
    payments: bool = False
    waits: bool = False
    """For our answer in a case: nothing is offered meanwhile."""
    visits: int | None = None
    birthday: bool = False
    zone: str | None = None
    since_ms: int | None = None
    looked_for: tuple[LookedKnown, ...] = ()
    rights: tuple[RightKnown, ...] = ()
    vouchers: tuple[VoucherKnown, ...] = ()
    passages: tuple[SeenAt, ...] = ()
    confirmed: tuple[str, ...] = ()
    """What staff confirmed today: height, age."""
    answers: dict[str, str] = {}
    look_ups: tuple[SeenAt, ...] = ()
    """When and where staff looked at this record."""
    noticed: tuple[SeenAt, ...] = ()
    """When their band was noticed from afar, to the minute, and where; granted: it came, else it went."""
    consents: tuple[ConsentKnown, ...] = ()
    keeps: dict[str, int] = {}
    """For how many days each kind of thing is kept here."""


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
    note: MandateNote = MandateNote.NONE
    """Why the guest should hear of their stored card."""
    allows: tuple[str, ...] = ()
    """Purposes that the guest has consented to, here or at central."""
    looked_for: tuple[LookedKnown, ...] = ()
    """What they looked for elsewhere, as far as they let it be used where they are served."""
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
    """A guest called somebody."""

    id: str
    point: str
    at_ms: int
    acknowledged_ms: int | None = None
    staff: str | None = None
    escalated: bool = False
    reason: str = ""
    """``feedback``: they were not content and want to be spoken to; empty: they pressed the button."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A band may be a copy, or was replaced and came back: shown to staff until a supervisor has seen it."""

    id: str
    reason: str
    point: str
    """Where it was tried last."""
    at_ms: int
    last_ms: int
    band: str = ""
    """BandId in hex, empty where none was read."""
    band_short: str = ""
    times: int = 1
    acknowledged_ms: int | None = None
    staff: str | None = None
    elsewhere: str = ""
    """The other point, where central saw one band in two hands; empty where a gate saw it itself."""
    turn: int = 0
    """By which of its numbers central told it; 0 for an alarm of this device's own."""


class ApprovalView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request for a second person's word, as staff see it: who asks for what, about whom, and what came."""

    id: str
    kind: str
    point: str
    reason: str
    """Why the act is asked for, in the asker's choice of words or of the closed list."""
    asked_by: str
    asker: str
    """The asker's name."""
    at_ms: int
    until_ms: int
    stage: str
    name: str = ""
    """The guest's name, if they allow it."""
    band_short: str = ""
    tap_id: str = ""
    amount_minor: int = 0
    currency: str = ""
    settled_by: str = ""
    """The second person's name."""


class DeviceHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reader, gate or printer as staff see it."""

    device: str
    kind: str
    state: str
    reason: str = ""
    point: str | None = None
    since_ms: int = 0
    mode: str = ""
    """How a radio listens: ``privacy`` or ``precise``."""


class RadioCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the radios of a device heard of ours since its start; ``dropped``: nobody had time for it."""

    heard: int = 0
    dropped: int = 0


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
    witnesses: int = 0
    """Places beside this disk that keep the journal's checkpoints; 0: nobody could tell a roll-back."""
    money: Exposure | None = None
    """What lies here and what could be lost with this device; None: it sells nothing."""
    radio: RadioCounts = RadioCounts()
    site: SiteMode = SiteMode.NONE
    """Whether the site's other devices answer, where they share a book."""
    erasing: bool = False
    """What was erased still lies in a file's log: a reader holds it, and it is tried again."""
