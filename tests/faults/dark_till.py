"""A till over a disk that loses power: granted money, sells, reports, is acknowledged, all by the product."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

import apsw
import msgspec

from edge.core.events import Event, Kind
from edge.core.lease import Grant, Lease, Placed, is_sound, place, take_report
from edge.core.payment import LeaseMoved, Payment
from edge.payviews import BasketState
from edge.sequencer import Sequencer, Transaction
from edge.service.payments import chest, rung
from edge.store.batch import Ledger
from edge.store.journal import Journal
from edge.store.records import Owner
from hardware.port import Signal
from tests.faults.power import Disk, PowerIsGone, PowerVFS
from tests.faults.seller import op_of, sell
from tests.faults.wares import VOUCHERS, Ware, Wares
from tests.service.house import Hands, House, an_edge
from tests.service.purses import WALLET, a_guest, payments

OWNER = Owner("site-1", "edge-1", b"p" * 32)
SALES = 4
CHECKPOINT_PAGES = 20
"""Small, so that cuts fall inside checkpoints."""
T = TypeVar("T")


class Dark(BaseException):
    """The power is gone, and with it the process."""


class Through:
    """The sequencer's promise kept on the caller's own thread, over a connection that a test holds."""

    trouble = None

    def __init__(self, ledger: Ledger, disk: Disk) -> None:
        """Serve acts one by one; ``events`` are those of which the commit returned."""
        self.ledger, self._disk = ledger, disk
        self.events: dict[int, list[Event]] = {0: [], 1: []}

    def submit(self, act: Callable[[Transaction], T]) -> T:
        """Run one act in a batch of its own."""
        if self._disk.dead:
            raise Dark
        try:
            done = self.ledger.run([act])
        except Exception as error:
            raise Dark from error
        if self._disk.dead:
            raise Dark
        for event in done.events:
            self.events[event.lane].append(event)
        (outcome,) = done.outcomes
        if outcome.error is not None:
            raise outcome.error
        return cast("T", outcome.result)

    def writable(self) -> tuple[bool, str]:
        """Say yes until the end."""
        return True, ""

    def after_commit(self, listener: object) -> None:
        """Nobody else listens here."""

    def waiting(self) -> int:
        """Return how many acts wait: none does."""
        return 0

    def stop(self) -> None:
        """Hold nothing."""


class DarkHouse(House):
    """A whole edge whose state lies on the disk that is cut."""

    def __init__(self, folder: Path, disk: Disk, connection: apsw.Connection) -> None:
        """Take over the writing connection."""
        self._disk, self._connection = disk, connection
        super().__init__(folder, Hands())

    def _books(self) -> tuple[Sequencer, Journal]:
        self.through = Through(Ledger(self._connection, OWNER, self.clock, cells=self.vault), self._disk)
        # The shim's file is locked against readers; nothing of a sale is read back from the journal.
        return cast("Sequencer", self.through), Journal(aside(self.folder))


def opened(ware: Ware) -> Placed:
    """A lease of nothing yet."""
    return Placed(
        lease=ware.lease, wallet=WALLET, kind=ware.kind, unit=ware.unit, device="edge-1", incarnation=1
    )


@dataclass
class Central:
    """The parent on paper: it commits before it speaks, and learns totals from what was reported."""

    wares: Wares
    placed: dict[str, Placed] = field(default_factory=dict)
    """By the name of the lease."""
    serial: int = 0
    heard: dict[int, list[bytes]] = field(default_factory=lambda: {0: [], 1: []})
    """The hash of each event that was reported, lane by lane."""
    sold: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with a lease of nothing for each ware."""
        self.placed = {ware.lease: opened(ware) for ware in self.wares}

    def grants(self, sales: int) -> tuple[Grant, ...]:
        """Set aside what so many sales need, and of each lease a part of the next one."""
        for ware in self.wares:
            total = ware.slice * sales
            after = place(self.placed[ware.lease], total, confirmed=10**9, others=(), doubt_ms=0)
            assert isinstance(after, Placed), after
            self.placed[ware.lease] = after
        self.serial += 1
        return self.told()

    def told(self) -> tuple[Grant, ...]:
        """The grants as they stand, however often they are told."""
        return tuple(
            ware.grant(self.placed[ware.lease].counters.granted, serial=self.serial) for ware in self.wares
        )

    def hears(self, lane: int, events: list[Event]) -> None:
        """Take a batch that begins where the last one ended, or before."""
        known = self.heard[lane]
        for event in events:
            if event.seq <= len(known):
                assert known[event.seq - 1] == event.h, f"another event {event.seq} than was reported"
                continue
            assert event.seq == len(known) + 1
            known.append(event.h)
            self._books(event)

    def _books(self, event: Event) -> None:
        if event.kind in MONEY:
            said = msgspec.msgpack.decode(event.body, type=MONEY[event.kind])
            for report in (said.lease,) if isinstance(said, LeaseMoved) else said.leases:
                after = take_report(self.placed[report.lease], report)
                assert isinstance(after, Placed), after
                self.placed[report.lease] = after
            if isinstance(said, Payment) and said.state is not None:
                assert said.op_id not in self.sold, "sold twice"
                self.sold.add(said.op_id)


MONEY: dict[int, type[Payment] | type[LeaseMoved]] = {
    Kind.PAID: Payment,
    Kind.LEASE_GRANTED: LeaseMoved,
    Kind.LEASE_RETURNED: LeaseMoved,
    Kind.LEASE_STATE: LeaseMoved,
}
"""What of a journal says a lease's totals here."""


@dataclass
class Told:
    """What left the process before the power went."""

    sales: list[tuple[str, int]] = field(default_factory=list)
    granted: tuple[Grant, ...] = ()
    after: int = 0
    greens: int = 0
    writes: int = 0
    reached: str = ""
    """The step at which it went dark."""


class Kit(NamedTuple):
    """The edge that every run begins from, and what is sold in it."""

    template: Path
    wares: Wares


def aside(folder: Path) -> Path:
    """A stock copy of the state beside a folder, made before the first write."""
    return folder.with_name(f"{folder.name}-aside")


def prepared(folder: Path, template: Path) -> Path:
    """An edge with a guest, closed, in a folder of its own."""
    if not template.exists():
        with an_edge(template) as house:
            a_guest(house, vouchers=VOUCHERS)
    shutil.copytree(template, folder)
    shutil.copytree(template, aside(folder))
    return folder


def connect(path: Path, disk: Disk, synchronous: str) -> apsw.Connection:
    """The writer's connection over the shim; exclusive, because the shim has no shared memory."""
    connection = apsw.Connection(str(path), vfs="power")
    settings = {"locking_mode": "exclusive", "journal_mode": "wal", "secure_delete": "on"}
    settings |= {"synchronous": synchronous, "wal_autocheckpoint": str(CHECKPOINT_PAGES)}
    for name, value in settings.items():
        connection.execute(f"PRAGMA {name}={value}").fetchall()
    disk.images[str(path)] = bytearray(path.read_bytes())
    return connection


def drive(house: DarkHouse, central: Central, told: Told) -> None:
    """Sell until the power goes: granted, rung up, tapped, lit, reported, acknowledged, settled."""
    for number in range(1, SALES + 1):
        told.reached = "GRANT"
        grants = central.grants(number)
        house.service.placement.take(grants, (), asked_ms=house.clock.monotonic_ms(), after=central.serial)
        told.granted, told.after = grants, central.serial
        told.reached = "SALE"
        view = sell(house, number, central.wares)
        assert view.state is BasketState.APPROVED, view
        told.sales.append((op_of(number), view.seq))
        told.reached = "REPORT"
        for lane in (0, 1):
            central.hears(lane, house.through.events[lane])
        told.reached = "ACK"
        for lane in (0, 1):
            seq = len(central.heard[lane])
            if seq:
                house.sequencer.submit(lambda tx, lane=lane, seq=seq: tx.ack(lane, seq))
        told.reached = "SETTLE"
        house.through.ledger.settle(20)


def darkened(
    folder: Path, kit: Kit, cut_at: int, *, synchronous: str = "full", honest: bool = True
) -> tuple[Disk, Central, Told]:
    """Run a till until the ``cut_at``-th write to its disk; 0: to the end."""
    run = prepared(folder / "run", kit.template)
    disk = Disk(honest=honest)
    vfs = PowerVFS(disk, "power")
    connection = connect(run / "state.db", disk, synchronous)
    central, told = Central(kit.wares), Told()
    house = DarkHouse(run, disk, connection)
    disk.writes_left = cut_at or -1
    with suppress(Dark, PowerIsGone, apsw.Error):
        drive(house, central, told)
    told.writes = disk.written
    told.greens = sum(1 for signal, _ in house.light.shown if signal is Signal.ALLOW)
    disk.dead = True
    house.profiles.close(), house.journal.close()
    connection.close()
    vfs.unregister()
    return disk, central, told


def left_by(folder: Path, disk: Disk, how: str, chance: random.Random) -> Path:
    """The folder as a start after the cut finds it."""
    run, left = folder / "run", folder / "left"
    shutil.copytree(run, left, ignore=shutil.ignore_patterns("state.db*"))
    disk.cut(left, how, chance)
    return left


def judge(left: Path, central: Central, told: Told) -> list[str]:
    """Return what of the told is not so after a start with the stock driver, and heal it to the end."""
    wrong: list[str] = []
    with an_edge(left, boot="boot-2") as house:
        rows = {lane: [event.h for event in house.journal.events(lane)] for lane in (0, 1)}
        for lane in (0, 1):
            if rows[lane][: len(central.heard[lane])] != central.heard[lane]:
                wrong.append(f"lane {lane} is not what was reported")
            acked = house.journal.acked(lane)
            if acked > len(central.heard[lane]) or acked > len(rows[lane]):
                wrong.append(f"lane {lane} believes that more was acknowledged")
        leases = leases_at(house, central)
        for grant in told.granted:
            lease = leases[grant.lease]
            if lease is None or lease.counters.granted < grant.total:
                wrong.append("a grant that was taken is gone")
        if house.service.placement.after() < told.after:
            wrong.append("it forgot how far grants were taken")
        for op_id, seq in told.sales:
            known = house.sequencer.submit(lambda tx, op_id=op_id: rung.rung_by(tx, op_id))
            last = None if known is None else known.last
            if known is None or known.stage is not BasketState.APPROVED or last is None or last.seq != seq:
                wrong.append(f"{op_id} was approved and is not")
        sold = [one.op_id for one in payments(house) if one.state is not None]
        if len(sold) < told.greens:
            wrong.append("a light went green for nothing")
        for ware in central.wares:
            lease = leases[ware.lease]
            if ware.sold(lease) != len(sold) or (lease is not None and not is_sound(lease.counters)):
                wrong.append(f"the lease of {ware.kind} says another sum than the journal")
        return wrong or heal(house, central)


def leases_at(house: House, central: Central) -> dict[str, Lease | None]:
    """Every lease as the device has it, by name."""
    return house.sequencer.submit(lambda tx: {name: chest.lease_by(tx, name) for name in central.placed})


def heal(house: House, central: Central) -> list[str]:
    """Go on with nobody's help: the same baskets once, all told, both ends agree."""
    for number in range(1, SALES + 1):
        grants = central.grants(number)
        house.service.placement.take(grants, (), asked_ms=house.clock.monotonic_ms(), after=central.serial)
        known = house.sequencer.submit(lambda tx, number=number: rung.rung_by(tx, op_of(number)))
        if known is None or known.open:
            sell(house, number, central.wares)
    for lane in (0, 1):
        central.hears(lane, list(house.journal.events(lane)))
    ends = {name: lease and lease.counters for name, lease in leases_at(house, central).items()}
    sold = sorted(one.op_id for one in payments(house) if one.state is not None)
    wrong = [] if sold == [op_of(number) for number in range(1, SALES + 1)] else [f"sold {sold}"]
    known_there = {name: placed.counters for name, placed in central.placed.items()}
    if (ends, set(sold)) != (known_there, central.sold):
        wrong.append("the ends disagree")
    return wrong


def whole(left: Path) -> bool:
    """Whether the chain of both lanes verifies."""
    with closing(Journal(left)) as journal:
        return journal.verify().whole
