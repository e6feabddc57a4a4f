"""A stage for guests' pages: the real app over real sockets, before rooms that say what a test tells them."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from edge.core.decision import Act, Family, Outcome, Reason, WhatNext
from edge.core.places import Direction, Layout, Point, PointKind, Zone
from edge.errors import Refused
from edge.feed import Feed
from edge.run.web import Web
from edge.staff import Screen, ScreenKind, ScreenSettings
from edge.views import Alarm, Counters, DeviceHealth, GuestView, HealthView, HelpCall, Plan, PlanItem
from kiosk.app import create_app, streams_of
from kiosk.house import House, Settings
from kiosk.park import CardTurn, DemoAddress, DemoDesk, DemoReader, DemoState, DemoWalk, Place, Step, TapStory
from tests.kiosk.known import FakeGuests
from tests.kiosk.tray import Telling, a_printer, a_stored_card, some_bands

NOON_MS = 1_767_265_200_000
"""1 January 2026, 12:00 in Rome."""
HOUR_MS = 3_600_000
POINTS = (
    ("park", PointKind.GATE, {"it": "Ingresso Sud", "en": "South Gate", "de": "Südtor", "fr": "Porte Sud"}),
    ("room", PointKind.DOOR, {"it": "Camera 214", "en": "Room 214", "de": "Zimmer 214", "fr": "Chambre 214"}),
    ("ride", PointKind.ATTRACTION, {"it": "Il Volo del Falco", "en": "Falcon Flight", "es": "Vuelo"}),
    ("hall", PointKind.KIOSK, {"it": "Piazza", "en": "Square"}),
)
OUTCOMES = {
    Family.GO: (Outcome.GRANTED, Reason.ENTERED, WhatNext(act=Act.GO_ON)),
    Family.ASK: (Outcome.REFERRED, Reason.HEIGHT_CONFIRM, WhatNext(act=Act.CONFIRM)),
    Family.WAIT: (Outcome.DENIED, Reason.TOO_EARLY, WhatNext(act=Act.COME_BACK, at_ms=NOON_MS + 3 * HOUR_MS)),
    Family.USED: (Outcome.DENIED, Reason.ALREADY_USED_HERE, WhatNext(act=Act.SEE_STAFF)),
    Family.STOP: (Outcome.DENIED, Reason.WRONG_GATE, WhatNext(act=Act.GO_TO, place="ride")),
    Family.STAFF: (Outcome.REFERRED, Reason.BAND_LOST, WhatNext(act=Act.SEE_STAFF)),
    Family.AGAIN: (Outcome.REFERRED, Reason.BAND_READ_ERROR, WhatNext(act=Act.TAP_AGAIN)),
}
NUMBERS = itertools.count(1)


def a_layout() -> Layout:
    points = tuple(
        Point(id=name, kind=kind, names=names, zone="site", direction=Direction.IN)
        for name, kind, names in POINTS
    )
    zones = (Zone(id="site", names={"it": "Il parco", "en": "The park"}),)
    return Layout(site="demo", version=1, timezone="Europe/Rome", zones=zones, points=points)


def a_verdict(family: Family, *, point: str = "park", language: str = "it", people: int = 1) -> GuestView:
    outcome, reason, what_next = OUTCOMES[family]
    number = next(NUMBERS)
    return GuestView(
        seq=number,
        tap_id=f"reader:00000000:{number}",
        point=point,
        outcome=outcome,
        family=family,
        text=f"reason.{reason}.guest",
        at_ms=NOON_MS,
        next=what_next,
        language=language,
        people=people,
    )


def some_items() -> tuple[PlanItem, ...]:
    return (
        PlanItem(
            entitlement="e1", product="day", names={"it": "Giornata al parco", "en": "A day at the park"}
        ),
        PlanItem(
            entitlement="e2",
            product="ride",
            names={
                "it": "Il Volo del Falco",
                "en": "Falcon Flight",
                "fr": "Le Vol du Faucon",
                "de": "Falkenflug",
            },
            start_ms=NOON_MS + 3 * HOUR_MS,
            end_ms=NOON_MS + 4 * HOUR_MS,
            point="ride",
            uses_left=1,
        ),
        PlanItem(
            entitlement="e3",
            product="tour",
            names={"it": "Passeggiata nel giardino d\u2019inverno", "en": "A walk through the winter garden"},
            start_ms=NOON_MS - HOUR_MS,
            end_ms=NOON_MS + HOUR_MS,
            point="park",
        ),
        PlanItem(
            entitlement="e4",
            product="breakfast",
            names={"it": "Colazione in albergo", "en": "Breakfast at the hotel"},
            used=True,
        ),
    )


def a_plan(*, name: str = "Giulia", language: str = "it", family: Family = Family.GO, at_ms: int = 0) -> Plan:
    now = at_ms or int(time.monotonic() * 1000)  # only to tell two plans apart
    return Plan(
        tap_id=f"hall:00000000:{next(NUMBERS)}",
        point="hall",
        at_ms=now,
        name=name,
        language=language,
        family=family,
        text="reason.identified.guest" if family is Family.GO else "reason.band_lost.guest",
        items=some_items() if family is Family.GO else (),
    )


@dataclass
class FakeRooms(FakeGuests):
    """Service, staff, health and clock of the stage in one; it says what it was told to say."""

    online: bool = True
    calls: list[HelpCall] = field(default_factory=list)
    seats: dict[str, Screen] = field(default_factory=dict)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)

    def attempt(self, session: Any, act: str) -> AbstractContextManager[None]:
        """Nobody is refused here: what happens then is written down by the real house."""
        return nullcontext()

    def layout(self) -> Layout:
        return a_layout()

    def call_help(self, point: str, op: str) -> HelpCall:
        call = HelpCall(id=f"help-{op}", point=point, at_ms=NOON_MS)
        self.calls = [*self.calls, call]
        return call

    def approvals(self) -> tuple[Any, ...]:
        return ()

    def help_calls(self) -> tuple[HelpCall, ...]:
        return tuple(self.calls)

    def alarms(self) -> tuple[Alarm, ...]:
        return ()

    def counters(self) -> Counters:
        return Counters()

    def recent(self, point: str | None, limit: int = 20) -> tuple[Any, ...]:
        return ()

    def view(self) -> HealthView:
        devices = tuple(
            DeviceHealth(device=f"{p}-reader", kind="reader", state="idle", point=p) for p, *_ in POINTS
        )
        return HealthView(at_ms=NOON_MS, writable=True, online=self.online, devices=devices)

    def now_ms(self) -> int:
        return NOON_MS

    def new_screen(self, kind: str, point: str, **settings: Any) -> str:
        code = f"code-{len(self.codes)}"
        self.codes[code] = (kind, point)
        return code

    def enrol_screen(self, code: str) -> tuple[Screen, str]:
        kind, point = self.codes.pop(code)
        settings = ScreenSettings(language="it", ppi=92, distance_m=0.5 if kind == "kiosk" else 1.0)
        screen = Screen(id=f"{kind}-{point}", kind=ScreenKind(kind), point=point, settings=settings)
        token = f"token-{len(self.seats)}"
        self.seats[token] = screen
        return screen, token

    def screen(self, token: str) -> Screen | None:
        return self.seats.get(token)

    def screens(self) -> tuple[Screen, ...]:
        return tuple(self.seats.values())

    def session(self, token: str) -> None:
        return None


class FakePark(Telling):
    """A demo park that decides by the band's own story, and tells the feed as the real one does."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.taps: list[tuple[str, str]] = []
        self.now = a_park()

    def state(self) -> DemoState:
        return self.now

    def tap(self, band: str, reader: str) -> TapStory:
        self.taps.append((band, reader))
        point = reader.removesuffix("-reader")
        family = Family.STAFF if band == "orlando" else Family.GO
        if point == "hall":
            self.feed.publish("kiosk-hall", "plan", a_plan())
        else:
            self.feed.publish(f"gate-{point}", "decision", a_verdict(family, point=point))
        return a_story(band, reader, family)

    def write(self, band: str) -> None:
        if band != "nuovo":
            raise Refused("This band is written already.")
        self._become(desk=DemoDesk(band=band, steps=9, took_ms=812))

    def story(self, tap_id: str) -> TapStory | None:
        return None

    def remove(self, reader: str) -> None:
        raise NotImplementedError

    def internet(self, up: bool) -> None:
        self._become(internet=up, outbox=0 if up else 3)

    def reader(self, reader: str, plugged: bool) -> None:
        states = tuple(
            _with(one, plugged=plugged, state="idle" if plugged else "lost") if one.id == reader else one
            for one in self.now.readers
        )
        self._become(readers=states)

    def printer(self, printer: str, plugged: bool) -> None:
        self._become(printers=tuple(_with(one, plugged=plugged) for one in self.now.printers))

    def disk(self, full: bool) -> None:
        self._become(disk_full=full)

    def card(self, turn: CardTurn) -> None:
        self._become(card=_with(self.now.card, next=turn))

    def pay_debt(self) -> None:
        self._become(card=_with(self.now.card, owes_minor=0, denied=False))

    def walk(self, band: str, place: Place) -> None:
        at = {**self.now.walk.at, band: place} if self.now.walk is not None else {band: place}
        self._become(walk=DemoWalk(at={one: there for one, there in at.items() if there is not Place.AWAY}))

    def crowd(self, rate: int) -> None:
        self._become(crowd=rate)

    def reset(self) -> None:
        self.now = a_park()
        self.feed.publish("demo", "demo", self.now)

    def _become(self, **changes: Any) -> None:
        self.now = _with(self.now, **changes)
        self.feed.publish("demo", "demo", self.now)


def _with(struct: Any, **changes: Any) -> Any:
    return type(struct)(**{name: getattr(struct, name) for name in struct.__struct_fields__} | changes)


def a_story(band: str, reader: str, family: Family) -> TapStory:
    number = next(NUMBERS)
    outcome, reason, _ = OUTCOMES[family]
    rooms = (
        ("field", 3.1), ("reader", 14.2), ("service", 0.4), ("rules", 0.1), ("journal", 4.8), ("gate", 0.2),
        ("screens", 1.1),
    )  # fmt: skip
    return TapStory(
        tap_id=f"{reader}:00000000:{number}",
        band=band,
        reader=reader,
        point=reader.removesuffix("-reader"),
        outcome=outcome,
        reason=reason,
        family=family,
        seq=number,
        took_ms=23.9,
        at_ms=NOON_MS,
        hash="9f2c41d0a7be5533" * 4,
        steps=tuple(Step(room=room, ms=ms) for room, ms in rooms),
    )


def a_park() -> DemoState:
    readers = tuple(
        DemoReader(id=f"{name}-reader", point=name, kind=kind, names=names_) for name, kind, names_ in POINTS
    )
    screens = ((p, "kiosk" if kind is PointKind.KIOSK else "gate") for p, kind, _ in POINTS)
    addresses = (
        *(DemoAddress(kind=kind, url=f"/{kind[0]}/{p}", point=p) for p, kind in screens),
        DemoAddress(kind="staff", url="/staff/park", point="park"),
        DemoAddress(kind="ops", url="/ops"),
    )
    return DemoState(
        bands=some_bands(),
        readers=readers,
        addresses=addresses,
        printers=(a_printer(),),
        card=a_stored_card(),
        walk=DemoWalk(),
        sign_in={"Marta (supervisor)": "2468", "Luca": "1357"},
    )


@dataclass
class Stage:
    """The running app, its feed and its rooms."""

    url: str
    feed: Feed
    rooms: FakeRooms
    park: FakePark
    app: Flask


@contextmanager
def a_stage() -> Iterator[Stage]:
    rooms, feed = FakeRooms(), Feed()
    park = FakePark(feed)
    anything: Any = rooms
    house = House(
        service=anything, staff=anything, feed=feed, health=anything, clock=anything, demo=park,
        settings=Settings(heartbeat_s=1.0),
    )  # fmt: skip
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = create_app(house)
    web = Web(app, listener, {"threads": 24, "channel_request_lookahead": 1})
    web.start()
    try:
        yield Stage(web.url, feed, rooms, park, app)
    finally:
        streams_of(app).end()
        web.stop()
