"""The park's keeper: what the demo page and its scripts may do, done to the real parts."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from edge.core.decision import Outcome, Reason
from edge.errors import PolsoError, Unknown
from edge.run.app import Edge
from edge.run.demo.air import Air
from edge.run.demo.cards import Cards
from edge.run.demo.counter import Counter
from edge.run.demo.crowd import Crowd
from edge.run.demo.desk import Desk
from edge.run.demo.disk import DemoDisk
from edge.run.demo.hands import Ground, Hands
from edge.run.demo.history.behind import Behind
from edge.run.demo.papers import Papers
from edge.run.demo.park import Park, Wearer
from edge.run.demo.stories import TOPIC, Stories
from edge.run.demo.tales.app import App
from edge.run.demo.tales.stage import Stage
from edge.run.demo.tales.teller import Teller
from edge.run.waiting import until
from edge.views import StaffView
from hardware.port import Report
from hardware.virtual.bands import Band
from kiosk.park import CardTurn, DemoAddress, DemoBand, DemoReader, DemoState, Place, TapStory
from kiosk.tales import DemoScene, DemoTale, Tale
from sync.central.store import Store

LOG = logging.getLogger("polso.demo")
SCREENS = (
    ("gate", "/g/gate-1", "gate-1"),
    ("gate", "/g/volo-1", "volo-1"),
    ("gate", "/g/door-214", "door-214"),
    ("kiosk", "/k/kiosk-1", "kiosk-1"),
    ("till", "/till/bar-1", "bar-1"),
    ("till_guest", "/till/bar-1/guest", "bar-1"),
    ("staff", "/staff/gate-1", "gate-1"),
    ("ops", "/ops", ""),
)
RESET = "demo_reset"
RECOVER_S_MAX = 3.0
PASSAGES_MAX = 1_000
"""Passages of the tray that a reset takes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the keeper's hands reach: fields by reader, bands by name, and every other part of the park."""

    fields: Mapping[str, Ground]
    bands: Mapping[str, Band]
    papers: Papers
    cards: Cards
    desk: Desk
    disk: DemoDisk
    air: Air
    behind: Behind
    store: Store
    app: App
    edge: Callable[[], str]
    central: Callable[[], str]


class Keeper:
    """Holds bands to readers, throws switches and tells the page how the park stands (``DemoPort``)."""

    def __init__(self, edge: Edge, park: Park, parts: Parts) -> None:
        """Keep this park; nothing moves before ``start``."""
        self._edge, self._park, self._parts = edge, park, parts
        self._stories = Stories(edge.feed, edge.journal)
        self._hands = Hands(parts.fields, self._stories, self._tell)
        self._visitors = {one.id: parts.bands[one.id] for one in park.visitors}
        self._crowd = Crowd(park, self._visitors, tap=self._hands.tap, sell=Counter(edge, park).sell)
        self._passages: deque[str] = deque(maxlen=PASSAGES_MAX)
        self._teller = Teller(self._stage, lambda told: edge.feed.publish(TOPIC, "tale", told))
        self._points = {point.id: point for point in park.points}

    def start(self) -> None:
        """Begin to watch and to let the crowd in, at first nobody."""
        self._stories.start()
        self._crowd.start()
        self._parts.behind.start(self._tell)

    def stop(self) -> None:
        """Send everybody home."""
        self._parts.behind.stop()
        self._crowd.stop()
        self._stories.stop()

    def heard(self, report: Report, view: StaffView | None) -> None:
        """Take what a reader reported (``Edge`` calls this)."""
        self._hands.heard(report, view)

    def state(self) -> DemoState:
        """Say how the park stands now."""
        lying = self._hands.lying()
        health = self._edge.health.view()
        states = {seen.device: seen.state for seen in health.devices}
        return DemoState(
            bands=tuple(self._card(wearer, lying) for wearer in self._park.wearers),
            desk=self._parts.desk.done,
            readers=tuple(self._reader(name, point, states) for name, point in self._readers()),
            addresses=self._addresses(),
            printers=self._parts.papers.shown({point.id: point.names for point in self._park.points}),
            card=self._parts.cards.state(),
            walk=self._parts.air.state(health.radio.heard),
            past=self._parts.behind.state,
            internet=self._edge.own.cable.plugged,
            disk_full=self._parts.disk.full,
            crowd=self._crowd.rate,
            outbox=health.outbox,
            sign_in={f"{one.name} ({', '.join(one.roles)})": one.pin for one in self._park.staff},
        )

    def tap(self, band: str, reader: str) -> TapStory:
        """Hold a band of the tray to a reader until it is decided, then take it away."""
        if band not in self._parts.bands:
            raise Unknown(f"There is no band {band!r}.", hint="GET /demo/state lists them.")
        story = self._hands.tap(band, self._parts.bands[band], reader)
        if story.outcome is Outcome.GRANTED and story.reason is not Reason.PAID:
            self._passages.append(story.tap_id)
        return story

    def write(self, band: str) -> None:
        """Lay a new band of the tray on the desk and give it the site's keys and its guest."""
        wearer = next((one for one in self._park.wearers if one.id == band), None)
        if wearer is None:
            raise Unknown(f"There is no band {band!r}.", hint="GET /demo/state lists them.")
        with self._hands.keeping(band):
            self._parts.desk.write(wearer, self._parts.bands[band])
        self._tell()

    def story(self, tap_id: str) -> TapStory | None:
        """Return what became of an earlier tap, by now."""
        return self._stories.one(tap_id)

    def remove(self, reader: str) -> None:
        """Take away whatever lies on a reader."""
        self._hands.remove(reader)

    def internet(self, up: bool) -> None:
        """Cut or restore the way to central."""
        cable = self._edge.own.cable
        if up and not cable.plugged:
            cable.plug()
            if self._edge.sync is not None:
                self._edge.sync.kick()
        elif not up:
            cable.pull()
        self._tell()

    def reader(self, reader: str, plugged: bool) -> None:
        """Pull or plug a reader's cable."""
        if self._hands.plugged(reader) != plugged:
            self._hands.plug(reader, plugged)

    def printer(self, printer: str, plugged: bool) -> None:
        """Pull or plug a printer's cable."""
        self._parts.papers.plug(printer, plugged)
        self._tell()

    def printed(self) -> None:
        """Tell the page what came out of a printer."""
        self._tell()

    def disk(self, full: bool) -> None:
        """Fill the edge's disk or free it."""
        self._parts.disk.set(full)
        self._tell()

    def walk(self, band: str, place: Place) -> None:
        """Carry a band to a place."""
        self._parts.air.carry(band, place)
        self._tell()

    def crowd(self, rate: int) -> None:
        """Let so many visitors a minute come."""
        self._crowd.set(rate)
        self._tell()

    def card(self, turn: CardTurn) -> None:
        """Choose how charges to a stored card go."""
        self._parts.cards.turn(turn)
        self._tell()

    def pay_debt(self) -> None:
        """Pay what guests of stored cards owe."""
        self._parts.cards.pay()
        self._tell()

    def play(self, tale: Tale, *, cut: bool = False) -> DemoTale:
        """Play a guided story, from a morning on which nothing of the tray has happened yet."""
        with self._teller.alone():
            self.reset()
            try:
                return self._teller.play(tale, cut=cut)
            finally:
                self.internet(up=True)

    def _stage(self, tell: Callable[[DemoScene], None]) -> Stage:
        return Stage(
            park=self._park, edge=self._edge, central=self._parts.store, app=self._parts.app,
            tap=self.tap, walk=self.walk, internet=self.internet, tell=tell,
        )  # fmt: skip

    def reset(self) -> None:
        """Mend what was broken, send the crowd home and take back every passage of the tray, newest first."""
        self.crowd(0)
        self._parts.air.clear()
        self._parts.cards.mend()
        self.internet(up=True)
        self.disk(full=False)
        self._parts.papers.clear()
        for reader, _ in self._readers():
            self._hands.remove(reader)
            self.reader(reader, plugged=True)
        until(lambda: self._edge.sequencer.writable()[0], RECOVER_S_MAX)
        while self._passages:
            self._take_back(self._passages.pop())
        self._tell()

    def _take_back(self, tap_id: str) -> None:
        try:
            self._edge.service.annul(tap_id, cause=RESET, guest=False)
        except PolsoError as error:
            LOG.warning("a passage of the tray stays: %s", error)

    def _tell(self) -> None:
        self._edge.feed.publish(TOPIC, "demo", self.state())

    def _readers(self) -> list[tuple[str, str]]:
        return [(reader.name, reader.point) for reader in self._edge.config.readers]

    def _reader(self, name: str, point: str, states: Mapping[str, str]) -> DemoReader:
        known = self._points[point]
        return DemoReader(
            id=name,
            point=point,
            kind=known.kind.value,
            names=known.names,
            plugged=self._hands.plugged(name),
            state=states.get(name, "closed"),
        )

    def _card(self, wearer: Wearer, lying: Mapping[str, str]) -> DemoBand:
        trust = "LIVE" if wearer.id in self._parts.desk.written else wearer.card.trust
        return msgspec.structs.replace(wearer.card, trust=trust, reader=lying.get(wearer.id))

    def _addresses(self) -> tuple[DemoAddress, ...]:
        base = self._parts.edge()
        own = tuple(DemoAddress(kind=kind, url=base + path, point=point) for kind, path, point in SCREENS)
        return (*own, DemoAddress(kind="central", url=self._parts.central()))
