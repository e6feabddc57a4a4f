"""The demo park as its page and scripts see it: the port, and the values that pass through it."""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec

from edge.core.decision import Family, Outcome, Reason
from kiosk.tales import DemoTale, Tale

CROWD_MAX = 600
"""Virtual guests a minute, at most."""


class Story(enum.StrEnum):
    """What a virtual band is there to show; each has its line ``demo.story.<value>`` in every language."""

    DAY_TICKET = "day_ticket"
    YEAR_TICKET = "year_ticket"
    FAMILY_ADULT = "family_adult"
    FAMILY_CHILD = "family_child"
    SLOT_NOW = "slot_now"
    SLOT_LATER = "slot_later"
    SMALL_CHILD = "small_child"
    HOTEL_GUEST = "hotel_guest"
    VIP = "vip"
    STORED_CARD = "stored_card"
    USED_UP = "used_up"
    UNPAID = "unpaid"
    EXPIRED = "expired"
    LOST = "lost"
    REPLACED = "replaced"
    REVOKED = "revoked"
    UNLINKED = "unlinked"
    BLANK = "blank"
    CLONE = "clone"
    COPIED_CHIP = "copied_chip"
    PHONE = "phone"
    FOREIGN = "foreign"
    TORN = "torn"


class CardTurn(enum.StrEnum):
    """How charges to a stored card go; each has its line ``demo.card.<value>``."""

    PAID = "paid"
    DECLINED = "declined"
    GUEST_NEEDED = "guest_needed"
    NO_ANSWER = "no_answer"  # the provider takes the money, and its answer does not arrive in time


class DemoBand(msgspec.Struct, frozen=True, kw_only=True):
    """One wristband of the tray; all of it is invented, so nothing of it is personal."""

    id: str
    """Short word for addresses and scripts, as ``giulia``."""
    name: str
    """Written on the card."""
    story: Story
    chip: str
    """The chip as its maker calls it, as ``NTAG 424 DNA``."""
    trust: str
    """What it can prove: ``LIVE``, ``SUN``, ``UID`` or empty."""
    language: str = ""
    """The guest's language; the greeting follows it."""
    reader: str | None = None
    """The reader it lies on at this moment."""


class DemoReader(msgspec.Struct, frozen=True, kw_only=True):
    """One reader of the park and the point it stands at."""

    id: str
    point: str
    kind: str
    """Kind of the point: gate, door, attraction, kiosk, till."""
    names: dict[str, str]
    """The point's name by language; ``it`` is always there."""
    plugged: bool = True
    state: str = "idle"
    """State of its driver, as ``hardware.port.State``."""


class DemoRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One printed row and how it looks."""

    text: str
    big: bool = False
    strong: bool = False
    centred: bool = False


class DemoSlip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came out of a printer between two cuts, and what its codes say, the one of its coupon apart."""

    rows: tuple[DemoRow, ...]
    code: str = ""
    coupon: str = ""


class DemoPrinter(msgspec.Struct, frozen=True, kw_only=True):
    """A till's receipt printer: its cable, and the paper that came out of it."""

    id: str
    point: str
    names: dict[str, str]
    plugged: bool = True
    slips: tuple[DemoSlip, ...] = ()
    """The last ones, newest first."""


class DemoCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The stored card of one guest of the park, as central and the built-in test provider have it."""

    guest: str
    """First name on the band's card."""
    next: CardTurn
    state: str
    """How the stored credential stands, as ``sync.central.psp.mandates.State``."""
    owes_minor: int = 0
    denied: bool = False
    """Whether tills ask this guest to see the staff."""
    charge: str = ""
    """How the latest charge stands, as ``sync.central.psp.judgement.State``; empty: none yet."""
    charge_minor: int = 0


class DemoDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What was done last at the desk where new bands get their keys; without a band nothing yet."""

    band: str = ""
    steps: int = 0
    """On the chip, each written down at central."""
    took_ms: int = 0


class Place(enum.StrEnum):
    """Where somebody carries a band about; each has its line ``demo.place.<value>``, the nearest last."""

    AWAY = "away"
    BAR = "bar"
    SHOP = "shop"
    KIOSK = "kiosk"


class DemoWalk(msgspec.Struct, frozen=True, kw_only=True):
    """Whose band is carried about where the park's radios may hear it; who is away is not in here."""

    at: dict[str, Place] = {}
    heard: int = 0
    """How often radios heard a guest who said yes, since the park opened."""


class DemoAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A screen to be opened in a tab of its own."""

    kind: str
    """``gate``, ``kiosk``, ``till``, ``till_guest``, ``staff``, ``ops`` or ``central``: its word ends so."""
    url: str
    point: str = ""


class DemoPast(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the park's earlier guests are at central by now, with all that they did."""

    guests: int
    of: int


class DemoState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole demo park in one look; published as event ``demo`` on topic ``demo`` at each change."""

    bands: tuple[DemoBand, ...]
    readers: tuple[DemoReader, ...]
    addresses: tuple[DemoAddress, ...] = ()
    printers: tuple[DemoPrinter, ...] = ()
    card: DemoCard | None = None
    desk: DemoDesk = DemoDesk()
    walk: DemoWalk | None = None
    """None: this machine has no message bus to hear bands by."""
    past: DemoPast | None = None
    """None: the park was opened without a past."""
    internet: bool = True
    disk_full: bool = False
    crowd: int = 0
    """Virtual guests a minute now."""
    outbox: int = 0
    """Events that wait for central."""
    sign_in: dict[str, str] = {}
    """PIN of the demo's own staff by name and role; the page shows both as they are."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One room on the way of a tap; its name is ``demo.room.<room>``."""

    room: str
    """``field``, ``reader``, ``service``, ``rules``, ``journal``, ``gate``, ``screens`` or ``central``."""
    ms: float


class TapStory(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one presentation; event ``story`` on topic ``demo``, again when central has it."""

    tap_id: str
    band: str
    reader: str
    point: str
    outcome: Outcome
    reason: Reason
    family: Family
    seq: int
    """Journal number; 0 where nothing could be recorded."""
    took_ms: float
    at_ms: int
    hash: str = ""
    """Of the journal's entry, hex."""
    steps: tuple[Step, ...] = ()
    acknowledged_ms: int | None = None
    """From the tap to central's acknowledgement; None while it waits."""


class DemoPort(Protocol):
    """What the demo page and its scripts may do to the park; every call may come from any thread."""

    def state(self) -> DemoState:
        """Say how the park stands now."""

    def tap(self, band: str, reader: str) -> TapStory:
        """Hold ``band`` to ``reader`` until decided, then take it away; raise ``Unknown`` or ``Refused``."""

    def write(self, band: str) -> None:
        """Write a new band at the desk and give it to its guest; raise ``Unknown`` or ``Refused``."""

    def story(self, tap_id: str) -> TapStory | None:
        """Return what became of an earlier tap, by now."""

    def remove(self, reader: str) -> None:
        """Take whatever lies on ``reader`` away."""

    def internet(self, up: bool) -> None:
        """Cut or restore the way to central; idempotent."""

    def reader(self, reader: str, plugged: bool) -> None:
        """Pull or plug a reader's cable; idempotent."""

    def printer(self, printer: str, plugged: bool) -> None:
        """Pull or plug a printer's cable; idempotent; raise ``Unknown``."""

    def disk(self, full: bool) -> None:
        """Fill the edge's disk or free it; idempotent."""

    def walk(self, band: str, place: Place) -> None:
        """Carry a band to a place where radios may hear it; raise ``Unknown`` or ``Refused``."""

    def crowd(self, rate: int) -> None:
        """Let ``rate`` virtual guests a minute pass, 0 to ``CROWD_MAX``."""

    def card(self, turn: CardTurn) -> None:
        """Choose how charges to a stored card go from now on."""

    def pay_debt(self) -> None:
        """Pay what guests of stored cards owe; who owes nothing pays nothing."""

    def play(self, tale: Tale, *, cut: bool = False) -> DemoTale:
        """Play a guided story, with the internet cut where it can be; raise ``Refused`` beside another."""

    def reset(self) -> None:
        """Bring the park back to its first morning within 5 s."""
