"""The composition root: one edge device built whole, started in order and stopped in the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edge.clock import Clock
from edge.config import Config
from edge.errors import StoreError
from edge.feed import Feed
from edge.health import Health, Watched
from edge.run import actuators, garbage, outside, processor, second, site
from edge.run.current import Current, run_folder
from edge.run.identities import Identities
from edge.run.identity import Identity
from edge.run.radios import Ears, Radios, receivers, worn_by
from edge.run.web import Web, listen
from edge.sequencer import Sequencer
from edge.service import Rooms, Service
from edge.service.dismissal import Dismissal
from edge.signature import signer
from edge.staff import Staff
from edge.store.checkpoints import Notary, Signer
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.records import Owner
from edge.store.runmark import RunMark, boot_id
from edge.store.state import Store
from edge.tickets import Tickets
from edge.vault import Vault
from edge.views import StaffView
from hardware import registry
from hardware.port import Printer, Reader, Report, Tap
from hardware.supervisor import Fleet
from kiosk.app import House, Settings, create_app, serve_options, streams_of
from kiosk.house import RemoteTap
from kiosk.park import DemoPort
from kiosk.streams import Streams
from sync.client import Cable, Client, Place, Ports
from sync.site import Member

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = logging.getLogger("polso.run")
Listener = Callable[[Report, StaffView | None], None]
"""Hears every report of a reader, with its decision if it was a tap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What is this device's own: its keys, its name, the way out, and the folder's store."""

    vault: Vault
    identity: Identity
    cable: Cable = field(default_factory=Cable)
    neighbours: Cable | None = None
    """The way to the site's etcd, if not the one that the configuration names."""
    clock: Clock = field(default_factory=Clock)
    store: Callable[[Path], Store] | None = None
    printers: Mapping[str, Printer] = field(default_factory=dict)
    """Printers by point beside those of the configuration."""
    pages: str = ""
    """Where guests' phones reach central, if that is not where this device does."""


class Edge:
    """One device: ``start`` returns when bands are read and screens answer; ``stop`` within two seconds."""

    def __init__(self, config: Config, own: Own) -> None:
        """Build every room; the only thing taken before ``start`` is the folder's lock."""
        self.config, self.own = config, own
        folder = Path(config.store.folder)
        self.store = own.store(folder) if own.store else _store(config)
        self.store.seal_by(own.vault)
        self.clock = own.clock
        self.profiles = Profiles(folder, own.vault)
        self.journal = Journal(folder)
        who = own.identity
        self.notary = Notary(
            Owner(who.site, who.device, who.journal_key),
            Signer(who.incarnation, outside.BOOT, signer(who.first_key or who.private_key)),
        )
        self.store.employ(self.notary)
        self.second = second.place(config.store.second_folder, self.notary, self.journal)
        self.current = Current()
        self.mark = self._mark()
        self.sequencer = Sequencer(
            self.store, self.clock, site=who.site, device=who.device, public_key=who.journal_key
        )
        self.dismissal = Dismissal(self.sequencer, self.profiles)
        self.feed = Feed()
        self.health = Health(self._watched(folder))
        self.heard = outside.Listening(self.clock, self.health)
        self.staff = Staff(self.sequencer, self.profiles, own.vault, self.clock)
        self.service: Service
        self.gates = actuators.gates(config.gates, lambda passage: self.service.passed(passage))
        self.lights = actuators.lights(config.lights)
        self.member = self._member()
        self.printers = {**actuators.printers(config.printers), **own.printers}
        self.service = Service(self._rooms())
        self.identities = Identities(self.profiles, self.service, self.clock)
        self.readers = self._readers()
        self.fleet = Fleet(self.readers, self.report)
        self.radios = self._radios()
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
        with processor.shared():
            self._start_what_decides()
        if self.sync is not None:
            self.sync.start()
            self._started.callback(self.sync.stop)
        self.radios.start()
        self._started.callback(self.radios.stop)
        garbage.settle()

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

    def _start_what_decides(self) -> None:
        screens = self.config.screens
        self._web = Web(self._app(), listen(screens.host, screens.port), serve_options(screens.screens_max))
        rooms = [
            *self._second_place(),
            (self.sequencer.start, self.sequencer.stop),
            (self._demand_seen_history, lambda: None),
            *self._run_mark(),
            *site.begun(self.member, self.sequencer),
            (self.service.start, self._close_gates),
            (self.identities.start, self.identities.stop),
            (self._web.start, self._hang_up),
            (self.fleet.start, self.fleet.stop),
        ]
        self.sequencer.after_commit(self.service.on_air.committed)
        self.sequencer.after_commit(self.service.nearby.committed)
        if self.sync is not None:
            self.sequencer.after_commit(self.sync.committed)
        for start, stop in rooms:
            start()
            if start == self.sequencer.start:
                self.dismissal.recall()
            self._started.callback(stop)

    def _second_place(self) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
        """The second place begins before the journal and ends after it: a stop makes the last checkpoint."""
        if self.second is not None:
            self.sequencer.after_commit(self.second.committed)
            yield self.second.start, self.second.stop

    def _mark(self) -> RunMark | None:
        folder, who = run_folder(self.config.store.run_folder), self.own.identity
        life = f"{who.device}-{who.journal_key.hex()[:16]}"
        return RunMark(folder, self.journal, device=life, boot=boot_id()) if folder is not None else None

    def _run_mark(self) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
        """The mark begins once the journal was compared with the last one."""
        if self.mark is not None:
            self.sequencer.after_commit(self.mark.committed)
            yield self.mark.start, self.mark.stop

    def _demand_seen_history(self) -> None:
        """Compare the journal with what was seen of it elsewhere; an older one appends nothing."""
        if not self.sequencer.writable()[0]:
            return
        seen = self.profiles.checkpoint(self.own.identity.device)
        folder = self.config.store.second_folder
        why = second.doubt(folder, self.journal, passed_on=seen)
        why = why or self.current.judge(self.journal, self.mark, folder)
        if why:
            self.sequencer.freeze(why)

    def _witnesses(self) -> int:
        """Count the second place, central once it has told our checkpoint back, and the site's siblings."""
        device, there = self.own.identity.device, self.second
        try:
            told = self.profiles.checkpoint(device) is not None
            siblings = self.profiles.siblings(device)
        except StoreError:
            told, siblings = False, 0  # profiles that cannot be read are told by their own row
        return siblings + told + (there is not None and not there.cause)

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
            receivers=receivers(self.config.radios),
            gates=self.gates,
            lights=self.lights,
            printers=self.printers,
            tickets=Tickets(self.own.identity.central_key),
            limits=self.config.limits,
            retention=self.config.retention,
            dismissed=lambda: self.dismissal.given,
            incarnation=self.own.identity.incarnation,
            boot=boot_id(),
            own_page=outside.own_pages(self.own.identity, self.own.pages),
            claims=outside.claims(self.own.identity, self.own.cable, self.heard),
            current=lambda: self.current.proven,
            central_key=self.own.identity.central_key,
            coupon_key=self.own.identity.private_key,
            site=self.member,
        )

    def _watched(self, folder: Path) -> Watched:
        devices = [*actuators.kinds(self.config)]
        return Watched(
            sequencer=self.sequencer,
            profiles=self.profiles,
            journal=self.journal,
            clock=self.clock,
            folder=folder,
            points={name: point for name, _, point in devices},
            kinds={name: kind for name, kind, _ in devices},
            modes={radio.name: radio.listens for radio in self.config.radios},
            radio=lambda: self.radios.counts(),
            screens=lambda: len(self._streams.open()) if self._streams else 0,
            witnesses=self._witnesses,
            money=lambda: self.service.exposure(),
            site=lambda: site.mode(self.member),
            free_bytes_min=self.config.store.free_bytes_min,
        )

    def _readers(self) -> dict[str, Reader]:
        keys = self.own.vault.key_lookup(self.profiles)
        return {
            reader.name: registry.build(reader.driver, reader.name, reader.settings, keys=keys)
            for reader in self.config.readers
        }

    def _radios(self) -> Radios:
        worn = worn_by(self.own.vault, self.service)
        ears = Ears(self.identities.lookup, worn, hear=self.service.hear, tell=self.service.report)
        return Radios(self.config.radios, ears)

    def _member(self) -> Member | None:
        own, rooms = self.own.identity, (self.sequencer, self.journal, self.profiles, self.clock, boot_id())
        more = (own.private_key, lambda: self.current.proven, self.feed, self.notary)
        caps = outside.caps(self.config)
        parts = site.Parts(*rooms, *more, caps, lambda: self.sync.shut_out() if self.sync else ())
        return site.member(self.config.site, outside.sender(own), parts, cable=self.own.neighbours)

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
            clock=self.heard,
            describe=lambda report: outside.described(
                report, self.health.view(), bundle=self.service.offers.bundles.version()
            ),
            checkpoint=lambda: self.notary.newest,
            unreached=lambda: self.health.contact(reached=False),
            dismissed=self._dismissed,
            lending=self.service.placement,
            agreed=lambda: self.current.prove("central"),
            erase=self.service.erase,
            void=self.service.offers.voiding.answer,
            alarm=self.service.tell_alarm,
            caps=outside.caps(self.config),
            points=tuple({reader.point for reader in self.config.readers}),
        )
        place = Place(url=who.central, keys=outside.keys(who), linger_s=self.config.central.push_ms / 1000)
        return Client(outside.sender(who), place, ports, cable=self.own.cable)

    def _dismissed(self) -> None:
        """Give all leases back before everybody is forgotten: central settles what it can."""
        if not self.dismissal.given:
            try:
                self.service.placement.close_all(why="dismissed")
            except StoreError as error:
                LOG.warning("leases could not be given back, they lapse: %s", error)
        self.dismissal.obey()

    def _heard_by_phone(self, point: str, reading: bytes) -> str:
        return outside.hear(self.config.readers, self.readers, point=point, reading=reading)

    def _presented_remotely(self, remote: RemoteTap) -> StaffView:
        return self.service.present(outside.tap_of(remote), remote.point)


def _store(config: Config) -> Store:
    return Store(Path(config.store.folder), reserve_bytes=config.store.reserve_bytes)
