"""The demo page: a tray of virtual wristbands, readers to hold them to, and switches that break things."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response

from edge.errors import NotAllowed, Unknown
from kiosk.ask import Ask
from kiosk.assets import texts_address
from kiosk.guests import names_of
from kiosk.pages import page
from kiosk.park import CROWD_MAX, CardTurn, DemoPort, DemoState, Place, TapStory
from kiosk.routes import DEMO, Audience, Route, View
from kiosk.tales import DemoTale, Tale
from kiosk.texts import LANGUAGES

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class TapAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Hold this band to this reader."""

    band: Word
    reader: Word


class DeskAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Lay this new band on the desk."""

    band: Word


class InternetAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Cut the way to central, or restore it."""

    up: bool


class ReaderAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Pull a reader's cable, or plug it in."""

    reader: Word
    plugged: bool


class PrinterAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Pull a printer's cable, or plug it in."""

    printer: Word
    plugged: bool


class DiskAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Fill the disk, or free it."""

    full: bool


class CrowdAsked(msgspec.Struct, frozen=True, kw_only=True):
    """So many virtual guests a minute."""

    rate: Annotated[int, msgspec.Meta(ge=0, le=CROWD_MAX)]


class WalkAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Carry this band there."""

    band: Word
    place: Place


class TaleAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which guided story."""

    tale: Tale
    cut: bool = False
    """With the internet cut from where the story needs none any more."""


class CardAsked(msgspec.Struct, frozen=True, kw_only=True):
    """How charges to a stored card go."""

    next: CardTurn


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
        "currency": layout.currency if layout is not None else "EUR",
        "places": names_of(layout),
        "texts": {language: texts_address("demo", language) for language in LANGUAGES},
        "crowd_max": CROWD_MAX,
        "turns": [turn.value for turn in CardTurn],
        "tales": [one.value for one in Tale],
        "ways": [place.value for place in Place],
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


def desk(ask: Ask) -> DemoState:
    """Write a new band."""
    park(ask).write(ask.want(DeskAsked).band)
    return park(ask).state()


def internet(ask: Ask) -> DemoState:
    """Cut or restore the internet."""
    park(ask).internet(ask.want(InternetAsked).up)
    return park(ask).state()


def reader(ask: Ask) -> DemoState:
    """Unplug or plug a reader."""
    asked = ask.want(ReaderAsked)
    park(ask).reader(asked.reader, asked.plugged)
    return park(ask).state()


def printer(ask: Ask) -> DemoState:
    """Unplug or plug a printer."""
    asked = ask.want(PrinterAsked)
    park(ask).printer(asked.printer, asked.plugged)
    return park(ask).state()


def disk(ask: Ask) -> DemoState:
    """Fill or free the disk."""
    park(ask).disk(ask.want(DiskAsked).full)
    return park(ask).state()


def crowd(ask: Ask) -> DemoState:
    """Let virtual guests come."""
    park(ask).crowd(ask.want(CrowdAsked).rate)
    return park(ask).state()


def walk(ask: Ask) -> DemoState:
    """Carry a band about."""
    asked = ask.want(WalkAsked)
    park(ask).walk(asked.band, asked.place)
    return park(ask).state()


def card(ask: Ask) -> DemoState:
    """Choose how charges go."""
    park(ask).card(ask.want(CardAsked).next)
    return park(ask).state()


def tale(ask: Ask) -> DemoTale:
    """Play a guided story; its steps come by the stream meanwhile."""
    asked = ask.want(TaleAsked)
    return park(ask).play(asked.tale, cut=asked.cut)


def debt(ask: Ask) -> DemoState:
    """Pay what is owed."""
    park(ask).pay_debt()
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
    Route(
        "POST",
        "/demo/tales",
        tale,
        Audience.DEMO,
        "Play a guided story.",
        body=TaleAsked,
        answer=DemoTale,
        rate=DEMO,
    ),
    _switch("/demo/desk", desk, DeskAsked, summary="Write a new band at the desk."),
    _switch("/demo/internet", internet, InternetAsked, summary="Cut or restore the internet."),
    _switch("/demo/reader", reader, ReaderAsked, summary="Unplug or plug a reader."),
    _switch("/demo/printer", printer, PrinterAsked, summary="Unplug or plug a printer."),
    _switch("/demo/disk", disk, DiskAsked, summary="Fill or free the disk."),
    _switch("/demo/crowd", crowd, CrowdAsked, summary="Let virtual guests come."),
    _switch("/demo/walk", walk, WalkAsked, summary="Carry a band past the park's radios."),
    _switch("/demo/card", card, CardAsked, summary="Choose how charges to a stored card go."),
    _switch("/demo/debt", debt, None, summary="Pay what guests of stored cards owe."),
    _switch("/demo/reset", reset, None, summary="Start the demo day again."),
)
