"""The composition root: one edge device built whole, started in order and stopped in the other."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edge.clock import Clock
from edge.config import Config
from edge.feed import Feed
from edge.health import Health, Watched
from edge.run import actuators, outside
from edge.run.identity import Identity
from edge.run.web import Web, listen
from edge.sequencer import Sequencer
from edge.service import Rooms, Service
from edge.staff import Staff
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.state import Store
from edge.vault import Vault
from edge.views import StaffView
from hardware import registry
from hardware.port import Reader, Report, Tap
from hardware.supervisor import Fleet
from kiosk.app import House, Settings, create_app, serve_options, streams_of
from kiosk.house import RemoteTap
from kiosk.park import DemoPort
from kiosk.streams import Streams
from sync.client import Cable, Client, Place, Ports, Sender

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Listener = Callable[[Report, StaffView | None], None]
"""Hears every report of a reader, with its decision if it was a tap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What is this device's own: its keys, its name, the way out, and the folder's store."""

    vault: Vault
    identity: Identity
    cable: Cable = field(default_factory=Cable)
    clock: Clock = field(default_factory=Clock)
    store: Callable[[Path], Store] | None = None


class Edge:
    """One device: ``start`` returns when bands are read and screens answer; ``stop`` within two seconds."""

    def __init__(self, config: Config, own: Own) -> None:
        """Build every room; the only thing taken before ``start`` is the folder's lock."""
        self.config, self.own = config, own
        folder = Path(config.store.folder)
        self.store = own.store(folder) if own.store else _store(config)
        self.clock = own.clock
        self.profiles = Profiles(folder, own.vault)
        self.journal = Journal(folder)
        who = own.identity
        self.sequencer = Sequencer(
            self.store, self.clock, site=who.site, device=who.device, public_key=who.public_key
        )
        self.feed = Feed()
        self.health = Health(self._watched(folder))
        self.staff = Staff(self.sequencer, self.profiles, own.vault, self.clock)
        self.service: Service
        self.gates = actuators.gates(config.gates, lambda passage: self.service.passed(passage))
        self.lights = actuators.lights(config.lights)
        self.service = Service(self._rooms())
        self.readers = self._readers()
        self.fleet = Fleet(self.readers, self.report)
        self.demo: DemoPort | None = None
        self.listener: Listener | None = None
        self.sync = self._sync() if who.central else None
        self._web: Web | None = None
        self._streams: Streams | None = None
        self._started = ExitStack()

    @property
    def url(self) -> str:
        """Where the screens are; empty before ``start``."""
        return self._web.url if self._web else ""

    def start(self) -> None:
        """Start in the order in which a room leans on another: journal, decisions, screens, readers, sync."""
        screens = self.config.screens
        self._web = Web(self._app(), listen(screens.host, screens.port), serve_options(screens.screens_max))
        rooms = [
            (self.sequencer.start, self.sequencer.stop),
            (self.service.start, self._close_gates),
            (self._web.start, self._hang_up),
            (self.fleet.start, self.fleet.stop),
        ]
        if self.sync is not None:
            self.sequencer.after_commit(self.sync.committed)
            rooms.append((self.sync.start, self.sync.stop))
        for start, stop in rooms:
            start()
            self._started.callback(stop)
        # What is built stays till the end: looking it over for garbage would keep some guest waiting (23 ms).
        gc.collect()
        gc.freeze()

    def stop(self) -> None:
        """Stop what was started, readers first and the journal last: all that was decided is answered."""
        self._started.close()
        self.journal.close()
        self.profiles.close()

    def report(self, report: Report) -> None:
        """Take what a reader reports; a listener (the demo's) hears it after it was decided."""
        view = None
        if isinstance(report, Tap):
            view = self.service.present(report)
        else:
            self.service.report(report)
        if self.listener is not None:
            self.listener(report, view)

    # How the rooms are joined and parted

    def _hang_up(self) -> None:
        if self._web is not None and self._streams is not None:
            self._streams.end()
            self._web.stop()

    def _close_gates(self) -> None:
        self.service.stop()
        for gate in self.gates.values():
            gate.close()

    def _rooms(self) -> Rooms:
        return Rooms(
            sequencer=self.sequencer,
            profiles=self.profiles,
            journal=self.journal,
            vault=self.own.vault,
            clock=self.clock,
            feed=self.feed,
            health=self.health,
            device=self.own.identity.device,
            readers={reader.name: reader.point for reader in self.config.readers},
            gates=self.gates,
            lights=self.lights,
            limits=self.config.limits,
        )

    def _watched(self, folder: Path) -> Watched:
        devices = [*_kinds(self.config)]
        return Watched(
            sequencer=self.sequencer,
            profiles=self.profiles,
            journal=self.journal,
            clock=self.clock,
            folder=folder,
            points={name: point for name, _, point in devices},
            kinds={name: kind for name, kind, _ in devices},
            screens=lambda: len(self._streams.open()) if self._streams else 0,
            free_bytes_min=self.config.store.free_bytes_min,
        )

    def _readers(self) -> dict[str, Reader]:
        keys = self.own.vault.key_lookup(self.profiles)
        return {
            reader.name: registry.build(reader.driver, reader.name, reader.settings, keys=keys)
            for reader in self.config.readers
        }

    def _app(self) -> WSGIApplication:
        screens = self.config.screens
        house = House(
            service=self.service,
            staff=self.staff,
            feed=self.feed,
            health=self.health,
            clock=self.clock,
            settings=Settings(hosts=screens.hosts, origins=screens.origins, screens_max=screens.screens_max),
            demo=self.demo,
            webnfc=self._heard_by_phone,
            remote=self._presented_remotely,
        )
        app = create_app(house)
        self._streams = streams_of(app)
        return app

    def _sync(self) -> Client:
        who = self.own.identity
        ports = Ports(
            journal=self.journal,
            books=self.sequencer,
            profiles=self.profiles,
            clock=outside.Listening(self.clock, self.health),
            describe=lambda report: outside.described(report, self.health.view()),
            unreached=lambda: self.health.contact(reached=False),
        )
        place = Place(url=who.central, credential=who.credential, linger_s=self.config.central.push_ms / 1000)
        sender = Sender(site=who.site, device=who.device, incarnation=who.incarnation)
        return Client(sender, place, ports, cable=self.own.cable)

    def _heard_by_phone(self, point: str, reading: bytes) -> str:
        return outside.hear(self.config.readers, self.readers, point=point, reading=reading)

    def _presented_remotely(self, remote: RemoteTap) -> StaffView:
        return self.service.present(outside.tap_of(remote), remote.point)


def _store(config: Config) -> Store:
    return Store(Path(config.store.folder), reserve_bytes=config.store.reserve_bytes)


def _kinds(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield name, kind and point of every configured device."""
    for reader in config.readers:
        yield reader.name, "reader", reader.point
    for gate in config.gates:
        yield gate.name, "gate", gate.point
    for light in config.lights:
        yield light.name, "light", light.point
