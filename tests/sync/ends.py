"""Both ends of the wire as they run: central behind a real server, an edge with its real store and client."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import waitress.server
import waitress.wasyncore
from flask import Flask

from edge.clock import Clock
from edge.core.events import Acted, Kind
from edge.keys.ring import Ring
from edge.run.web import by_the_loop
from edge.sequencer import Sequencer
from edge.signature import signer
from edge.store.checkpoints import Notary, Signer
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.records import Owner
from edge.store.state import Store as EdgeStore
from edge.vault import Vault
from sync.central import sites
from sync.central.app import create_app
from sync.central.enrolment import Invitation, invite
from sync.central.settings import Settings
from sync.central.store import Store
from sync.client import Cable, Client, Place, Ports, Sender, enrol
from sync.signing import Keys, public_half
from sync.wire import DeviceReport, EnrolAnswer

PRIVATE_KEY = b"p" * 32
PUBLIC_KEY = public_half(PRIVATE_KEY)
THREADS = 12
PATIENCE_S = 15.0
"""A bound for what comes to pass at once on a quiet machine; how soon it does has tests of its own."""


@contextmanager
def served(
    store: Store,
    settings: Settings | None = None,
    *,
    app: Callable[[Settings], Flask] | None = None,
    threads: int = THREADS,
    bound: socket.socket | None = None,
) -> Iterator[str]:
    """Central on a free port of the loopback, or where it is ``bound``; yields its address."""
    bound = bound or socket.create_server(("127.0.0.1", 0))
    host, port = bound.getsockname()[:2]
    url = f"http://{host}:{port}"
    known = msgspec.structs.replace(settings or Settings(), public_url=url)
    built = app(known) if app else create_app(store, known)
    server = waitress.server.create_server(built, sockets=[bound], threads=threads, connection_limit=1_000)
    thread = threading.Thread(target=server.run, name="central-serve")
    thread.start()
    try:
        yield url
    finally:
        store.wakes.close()
        server.task_dispatcher.shutdown()
        # Closed by the loop's own thread: from another one it would select on what is gone.
        by_the_loop(server, lambda: waitress.wasyncore.close_all(server._map))
        thread.join()


def until(what: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait for a condition, or fail with what it last was."""
    end = time.monotonic() + seconds
    while not (last := what()):
        assert time.monotonic() < end, f"still {last!r} after {seconds} s"
        time.sleep(0.005)


def a_welcome(url: str, store: Store, site: str = "park") -> EnrolAnswer:
    """A device enrolled over the wire; the site is made if need be."""
    with store.transaction() as tx:
        if not sites.has_site(tx, site):
            sites.create_site(tx, site)
        code = invite(tx, Invitation(site=site, points=("gate-1",)))
    return enrol(url, code, private_key=PRIVATE_KEY, name="gate")


def keys_of(welcome: EnrolAnswer, audience: str = "") -> Keys:
    """What a device of these tests speaks with."""
    return Keys(
        key_id=welcome.key_id, private_key=PRIVATE_KEY, central=welcome.central_key, audience=audience
    )


@dataclass
class Edge:
    """One device: its folder, its sequencer, its client."""

    folder: Path
    url: str
    welcome: EnrolAnswer
    linger_s: float = 0.05
    report_s: float = 1.0
    cable: Cable = field(default_factory=Cable)
    clock: Clock = field(default_factory=Clock)
    changes: int = 0
    audience: str = ""
    """Central's own address, where ``url`` is a relay's."""
    attesting: bool = False
    """Whether it makes checkpoints, as every device of the product does."""

    def start(self, *, sync: bool = True) -> Edge:
        """Open the folder and, unless told otherwise, begin to sync."""
        self.vault = Vault(self.welcome.band_key, Ring({1: b"s" * 64}))
        own = self.welcome
        notary = self._open_books()
        self.journal = Journal(self.folder)
        self.profiles = Profiles(self.folder, self.vault)
        ports = self.ports(notary)
        place = Place(
            url=self.url,
            keys=keys_of(own, self.audience),
            linger_s=self.linger_s,
            report_s=self.report_s,
        )
        self.client = Client(
            Sender(site=own.site, device=own.device, incarnation=own.incarnation),
            place,
            ports,
            cable=self.cable,
        )
        self.sequencer.after_commit(self.client.committed)
        if sync:
            self.client.start()
        return self

    def ports(self, notary: Notary) -> Ports:
        """What sync is handed of this device."""
        return Ports(
            journal=self.journal,
            books=self.sequencer,
            profiles=self.profiles,
            clock=self.clock,
            describe=lambda bare: msgspec.structs.replace(bare, boot="b1", version="test"),
            changed=self._note_change,
            checkpoint=lambda: notary.newest,
        )

    def _open_books(self) -> Notary:
        """Start the sequencer over the folder; the notary has work where the device is attesting."""
        own, store = self.welcome, EdgeStore(self.folder, reserve_bytes=4096)
        owner = Owner(own.site, own.device, PUBLIC_KEY)
        notary = Notary(owner, Signer(own.incarnation, "b1", signer(PRIVATE_KEY)))
        if self.attesting:
            store.employ(notary)
        self.sequencer = Sequencer(store, self.clock, site=own.site, device=own.device, public_key=PUBLIC_KEY)
        self.sequencer.start()
        return notary

    def stop(self) -> None:
        """Stop as a clean shutdown does."""
        self.client.stop()
        self.profiles.close()
        self.journal.close()
        self.sequencer.stop()

    def write(self, count: int, lane: int = 0) -> None:
        """Journal some events."""
        for _ in range(count):
            self.sequencer.submit(
                lambda tx: tx.append(Kind.LOOKED_UP, Acted(point="gate-1", note="tap"), lane=lane)
            )

    def drained(self) -> bool:
        """Whether central has acknowledged everything."""
        return all(self.journal.head(lane).seq == self.journal.acked(lane) for lane in (0, 1))

    def _note_change(self) -> None:
        self.changes += 1


@contextmanager
def running(edge: Edge) -> Iterator[Edge]:
    """An edge that runs for the length of a test."""
    edge.start()
    try:
        yield edge
    finally:
        edge.stop()


def a_report(device: str) -> DeviceReport:
    """What a healthy device says."""
    return DeviceReport(device=device, boot="b1")
