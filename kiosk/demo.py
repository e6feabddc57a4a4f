"""The demo page: a tray of virtual wristbands, readers to hold them to, and switches that break things."""

from __future__ import annotations

import enum
from typing import Annotated, Protocol

import msgspec
from flask import Response

from edge.core.decision import Family, Outcome, Reason
from edge.errors import NotAllowed, Unknown
from kiosk.ask import Ask
from kiosk.assets import texts_address
from kiosk.guests import names_of
from kiosk.pages import page
from kiosk.routes import DEMO, Audience, Route, View
from kiosk.texts import LANGUAGES

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
    USED_UP = "used_up"
    UNPAID = "unpaid"
    EXPIRED = "expired"
    LOST = "lost"
    REPLACED = "replaced"
    REVOKED = "revoked"
    UNLINKED = "unlinked"
    CLONE = "clone"
    COPIED_CHIP = "copied_chip"
    PHONE = "phone"
    FOREIGN = "foreign"
    TORN = "torn"


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


class DemoAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A screen to be opened in a tab of its own."""

    kind: str
    """``gate``, ``kiosk``, ``staff``, ``ops`` or ``central``; the word is ``demo.open.<kind>``."""
    url: str
    point: str = ""


class DemoState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole demo park in one look; published as event ``demo`` on topic ``demo`` at each change."""

    bands: tuple[DemoBand, ...]
    readers: tuple[DemoReader, ...]
    addresses: tuple[DemoAddress, ...] = ()
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

    def story(self, tap_id: str) -> TapStory | None:
        """Return what became of an earlier tap, by now."""

    def remove(self, reader: str) -> None:
        """Take whatever lies on ``reader`` away."""

    def internet(self, up: bool) -> None:
        """Cut or restore the way to central; idempotent."""

    def reader(self, reader: str, plugged: bool) -> None:
        """Pull or plug a reader's cable; idempotent."""

    def disk(self, full: bool) -> None:
        """Fill the edge's disk or free it; idempotent."""

    def crowd(self, rate: int) -> None:
        """Let ``rate`` virtual guests a minute pass, 0 to ``CROWD_MAX``."""

    def reset(self) -> None:
        """Bring the park back to its first morning within 5 s."""


Word = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class TapAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Hold this band to this reader."""

    band: Word
    reader: Word


class InternetAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Cut the way to central, or restore it."""

    up: bool


class ReaderAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Pull a reader's cable, or plug it in."""

    reader: Word
    plugged: bool


class DiskAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Fill the disk, or free it."""

    full: bool


class CrowdAsked(msgspec.Struct, frozen=True, kw_only=True):
    """So many virtual guests a minute."""

    rate: Annotated[int, msgspec.Meta(ge=0, le=CROWD_MAX)]


def park(ask: Ask) -> DemoPort:
    """Return the demo park, which only `polso demo` has."""
    if ask.house.demo is None:
        raise NotAllowed("This is no demo.", hint="Start `polso demo` on a machine of your own.")
    return ask.house.demo


def demo(ask: Ask) -> Response:
    """Draw the demo page."""
    layout = ask.house.service.layout()
    beginning = {
        "demo": True,
        "language": ask.language,
        "timezone": layout.timezone if layout is not None else "Europe/Rome",
        "places": names_of(layout),
        "texts": {language: texts_address("demo", language) for language in LANGUAGES},
        "crowd_max": CROWD_MAX,
        "state": msgspec.to_builtins(park(ask).state()),
    }
    return page(ask, "demo.html", page=beginning)


def state(ask: Ask) -> DemoState:
    """Say how the park stands."""
    return park(ask).state()


def tap(ask: Ask) -> TapStory:
    """Hold a band to a reader and answer what was decided."""
    asked = ask.want(TapAsked)
    return park(ask).tap(asked.band, asked.reader)


def internet(ask: Ask) -> DemoState:
    """Cut or restore the internet."""
    park(ask).internet(ask.want(InternetAsked).up)
    return park(ask).state()


def reader(ask: Ask) -> DemoState:
    """Unplug or plug a reader."""
    asked = ask.want(ReaderAsked)
    park(ask).reader(asked.reader, asked.plugged)
    return park(ask).state()


def disk(ask: Ask) -> DemoState:
    """Fill or free the disk."""
    park(ask).disk(ask.want(DiskAsked).full)
    return park(ask).state()


def crowd(ask: Ask) -> DemoState:
    """Let virtual guests come."""
    park(ask).crowd(ask.want(CrowdAsked).rate)
    return park(ask).state()


def reset(ask: Ask) -> DemoState:
    """Start the demo day again."""
    park(ask).reset()
    return park(ask).state()


def story(ask: Ask) -> TapStory:
    """Tell what became of an earlier tap, by now."""
    told = park(ask).story(ask.path["tap_id"])
    if told is None:
        raise Unknown("There was no such tap.")
    return told


def _switch(path: str, view: View, body: type[msgspec.Struct] | None, *, summary: str) -> Route:
    return Route("POST", path, view, Audience.DEMO, summary, body=body, answer=DemoState, rate=DEMO)


ROUTES = (
    Route("GET", "/demo", demo, Audience.DEMO, "The demo page.", rate=DEMO),
    Route("GET", "/demo/state", state, Audience.DEMO, "The demo park now.", answer=DemoState, rate=DEMO),
    Route("GET", "/demo/taps/<tap_id>", story, Audience.DEMO, "One tap's story.", answer=TapStory, rate=DEMO),
    Route(
        "POST",
        "/demo/taps",
        tap,
        Audience.DEMO,
        "Hold a band to a reader.",
        body=TapAsked,
        answer=TapStory,
        rate=DEMO,
    ),
    _switch("/demo/internet", internet, InternetAsked, summary="Cut or restore the internet."),
    _switch("/demo/reader", reader, ReaderAsked, summary="Unplug or plug a reader."),
    _switch("/demo/disk", disk, DiskAsked, summary="Fill or free the disk."),
    _switch("/demo/crowd", crowd, CrowdAsked, summary="Let virtual guests come."),
    _switch("/demo/reset", reset, None, summary="Start the demo day again."),
)
