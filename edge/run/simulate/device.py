"""A device as the simulator has it: the product's own store, sequencer, service and sync, on no thread."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.clock import Clock
from edge.config import shipped
from edge.core.events import Event, Lane
from edge.feed import Feed
from edge.health import Health, Watched
from edge.keys.ring import Ring
from edge.run.current import Current
from edge.run.outside import Listening
from edge.run.simulate.disks import DiskStore
from edge.run.simulate.flips import Place
from edge.run.simulate.machine import Hands, Steps
from edge.run.simulate.neighbours import Lines, Neighbour
from edge.run.simulate.platform import Central, key_of, points_of
from edge.run.simulate.wire import Wire
from edge.run.site import Parts
from edge.service import Rooms, Service
from edge.signature import signer
from edge.staff import Session
from edge.store.checkpoints import Notary, Signer
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.records import Owner
from edge.store.runmark import RunMark
from edge.vault import Vault
from hardware.port import Medium, Tap, Trust
from sync.client import Ports
from sync.client.history import Frozen, Sender
from sync.client.lending import Borrower
from sync.client.pulling import Puller
from sync.client.pushing import Pusher
from sync.signing import public_half

SEAL = Ring({1: hashlib.blake2b(b"simulated folder", digest_size=64).digest()})
RESERVE_BYTES = 4_096
HOUR_MS = 3_600_000
LIMITS = msgspec.structs.replace(shipped().limits, lease_wait_ms=0)
"""Nobody answers while a till waits: all happens in turn."""


class Device:
    """One machine at a gate and a till; what is on its disk outlives every process."""

    def __init__(
        self, number: int, folder: Path, *, central: Central, hands: Hands, points: tuple[str, ...] = ()
    ) -> None:
        """Name the machine and what stands at it, by default a gate and a till; nothing runs yet."""
        self.number, self.hands = number, hands
        self.id, self.site = central.devices[number], central.site
        self.points = points or points_of(number)
        self.gate, self.till = self.points[0], self.points[-1]
        self.frozen = ""
        self._central, self._root, self._lives, self._taps = central, folder, 0, 0
        self.run: Path | None = None
        """Memory that outlives the process, not the machine; without it only central proves a journal."""
        self._mark: RunMark | None = None
        self.flipped: Place | None = None
        """Where a bit of its disk is another one than was written."""
        self.folder = folder / f"{number}-0"

    # Life and death

    def start(self, wire: Callable[[], Wire], lines: Lines | None = None) -> None:
        """Open the folder as a process does; ``wire`` makes a line to central, ``lines`` lead to the site."""
        self.clock = Clock(wall=self.hands.wall, monotonic=self.hands.monotonic)
        self.vault = Vault(self._central.band_key, SEAL)
        private = key_of(self.number)
        public, boot = public_half(private), f"boot-{self.hands.boots}"
        self.disk = store = DiskStore(self.folder, reserve_bytes=RESERVE_BYTES)
        store.seal_by(self.vault)
        self._notary = Notary(Owner(self.site, self.id, public), Signer(1, boot, signer(private)))
        store.employ(self._notary)
        self.books = Steps(store, self.clock, site=self.site, device=self.id, public_key=public)
        self.books.start()
        self.journal, self.profiles = Journal(self.folder), Profiles(self.folder, self.vault)
        self.current = Current()
        if self.run is not None:
            self._mark = self._marked(RunMark(self.run, self.journal, device=self.id, boot=boot))
        self.health = Health(self._watched())
        self.part = None if lines is None else self._joined(lines, boot, private)
        self.service = Service(self._rooms(boot))
        self.frozen = self.books.frozen
        if not self.frozen:
            self.service.recall_tills()
        self._sync(wire)

    def _marked(self, mark: RunMark) -> RunMark:
        """Compare the journal with what this run of the machine saw of it, and go on noting that."""
        why = self.current.judge(self.journal, mark, "")
        if why:
            self.books.freeze(why)
        self.books.after_commit(mark.committed)
        mark.start()
        return mark

    def crash(
        self,
        *,
        copy: Path | None = None,
        reboot: bool = False,
        spoil: Callable[[Path], None] = lambda _: None,
    ) -> None:
        """Lose the process with all that is not on the disk, which may be a ``copy`` now, or spoilt."""
        self._lives += 1
        after = self._root / f"{self.number}-{self._lives}"
        shutil.copytree(copy or self.folder, after, ignore=shutil.ignore_patterns("*-shm", "lock"))
        self._close()
        shutil.rmtree(self.folder)
        self.folder = after
        spoil(after)
        if copy is not None:
            self.flipped = None
        if reboot:
            self.hands.reboot()

    def copied(self, to: Path) -> Path:
        """Copy the disk as it is now, for later."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to, ignore=shutil.ignore_patterns("*-shm", "lock"))
        return to

    def mend(self) -> None:
        """Put a flipped bit of its disk right, as a sound disk in its place would be."""
        place, self.flipped = self.flipped, None
        if place is not None:
            place.mend(self.folder)

    def close(self) -> None:
        """End for good."""
        self._close()

    def _close(self) -> None:
        if self._mark is not None:
            self._mark.stop()
        self.profiles.close()
        self.journal.close()
        self.books.stop()

    # What is asked of it

    def tap(self, uid: bytes, reader: str) -> Tap:
        """Return a new tap at one of its readers."""
        self._taps += 1
        return Tap(
            reader=reader,
            seq=self._taps,
            tap_id=f"{reader}:{self.number}:{self._taps}",
            uid=uid,
            trust=Trust.LIVE,
            at_ns=self._taps,
            medium=Medium.NFC,
            counter=None,
        )

    def cashier(self, point: str = "") -> Session:
        """Return who sells here, by default at the last of its points."""
        until_ms = self.clock.now_ms() + HOUR_MS
        return Session(
            token="",
            staff="carla",
            name="Carla",
            roles=("till",),
            point=point or self.till,
            until_ms=until_ms,
            fresh_until_ms=until_ms,
        )

    def events(self, after: tuple[int, int]) -> list[Event]:
        """Return what is durable behind these numbers of both lanes."""
        return [event for lane in Lane for event in self.journal.range(lane, after[lane])]

    # Its turns with central; each raises what the client's threads would rest from

    def report(self) -> None:
        """Compare histories and take what is urgent, as at first contact."""
        try:
            for lost in self._puller.report(frozen=self.frozen):
                self._pushers[lost.lane].go_back(lost.seq)
        except Frozen as error:
            self.freeze(error)
        else:
            self.current.prove("central")

    def push(self, lane: int) -> bool:
        """Send the next range; False: there was nothing."""
        if self.frozen:
            return False
        try:
            return self._pushers[lane].push() is not None
        except Frozen as error:
            self.freeze(error)
            return False

    def pull(self) -> bool:
        """Take the next page; False: there is nothing newer."""
        return not self.frozen and self._puller.pull(0)

    def ask(self) -> bool:
        """Ask for what should lie here; False: there is nothing to say."""
        return not self.frozen and self._borrower.ask()

    def listen(self) -> None:
        """Take what central set aside or wants back."""
        if not self.frozen:
            self._borrower.wait(0)

    def look(self) -> None:
        """Do what the device does by itself as time passes."""
        self.books.tick()
        if not self.frozen and self.books.trouble is None:
            self.service.look()

    def neighbourly(self) -> None:
        """Take a turn with the site's others, where there are any."""
        self.books.tell()
        if self.part is not None and not self.frozen and self.books.trouble is None:
            self.part.turn()

    def freeze(self, why: Exception) -> None:
        """Append nothing any more: this history is not believed."""
        self.frozen = str(why)
        self.books.freeze(self.frozen)

    def outbox(self) -> int:
        """Return how many events central is not known to hold."""
        return sum(self.journal.head(lane).seq - self.journal.acked(lane) for lane in Lane)

    def _watched(self) -> Watched:
        return Watched(
            sequencer=self.books,
            profiles=self.profiles,
            journal=self.journal,
            clock=self.clock,
            folder=self.folder,
        )

    def _rooms(self, boot: str) -> Rooms:
        return Rooms(
            sequencer=self.books,
            profiles=self.profiles,
            journal=self.journal,
            vault=self.vault,
            clock=self.clock,
            feed=Feed(),
            health=self.health,
            device=self.id,
            readers={point: point for point in self.points},
            limits=LIMITS,
            boot=boot,
            central_key=public_half(self._central.voice.private_key),
            current=lambda: self.current.proven,
            site=self.part,
        )

    def _joined(self, lines: Lines, boot: str, private_key: bytes) -> Neighbour:
        parts = Parts(
            sequencer=self.books,
            journal=self.journal,
            profiles=self.profiles,
            clock=self.clock,
            boot=boot,
            private_key=private_key,
            current=lambda: self.current.proven,
        )
        part = Neighbour(lines, self.number, parts, who=Sender(site=self.site, device=self.id))
        self.books.after_commit(part.committed)
        return part

    def _sync(self, wire: Callable[[], Wire]) -> None:
        ports = Ports(
            journal=self.journal,
            books=self.books,
            profiles=self.profiles,
            clock=Listening(self.clock, self.health),
            describe=lambda bare: msgspec.structs.replace(bare, boot=f"boot-{self.hands.boots}"),
            points=self.points,
            checkpoint=lambda: self._notary.newest,
            lending=self.service.placement,
            agreed=lambda: self.current.prove("central"),
            erase=self.service.erase,
            void=self.service.offers.voiding.answer,
            alarm=self.service.tell_alarm,
        )
        self.service.placement.listen(lambda: None)  # what a basket lacks is asked for in this device's turn
        sender = Sender(site=self.site, device=self.id)
        self._pushers = [Pusher(sender, lane, ports=ports, line=wire()) for lane in Lane]
        self._puller = Puller(sender, ports=ports, line=wire())
        self._borrower = Borrower(sender, self.service.placement, ports=ports, line=wire())
