"""The wire: every message between an edge and central, its limits, its media types and its routes."""

from __future__ import annotations

import enum

import msgspec

from edge.core.alarms import AlarmNotice as AlarmNotice
from edge.core.bands import BandState
from edge.core.profiles import Cursor as Cursor
from edge.core.profiles import Item as Item

WIRE_VERSION = 1
WIRE_FLOOR = 1
"""The oldest wire that central still understands; below it a device must be updated (426)."""
SCHEMA_FLOOR = 1
"""The oldest schema of events that central still reads."""
ROWS_MAX = 2_000
"""Events in one batch; 500 in ordinary times."""
ROWS_USUAL = 500
BATCH_BYTES_MAX = 4 * 1024 * 1024
"""A request's body as sent."""
UNPACKED_BYTES_MAX = 16 * 1024 * 1024
"""What a request or an answer may grow to when unpacked."""
PAGE_ITEMS_MAX = 500
PAGE_BYTES_MAX = 8 * 1024 * 1024
URGENT_MAX = 1_000
"""Urgent items in one page; the rest follows with the next."""
ITEM_BYTES_MAX = 65_536
KEY_CHARS_MAX = 128
FRAME_BYTES_MAX = 8 * 1024 * 1024
"""One frame of a snapshot, unpacked."""
BOX_BYTES_MAX = 8_192
"""The most that a device may leave at central to be started with."""
WAIT_S_MAX = 25
"""How long a feed request is held open."""
QUARANTINED_MAX = 100
"""Refused events named in one answer; the console lists the others."""
READERS_MAX = 64
TEXT_CHARS_MAX = 200

COUNTER = "counter"
"""Kind of an item: the highest tap counter seen of a band (key: BandId in hex; body: a number)."""
REMARKS = "remarks"
"""Kind of an item: the site's own key for staff's words (no key; body: RemarkKey)."""
USES = "uses"
"""Kind of an item: all uses of a right, at whichever device (key: its id; body: an array of Use)."""
WHEREABOUTS = "whereabouts"
"""Kind of an item: where a band passed last (key: BandId in hex; body: Whereabouts)."""
COUNTER_MAX = 0xFFFFFF
"""A chip's counter has 24 bits."""
ALARM = "alarm"
"""Kind of an urgent item: what central alone could see (body: AlarmNotice; gone: somebody has looked)."""

MEDIA = "application/vnd.polso+msgpack"
MEDIA_PROBLEM = "application/problem+json"
MEDIA_SNAPSHOT = "application/vnd.polso.snapshot"


class Problem(enum.StrEnum):
    """Why central says no; the last part of a problem document's ``type`` (RFC 9457)."""

    GAP = "gap"
    FORK = "fork"
    CHAIN = "chain"
    UNKNOWN_DEVICE = "unknown-device"
    NOT_SIGNED = "not-signed"
    STALE = "stale"
    REPLAYED = "replayed"
    FORBIDDEN = "forbidden"
    REVOKED = "revoked"
    NOT_FOUND = "not-found"
    TOO_LARGE = "too-large"
    SCHEMA = "schema-too-old"
    EPOCH = "epoch"
    MALFORMED = "malformed"
    INVALID = "invalid"
    FULL = "full"
    OVER = "over"
    USED = "used"
    NOT_THEIRS = "not-theirs"
    CODE_REFUSED = "code-refused"
    TOO_OFTEN = "too-often"
    LATER = "later"


PROBLEM_PREFIX = "urn:polso:problem:"
STATUS = {
    Problem.GAP: 409,
    Problem.FORK: 422,
    Problem.CHAIN: 422,
    Problem.UNKNOWN_DEVICE: 401,
    Problem.NOT_SIGNED: 401,
    Problem.STALE: 401,
    Problem.REPLAYED: 401,
    Problem.FORBIDDEN: 403,
    Problem.REVOKED: 403,
    Problem.NOT_FOUND: 404,
    Problem.TOO_LARGE: 413,
    Problem.SCHEMA: 426,
    Problem.EPOCH: 410,
    Problem.MALFORMED: 400,
    Problem.INVALID: 422,
    **dict.fromkeys((Problem.FULL, Problem.OVER, Problem.USED, Problem.NOT_THEIRS), 409),
    Problem.CODE_REFUSED: 403,
    Problem.TOO_OFTEN: 429,
    Problem.LATER: 503,
}


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal as JSON; ``device`` and ``lane`` say whom it is for, a stranger's page is not believed."""

    type: str
    title: str
    status: int
    time_ms: int
    detail: str = ""
    device: str = ""
    lane: int | None = None
    ack: int | None = None
    head: str | None = None
    """Hex of the hash that central holds at ``ack``."""

    @property
    def problem(self) -> Problem | None:
        """The closed list's word, or None for a type that we do not know."""
        known = {f"{PROBLEM_PREFIX}{problem}": problem for problem in Problem}
        return known.get(self.type)


class Batch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A contiguous range of one lane; a row is the very bytes that the chain covers, never re-encoded."""

    v: int
    site: str
    device: str
    incarnation: int
    lane: int
    first: int
    last: int
    prev: bytes
    """Hash before ``first``."""
    head: bytes
    """Hash of ``last``."""
    rows: tuple[msgspec.Raw, ...]
    schema_floor: int = 1
    schema_top: int = 1
    checkpoint: bytes | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One event that central keeps aside; its sequence is acknowledged all the same."""

    seq: int
    why: str


class Ack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything up to ``ack`` is durable at central."""

    device: str
    lane: int
    ack: int
    time_ms: int
    duplicates: int = 0
    quarantined: tuple[Refusal, ...] = ()


class BandNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Body of an urgent item of kind ``band`` (key: BandId in hex): a state that binds every gate at once.

    Why it is so is not told: what people wrote of it would stand in the journal of every gate.
    """

    band: bytes
    state: BandState
    epoch: int


class ErasureNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Body of an urgent item of kind ``erase``: a guest of whom nothing may stay, with the bands known of."""

    guest: str
    bands: tuple[bytes, ...] = ()


class Page(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The next stretch of a site's feed, and all urgent items that the asker has not applied."""

    site: str
    epoch: int
    after: int
    to: int
    """The cursor once these items are stored."""
    head: int
    """Where the feed stood: equal to ``to`` when nothing more waits."""
    time_ms: int
    items: tuple[Item, ...] = ()
    urgent: tuple[Item, ...] = ()
    urgent_to: int = 0
    """The urgent cursor once these are applied."""
    again_ms: int = 0
    """Ask again after this long: set when central holds no more requests open."""


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True):
    """First frame of a snapshot: what it is."""

    site: str
    epoch: int
    seq: int
    schema: int


class SnapshotManifest(msgspec.Struct, frozen=True, kw_only=True):
    """Last frame of a snapshot: what must have arrived; without it the snapshot is cut short."""

    site: str
    epoch: int
    seq: int
    schema: int
    count: int
    digest: bytes
    """BLAKE2b-256 over the unpacked bytes of all frames before this one."""
    signature: bytes = b""
    """Central's, over all of the above and the signature of the request that asked for it."""


class EnrolRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a new device says: the code from the console and its own public key (Ed25519, 32 bytes)."""

    code: str
    public_key: bytes
    name: str = ""


class EnrolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What central gives a new device: its name and its key's, central's own key, the site's for BandIds."""

    device: str
    site: str
    incarnation: int
    key_id: str
    """By what the device's signatures name its key."""
    central_key: bytes
    """By which central signs what it says from now on (Ed25519, 32 bytes)."""
    band_key: bytes
    points: tuple[str, ...]
    kind: str
    time_ms: int


class RollRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The key that a device made to follow its present one, which signs this request."""

    public_key: bytes


class RollAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """By what the new key's signatures name it; the old one proves nothing any more."""

    device: str
    key_id: str
    time_ms: int


class BoxDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """What a device leaves at central to be started with, sealed by itself; asked back for by another key."""

    public_key: bytes
    sealed: bytes


class BoxRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who starts asks for what was left under this key (Ed25519), which signs; ``sealed`` takes its place."""

    public_key: bytes
    sealed: bytes = b""


class BoxAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was left."""

    sealed: bytes
    time_ms: int


class Tip(msgspec.Struct, frozen=True, kw_only=True):
    """Where one lane ends."""

    lane: int
    seq: int
    h: bytes = b""


class ReaderState(msgspec.Struct, frozen=True, kw_only=True):
    """One reader, gate or printer as the console shows it."""

    device: str
    kind: str
    state: str
    reason: str = ""
    point: str | None = None


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device says of itself at first contact and every half minute."""

    device: str
    boot: str
    version: str = ""
    tips: tuple[Tip, ...] = ()
    acked: tuple[int, ...] = ()
    """Ack per lane, ordinary first."""
    outbox: int = 0
    outbox_age_ms: int = 0
    cursor: Cursor = Cursor()
    urgent: Cursor = Cursor()
    """How far the urgent set is applied."""
    profiles: int = 0
    bundle: int = 0
    """Version of the offers that it goes by; 0: none."""
    writable: bool = True
    cause: str = ""
    frozen: str = ""
    held_back: str = ""
    """Why it does not obey central at the moment: the caps of its own policy."""
    readers: tuple[ReaderState, ...] = ()
    layout: int = 0
    """By which number of the layout it decides."""
    inside: dict[str, int] | None = None
    """People in each zone through this device, counted after it took that layout."""
    taken: dict[str, int] | None = None
    """Guests let in at each booked time of these days, by the time's key, counted after ``cursor``."""


class Attested(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Central's side of first contact: what it holds of each lane, and the urgent items not yet applied."""

    device: str
    time_ms: int
    tips: tuple[Tip, ...]
    urgent: tuple[Item, ...] = ()
    urgent_to: Cursor = Cursor()
    checkpoint: bytes | None = None
    """The device's own newest checkpoint, as central keeps it."""
