"""Events: the kinds of facts a device journals, their bytes, and the chain that binds them."""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from edge.core.bands import Presented
from edge.core.decision import Decision
from edge.core.entitlements import Entitlement, TimeSlot
from edge.core.held import Held

BODY_BYTES_MAX = 16_384
"""No event body is larger, so that none is ever too big for a request."""
TIME_UNKNOWN_MS = 86_400_000
"""How far the time of an event may be off that was written by a device which did not know the time."""


class Lane(enum.IntEnum):
    """A stream of one device's events, each contiguous from 1."""

    ORDINARY = 0
    PRIORITY = 1


class Kind(enum.IntEnum):
    """What happened; a number is never used again for another kind."""

    STARTED = 1
    DECIDED = 2
    CONFIRMED = 3
    UNDONE = 4
    ANNULLED = 5
    OVERRIDDEN = 6
    BAND_STATE = 7
    LINKED = 8
    LOOKED_UP = 9
    COUNT_CORRECTED = 10
    LOCATION_SET = 11
    SIGNED_IN = 12
    SIGNED_OUT = 13
    SIGN_IN_REFUSED = 14
    URGENT_APPLIED = 15
    HELP_CALLED = 16
    HELP_ACKNOWLEDGED = 17
    STORE_FAILED = 18
    STORE_RECOVERED = 19
    SCREEN_ENROLLED = 20
    STOPPED = 21
    LAYOUT_APPLIED = 22
    SCREEN_SET = 23
    ALARM_RAISED = 24
    ALARM_ACKNOWLEDGED = 25
    APPROVAL_ASKED = 28
    APPROVAL_GIVEN = 29
    APPROVAL_REFUSED = 30
    APPROVAL_ENDED = 31
    ATTEMPT_REFUSED = 32
    PIN_PROVED = 33
    CONSENT_SET = 34
    ERASED = 35
    ZONE_ENTERED = 36
    ZONE_LEFT = 37
    SLOT_MOVED = 38
    DEVICE_REVOKED = 39
    CAP_HELD = 40
    ALARM_TOLD = 41
    OFFERS_EXPOSED = 42
    OFFER_SHOWN = 43
    OFFER_TAKEN = 44
    OFFER_DECLINED = 45
    OFFER_REDEEMED = 46
    OFFER_RETURNED = 47
    OFFER_MADE_OVER = 48
    PAID = 50
    PAYMENT_VOIDED = 51
    TOPPED_UP = 52
    LEASE_GRANTED = 53
    LEASE_RETURNED = 54
    LEASE_STATE = 55
    CAPTURED = 56
    REFUND_ASKED = 57
    CASHED_OUT = 58
    PIN_TRIED = 59
    SHIFT_OPENED = 60
    SHIFT_CLOSED = 61
    CASH_MOVED = 62
    RECEIPT_MADE = 63
    FEEDBACK_GIVEN = 64
    ORDER_MOVED = 65
    ORDER_ASKED = 66
    LEASE_PASSED = 67
    LEASE_TAKEN = 68
    MANDATE_STOPPED = 69
    COUPON_ANSWERED = 70


DECISIONS = (Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN)
"""Kinds whose body is a decision: what is stored of them can be judged again."""


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of the journal, as stored and as sent: nothing is ever re-encoded.

    ``hlc`` is 48 bits of UTC milliseconds and 16 bits of counter, strictly rising over both lanes.
    ``h`` is BLAKE2b-256 of the previous ``h`` of the lane and the canonical bytes of all other columns.
    """

    lane: int
    seq: int
    hlc: int
    offset_ms: int
    uncertainty_ms: int
    kind: int
    schema: int
    band: bytes | None
    body: bytes
    h: bytes


class Decided(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of DECIDED, OVERRIDDEN and CONFIRMED: the decision and every fact needed to judge it again."""

    decision: Decision
    presented: Presented
    now_ms: int
    """Corrected UTC milliseconds that the decision was made at; the scan key's first part."""
    clock_trusted: bool = True
    uncertainty_ms: int = 0
    layout: int = 0
    profile_rev: int | None = None
    profile_cursor: int = 0
    held: Held | None = None
    """The site's memory before the decision."""
    uses_cut: int = 0
    """Oldest uses left out of ``held``, because no body may be larger; their own events tell of them."""
    inside: tuple[tuple[str, int], ...] = ()
    """Free places per limited zone and limited booked time before the decision."""
    device: str = ""
    reported: str | None = None
    """The direction that a turnstile told."""
    adult_passed_ms: int | None = None
    adult_inside: bool = False
    profile_age_ms: int | None = None
    unconfirmed: bool = False
    chosen: str | None = None
    answered: tuple[str, ...] = ()
    """Questions answered validly, as ``entitlement/question``; the answers are sealed elsewhere."""
    confirmed: tuple[str, ...] = ()
    overridden: bool = False
    last_elsewhere_ms: int | None = None
    device_allowed: bool = True
    device_revoked: bool = False
    staff: str | None = None
    approver: str | None = None
    note: str = ""
    reentry: bool | None = None
    """Whether its use belongs to an earlier one; None: it used nothing, or an older device did not say."""
    slot_next: tuple[tuple[str, int], ...] = ()
    """When the next time begins that a right could have, of rights whose own is over or full."""
    moved: tuple[tuple[str, TimeSlot], ...] = ()
    """Times that the guest chose here and of which central's profile of that revision knows nothing yet."""
    carried: tuple[Entitlement, ...] = ()
    """What a scanned ticket said of itself: of its band central has no profile."""
    agreed: bool = False
    unsettled: tuple[str, ...] = ()
    """Rights of which a use waited for the site's word."""


def body_of(decided: Decided) -> Decided:
    """Return a decision as its record's body: the band has a column of its own, and no octets shrink less."""
    return _about(decided, None)


def decided_in(body: bytes, band: bytes | None) -> Decided:
    """Return the decision that a record's body and band tell."""
    return _about(_DECODE_DECIDED(body), band)


def _about(decided: Decided, band: bytes | None) -> Decided:
    decision, presented = replace(decided.decision, band=band), replace(decided.presented, band=band)
    return replace(decided, decision=decision, presented=presented)


_DECODE_DECIDED = msgspec.msgpack.Decoder(Decided).decode


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """Somebody's own words, which only the holder of the owner's key can read: central, while it has one."""

    owner: str
    """Whose key: ``g:`` and a guest's pseudonym, ``b:`` and a band that nobody wears, ``s:`` the site's."""
    octets: bytes


WALLET_BLOCKED = "wallet_blocked"
"""Why ``URGENT_APPLIED`` names a wallet (``target``) in place of a band; ``amount`` is the block's epoch."""


class Acted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of what people and the device itself did; fields that do not apply are left out."""

    staff: str | None = None
    tap_id: str | None = None
    point: str | None = None
    reason: str = ""
    note: str = ""
    """A word of the device or of a closed list; of staff's own words only where no key was known."""
    sealed: Sealed | None = None
    """What staff wrote themselves, in place of ``note``."""
    target: str | None = None
    amount: int | None = None
    state: int | None = None
    approver: str | None = None
    """The second person, where an act took two."""


def chain_start(site: str, device: str, lane: int, *, public_key: bytes) -> bytes:
    """Return the hash before a lane's first event: it names its owner, so no lane fits another device."""
    first = msgspec.msgpack.encode(("polso journal 1", site, device, lane, public_key))
    return hashlib.blake2b(first, digest_size=32).digest()


def canonical(event: Event) -> bytes:
    """Return the bytes that the chain covers: every column but ``h``, in a fixed MessagePack array."""
    return msgspec.msgpack.encode(
        (
            event.lane,
            event.seq,
            event.hlc,
            event.offset_ms,
            event.uncertainty_ms,
            event.kind,
            event.schema,
            event.band,
            event.body,
        )
    )


def chain_link(previous: bytes, row: bytes) -> bytes:
    """Return the ``h`` after ``previous`` for an event of which only the canonical bytes are at hand."""
    return hashlib.blake2b(previous + row, digest_size=32).digest()


def chain_step(previous: bytes, event: Event) -> bytes:
    """Return the ``h`` that ``event`` must carry after an event with hash ``previous``."""
    return chain_link(previous, canonical(event))


class Fault(enum.StrEnum):
    """How a chain is broken."""

    LANE = "lane"
    """A record of another lane."""
    GAP = "gap"
    """A number is missing."""
    REPEATED = "repeated"
    """A number comes again."""
    TIME = "time"
    """The logical clock does not rise."""
    HASH = "hash"
    """A record or one before it was changed, or the chain is another device's."""


class Break(msgspec.Struct, frozen=True):
    """Where a chain breaks first: ``seq`` is the number that was expected there."""

    lane: int
    seq: int
    fault: Fault


def verify_chain(events: Iterable[Event], lane: int, start: bytes, *, after: int = 0) -> Break | None:
    """Return the first break of a lane whose record ``after`` (0: none yet) has the hash ``start``."""
    previous, seq, hlc = start, after, -1
    for event in events:
        seq += 1
        fault = _fault(event, lane, seq, after=hlc)
        expected = chain_step(previous, event)
        if fault is None and not hmac.compare_digest(expected, event.h):
            fault = Fault.HASH
        if fault is not None:
            return Break(lane, seq, fault)
        previous, hlc = event.h, event.hlc
    return None


def _fault(event: Event, lane: int, seq: int, *, after: int) -> Fault | None:
    if event.lane != lane:
        return Fault.LANE
    if event.seq != seq:
        return Fault.GAP if event.seq > seq else Fault.REPEATED
    return Fault.TIME if event.hlc <= after else None


def hlc_tick(last: int, wall_ms: int) -> int:
    """Return the next hybrid logical time after ``last`` at ``wall_ms``: always larger, near the wall."""
    return max(last + 1, wall_ms << 16)
