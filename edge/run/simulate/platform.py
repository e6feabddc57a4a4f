"""Central as the simulator has it: the product's own rooms on a file in memory, asked without a socket."""

from __future__ import annotations

import hashlib
import importlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar, cast

import msgspec

from edge.core.bands import Band, BandState, Trust
from edge.core.entitlements import Entitlement, Product, Reentry, Terms
from edge.core.places import Direction, Layout, Passback, Point, PointKind, Zone
from edge.errors import PolsoError
from edge.run.backup_central import begin_lives
from edge.run.simulate.crowd import crowd, wallet_of, welcome
from sync.central import feed, intake, reports, sites
from sync.central.machines import devices, siblings
from sync.central.machines.devices import Device, NewDevice
from sync.central.machines.proof import Caller
from sync.central.machines.voice import voice
from sync.central.money import policy, pots
from sync.central.planning import asking
from sync.central.registry import bands, guests, layout, members, profiles, rights, wallets
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settling import doubts
from sync.central.store import Connection, Store
from sync.central.telling import snapshot
from sync.central.telling.pages import Asked, await_page
from sync.client.line import Declined, Exchange
from sync.lending import LeaseAsk
from sync.packing import Packer
from sync.routes import EVENTS, LEASES, REPORT
from sync.signing import Keys, public_half
from sync.wire import PROBLEM_PREFIX, Batch, Cursor, DeviceReport, Problem, ProblemDocument

SITE, CURRENCY, PARK, TOWER = "simulated", "EUR", "park", "tower"
START_MS = 1_790_000_000_000
CROWD = crowd(START_MS, CURRENCY)
WALLETS = tuple(wallet_of(number) for number, one in enumerate(CROWD) if one.wallet is not None)
"""Of the crowd."""
TTL_S, NEVER_S = 300, 30 * 86_400
"""A lease runs out within a story, and is given up in none."""
M = TypeVar("M", bound=msgspec.Struct)
_encode = msgspec.msgpack.Encoder().encode


class _Asker:
    """Who asks, already proved: signatures and nonces have tests of their own."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def enter(self, tx: Connection) -> None:
        """Take no nonce: here a request may come twice."""


class Shared:
    """One opened database of central for all worlds of a process: each begins with the same site in it."""

    def __init__(self, file: Path, *, devices: int, funds: Sequence[int]) -> None:
        """Open it, enrol so many devices, and welcome a guest for each sum in a wallet."""
        importlib.import_module("sync.central.app")  # the last room: no table and no step is learnt of later
        self.now_ms: Callable[[], int] = lambda: START_MS
        self.store = Store(str(file), now_ms=lambda: self.now_ms())
        self.uids = tuple(bytes([4, 0x51, number, 0x22, 0x33, 0x44, 0x55]) for number in range(len(funds)))
        self._file = sqlite3.connect(file, isolation_level=None)
        with self.store.transaction() as tx:
            sites.create_site(tx, SITE)
            settings = Layout(site=SITE, version=0, timezone="Europe/Rome", currency=CURRENCY)
            layout.put_settings(tx, SITE, settings)
            layout.put_thing(tx, SITE, Zone(id=PARK))
            layout.put_thing(tx, SITE, Zone(id=TOWER, capacity_max=0))
            self.devices = [_enrolled(tx, number) for number in range(devices)]
            layout.put_thing(tx, SITE, Product(id="day", terms=Terms(uses_max=1, reentry=Reentry.NEVER)))
            layout.put_thing(tx, SITE, Product(id="any", terms=Terms(reentry=Reentry.FREE)))
            layout.publish_layout(tx, SITE)
            policy.put_policy(tx, SITE, policy.Policy(edge_ttl_s=TTL_S, write_off_s=NEVER_S))
            self.band_key, self.voice = sites.band_key(tx, SITE), voice(tx, SITE)
            for number, minor in enumerate(funds):
                _welcome(tx, number, self.uids[number], minor=minor)
            welcome(tx, SITE, self.band_key, crowd=CROWD)
            siblings.tell(tx, SITE)
        self._begun, self._saved = sqlite3.connect(":memory:"), cast("sqlite3.Connection | None", None)
        self.keep()

    def keep(self) -> None:
        """Let worlds begin with all that stands now."""
        self._file.backup(self._begun)

    def begin(self, now_ms: Callable[[], int]) -> None:
        """Go back to the beginning, and follow another world's time from now on."""
        self.now_ms = now_ms
        self._begun.backup(self._file)

    def save(self) -> None:
        """Back central up as it is now, as its operator does while it runs."""
        if self._saved is None:
            self._saved = sqlite3.connect(":memory:")
        self._file.backup(self._saved)

    def put_back(self, *, saved: bool) -> None:
        """Put the last backup in its place, or the one of the beginning: every feed begins anew."""
        (self._saved if saved and self._saved is not None else self._begun).backup(self._file)
        with self.store.transaction() as tx:
            begin_lives(tx)

    def close(self) -> None:
        """Close all of it."""
        for each in (self._file, self._begun, self._saved, self.store):
            if each is not None:
                each.close()


class Opened(Protocol):
    """A database of central with a site in it, and the devices that are enrolled there."""

    store: Store
    devices: list[str]
    band_key: bytes
    voice: Keys

    def begin(self, now_ms: Callable[[], int]) -> None:
        """Go to where a world begins, and follow its time from now on."""


class Central:
    """Central in one world; a number stands for each device."""

    def __init__(self, shared: Opened, now_ms: Callable[[], int]) -> None:
        """Begin with the site as it was opened."""
        shared.begin(now_ms)
        self.store, self.site = shared.store, SITE
        self.devices, self.band_key, self.voice = shared.devices, shared.band_key, shared.voice
        self.refused: Counter[str] = Counter()
        self.moved = True
        """Whether anything may have changed since somebody last looked."""
        self.done: list[Callable[[], None]] = []
        """What its operator did, in order: after a backup is put back what it lacks is done once more."""
        self.meanwhile: Callable[[int], None] = lambda _: None
        """What others do while a device waits for money that comes back from them."""

    # What the operator does

    def top_up(self, number: int, act: str, minor: int) -> None:
        """Take money for a wallet from a bank."""
        self.moved = True
        self.done.append(lambda: self._top_up(number, act, minor))
        self.done[-1]()

    def _top_up(self, number: int, act: str, minor: int) -> None:
        wallet = f"w{number}"
        with self.store.transaction() as tx:
            pots.top_up(tx, self.site, f"charge:{act}", wallet=wallet, paid=("bank", minor, CURRENCY))

    def revoke(self, band: bytes) -> None:
        """Say that a band is revoked, for good."""
        self.moved = True
        self.done.append(lambda: self._revoke(band))
        self.done[-1]()

    def _revoke(self, band: bytes) -> None:
        with self.store.transaction() as tx:
            card = bands.band(tx, self.site, band)
            told = msgspec.structs.replace(card.band, state=BandState.REVOKED)
            profiles.publish_state(tx, self.site, msgspec.structs.replace(card, band=told))

    def replace(self, number: int, band: bytes, *, of: int) -> tuple[bytes, bytes]:
        """Give a guest another band; return what a reader reads of it, and its id."""
        uid = bytes([4, 0x53, number, of, 0x33, 0x44, 0x55])
        after = Band(id=bands.band_id(self.band_key, uid), trust_min=Trust.UID)
        self.moved = True
        self.done.append(lambda: self._replace(band, after))
        self.done[-1]()
        return uid, after.id

    def _replace(self, band: bytes, after: Band) -> None:
        with self.store.transaction() as tx:
            card = bands.band(tx, self.site, band)
            gone = msgspec.structs.replace(card.band, state=BandState.REPLACED)
            if card.band.state is not BandState.REVOKED:
                profiles.publish_state(tx, self.site, msgspec.structs.replace(card, band=gone))
            new = BandCard(band=after, guest=card.guest, label=card.label)
            bands.add_bands(tx, self.site, [new])
            profiles.publish_bands(tx, self.site, [new])

    def sweep(self) -> None:
        """Let central's time rise, and judge leases by it."""
        self.moved = True
        with self.store.transaction() as tx:
            doubts.sweep(tx, self.site)

    def head(self) -> int:
        """Return where the feed ends."""
        with self.store.reading() as tx:
            return feed.head(tx, self.site).seq

    # What devices ask

    def post(self, number: int, path: str, body: bytes) -> bytes:
        """Take a message of a device, return the answer; ``Declined`` where central refuses."""
        self.moved = self.moved or path != REPORT.replace("{device}", self.devices[number])
        with self.store.reading() as tx:
            device = devices.device(tx, self.site, self.devices[number])
        doers: dict[str, Callable[[Device, bytes], msgspec.Struct]] = {
            EVENTS: self._events,
            REPORT: lambda who, raw: reports.take(self.store, who, _read(raw, DeviceReport)),
            LEASES: lambda who, raw: self._lease(number, who, raw),
        }
        do = doers[path.replace(device.id, "{device}")]
        return self._answered(lambda: do(device, body))

    def page(self, exchange: Exchange) -> bytes:
        """Return a page of the feed."""
        query = exchange.query
        cursor = Cursor(epoch=query["epoch"], seq=query["cursor"])
        asked = Asked(site=self.site, cursor=cursor, urgent=query["urgent"])
        return self._answered(lambda: await_page(self.store, asked, 0))

    def snapshot(self, signature: str) -> tuple[bytes, str]:
        """Return the whole site, and how it is packed."""
        packer = Packer()
        told = snapshot.stream(self.store, self.site, packer, vouch=snapshot.Vouch(self.voice, signature))
        return b"".join(told), packer.encoding

    def _events(self, device: Device, body: bytes) -> msgspec.Struct:
        taken = intake.take(self.store, device, _read(body, Batch))
        if isinstance(taken, intake.Rejected):
            head = taken.head.hex() if taken.head is not None else None
            raise self._declined(taken.problem, taken.detail, ack=taken.ack, head=head)
        return taken

    def _lease(self, number: int, device: Device, body: bytes) -> msgspec.Struct:
        asker, ask = cast("Caller", _Asker(device)), _read(body, LeaseAsk)
        if ask.wants and ask.wait_s:
            self.meanwhile(number)
        return asking.answer(self.store, asker, ask, wait_s=0)

    def _answered(self, ask: Callable[[], msgspec.Struct]) -> bytes:
        from sync.central.answers import problem_of  # draws in the web framework, which nobody here needs

        try:
            return _encode(ask())
        except Declined:
            raise
        except PolsoError as error:
            raise self._declined(problem_of(error), str(error)) from error

    def _declined(
        self, problem: Problem, detail: str, *, ack: int | None = None, head: str | None = None
    ) -> Declined:
        self.refused[problem] += 1
        document = ProblemDocument(
            type=f"{PROBLEM_PREFIX}{problem}",
            title=problem.value,
            status=409,
            time_ms=self.store.now_ms(),
            detail=detail,
            ack=ack,
            head=head,
        )
        return Declined(document, problem, None)


def _enrolled(tx: Connection, number: int) -> str:
    """Enrol a device with a gate, two rides, a way out and a till; return its name."""
    gate, ride, tower, out, till = points = points_of(number)
    layout.put_thing(tx, SITE, Point(id=gate, kind=PointKind.GATE, zone=PARK, to_zone=PARK))
    ride_here = Point(id=ride, kind=PointKind.ATTRACTION, zone=PARK, from_zone=PARK, to_zone=PARK)
    layout.put_thing(tx, SITE, msgspec.structs.replace(ride_here, passback=Passback.HARD, choose=True))
    layout.put_thing(tx, SITE, msgspec.structs.replace(ride_here, id=tower, to_zone=TOWER))
    leads = Point(id=out, kind=PointKind.GATE, zone=PARK, from_zone=PARK, direction=Direction.OUT)
    layout.put_thing(tx, SITE, leads)
    layout.put_thing(tx, SITE, Point(id=till, kind=PointKind.TILL, zone=PARK))
    public = public_half(key_of(number))
    new = NewDevice(site=SITE, kind="edge", name=gate, points=points, public_key=public)
    return devices.add_device(tx, new)[0].id


def _welcome(tx: Connection, number: int, uid: bytes, *, minor: int) -> None:
    """Announce a guest with a day's right, a band, and money in a wallet."""
    guest, wallet = f"g{number}", f"w{number}"
    wallets.create(tx, SITE, Wallet(id=wallet, currency=CURRENCY))
    guests.put_guests(tx, SITE, [Guest(id=guest)])
    members.join(tx, SITE, Member(guest=guest, wallet=wallet))
    pots.top_up(tx, SITE, f"charge:{wallet}", wallet=wallet, paid=("bank", minor, CURRENCY))
    band = Band(id=bands.band_id(sites.band_key(tx, SITE), uid), trust_min=Trust.UID)
    bands.add_bands(tx, SITE, [BandCard(band=band, guest=guest, label=guest)])
    rights.put_rights(tx, SITE, [Entitlement(id=f"r{number}", product="day")], guest=guest)
    profiles.publish_guests(tx, SITE, [guest])


def points_of(number: int) -> tuple[str, str, str, str, str]:
    """Return the gate, the rides, the way out and the till of a device."""
    return f"gate-{number}", f"ride-{number}", f"tower-{number}", f"out-{number}", f"till-{number}"


def key_of(number: int) -> bytes:
    """Return by which key a device signs."""
    return hashlib.blake2b(b"simulated %d" % number, digest_size=32).digest()


def _read(body: bytes, kind: type[M]) -> M:
    return msgspec.msgpack.decode(body, type=kind)
