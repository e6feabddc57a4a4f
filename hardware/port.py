"""All that the rest of Polso ever sees of a reader, a radio, a light or a gate."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

TAP_QUEUE_MAX = 64
"""Reports waiting between the readers of one device and the service (architecture: one bounded queue)."""


class Trust(enum.IntEnum):
    """What a band proved at this tap, weakest first (NXP AN12196 for SUN and LIVE)."""

    NONE = 0
    """Nothing was proved: the band was refused or not read."""
    UID = 1
    """An identifier that anybody with a phone can copy."""
    SUN = 2
    """A message made by the band's key, with a counter that moved."""
    LIVE = 3
    """The band knows its key now: mutual authentication in this very tap."""


class Medium(enum.StrEnum):
    """How the identity reached the reader."""

    NFC = "nfc"
    QR = "qr"
    WEB = "web"
    OSDP = "osdp"


class ReadFault(enum.StrEnum):
    """Why a band was seen and not read; None on a Tap means that it was read."""

    TORN = "torn"
    """It left the field, answered too short or not at all: hold it still."""
    DEADLINE = "deadline"
    """It kept the reader longer than a tap may take."""
    REFUSED_CHIP = "refused_chip"
    """A chip that proves nothing to anybody: MIFARE Classic, by its SAK."""
    NOT_AUTHENTIC = "not_authentic"
    """Its proof is wrong: another key, a changed MAC. Never read as a lower trust."""
    RANDOM_UID = "random_uid"
    """It changes its identifier at each tap, so it has no identity."""
    LOCKED = "locked"
    """The chip asks for an authentication delay (91ADh); it is not hammered."""
    GARBAGE = "garbage"
    """It answered with bytes that fit no standard."""


@dataclass(frozen=True, slots=True)
class Tap:
    """One presentation of a band to a reader, read or not; made once, journaled whatever it is.

    ``tap_id`` is ``<reader>:<boot>:<seq>`` with ``boot`` 8 random hex digits of the reader's start: the same
    presentation has the same id for ever, another one never.
    ``uid`` is the raw identifier (4, 7 or 10 octets; QR and OSDP: the code's own octets). It leaves
    ``hardware`` only into the vault's keyed hash and never stands in ``repr``.
    ``counter`` is the band's own tap counter where its proof carries one. ``commands`` counts chip commands.
    ``at_ns`` is monotonic time in nanoseconds at which the band was found; ``took_ms`` lasts from there to
    the report.
    """

    reader: str
    seq: int
    tap_id: str
    uid: bytes = field(repr=False)
    trust: Trust
    at_ns: int
    medium: Medium = Medium.NFC
    product: str = ""
    sak: int | None = None
    counter: int | None = None
    fault: ReadFault | None = None
    cause: str = ""
    commands: int = 0
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Removed:
    """The band of tap ``seq`` has been absent long enough that its next contact is a new tap."""

    reader: str
    seq: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A band or a beacon of ours that was heard by radio. It prepares, and authorises nothing.

    ``at_ns`` is monotonic time, ``rssi`` the level in dBm, ``power_1m`` the level at one metre where it was
    said, ``id`` the 16 octets by which the house knows it. No address, no identity of the moment.
    """

    receiver: str
    at_ns: int
    rssi: int
    power_1m: int | None
    id: bytes = field(repr=False)


class State(enum.StrEnum):
    """Where a driver stands; see ``hardware/supervisor.py`` for who moves it."""

    CLOSED = "closed"
    OPENING = "opening"
    IDLE = "idle"
    READING = "reading"
    HOLD = "hold"
    DEGRADED = "degraded"
    """It works, and worse than it was asked to."""
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A reader, radio, gate or printer changed its state; ``reason`` says to a person what to do about it."""

    device: str
    state: State
    reason: str
    at_ns: int


Report = Tap | Removed | DeviceState


class Sink(Protocol):
    """Where a supervisor puts its reports: a callable that never blocks longer than the queue's bound."""

    def __call__(self, report: Report, /) -> None:
        """Hand one report on, in order."""


class DeviceError(Exception):
    """The device, not a band, failed; ``hint`` says what a person can do."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the cause and the act that mends it."""
        super().__init__(message)
        self.hint = hint


class KeyLookup(Protocol):
    """Finds a band's own key; implemented by ``edge/vault.py``, never asked for a master key."""

    def __call__(self, uid: bytes, key_no: int, /) -> bytes | None:
        """Return the band's 16-octet AES key ``key_no`` (FeliCa: its card key), or None if unknown."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What a driver found out about the band in its field; the supervisor makes a Tap of it."""

    uid: bytes = field(repr=False)
    trust: Trust = Trust.NONE
    medium: Medium = Medium.NFC
    product: str = ""
    sak: int | None = None
    counter: int | None = None
    fault: ReadFault | None = None
    cause: str = ""
    commands: int = 0
    found_ns: int = 0
    """Monotonic time at which the band was found; 0 where the driver cannot tell it."""


class Reader(Protocol):
    """One reader, owned by exactly one thread. Every call returns by its deadline.

    A band's bad answer is a ``Presented`` with a fault; only the device's own failure raises (``DeviceError``
    or ``OSError``), upon which the supervisor closes it and opens it again.
    """

    def open(self) -> None:
        """Take the device; raise ``DeviceError`` with a hint if it is not there or not ours."""

    def read(self, deadline_ns: int) -> Presented | None:
        """Look once into the field; None means that it is empty. ``deadline_ns`` is monotonic time."""

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        """Say whether the band with this identifier is still in the field."""

    def close(self) -> None:
        """Give the device back; never raises."""


@runtime_checkable
class Announcer(Protocol):
    """A reader that can tell at once that it found a band, before it has read it: the lamp says "reading"."""

    on_found: Callable[[], None]
    """Called from the reader's own thread, inside ``read``; replaced by the supervisor."""


class Signal(enum.StrEnum):
    """What a light or buzzer can say to a guest; families of outcomes map onto these (never a red one)."""

    OFF = "off"
    READING = "reading"
    ALLOW = "allow"
    ATTENTION = "attention"
    DENY = "deny"
    WAIT = "wait"
    AGAIN = "again"
    OUT_OF_SERVICE = "out_of_service"


class Light(Protocol):
    """A lamp and its sound beside a reader."""

    def show(self, signal: Signal, hold_s: float) -> None:
        """Show ``signal`` for ``hold_s`` seconds, replacing what is shown; returns at once."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of an opened gate: ``people`` passed, fewer than were let in where time ran out."""

    gate: str
    opening: str
    passed: bool
    at_ns: int
    people: int = 0


class PassageSink(Protocol):
    """Where a gate reports what became of an opening."""

    def __call__(self, passage: Passage, /) -> None:
        """Hand one passage on; called once for each opening."""


class Gate(Protocol):
    """A turnstile, door or barrier: a pulse on its open input, and its "passed" contact back.

    Polso is never the safety controller: fire release and anti-tailgating are the gate's own business.
    """

    def open(self, opening: str, seq: int, people: int = 1) -> None:
        """Pulse once a person for the committed decision ``seq`` (> 0) of tap ``opening``; returns at once.

        Raises ``ValueError`` where ``seq`` is not a journal number: no green before the commit.
        """

    def close(self) -> None:
        """Give the pins back; openings still waiting for their passage are reported as not passed."""


class PaperFault(enum.StrEnum):
    """Why nothing came out of a printer."""

    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    LOST = "lost"
    """It does not answer: unplugged, switched off, its cable pulled."""


class NotPrinted(DeviceError):
    """A slip did not come out; what it is about stands all the same."""

    def __init__(self, fault: PaperFault, message: str, hint: str = "") -> None:
        """Say which fault, for screens, and in words, for people."""
        super().__init__(message, hint)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class SlipRow:
    """One row of paper: text at the left, and at the right where an amount belongs."""

    left: str = ""
    right: str = ""
    big: bool = False
    strong: bool = False
    centred: bool = False
    rule: bool = False
    """A line across the paper, and nothing else."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed at once: rows, a code to scan if there is one, what stands below it, then the cut."""

    rows: tuple[SlipRow, ...]
    code: str = ""
    open_drawer: bool = False
    below: tuple[SlipRow, ...] = ()
    """What stands under the code, as a coupon that came with the purchase."""
    coupon: str = ""
    """A second code, under that."""


class Printer(Protocol):
    """A receipt printer with the drawer that hangs on it; calls come from one thread at a time."""

    @property
    def columns(self) -> int:
        """How many plain letters fit beside each other on its roll."""

    def print(self, slip: Slip) -> None:
        """Return when the printer has taken the slip whole; raise ``NotPrinted`` when nothing came out."""

    def open_drawer(self) -> None:
        """Pulse the drawer's lock; raise ``NotPrinted`` where the printer does not answer."""

    def fault(self) -> PaperFault | None:
        """Ask the printer how it is; None: it can print."""

    def close(self) -> None:
        """Give the line back; harmless if repeated."""
