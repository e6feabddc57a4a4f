"""A whole small edge in a folder: the real store, sequencer, profiles, vault and feed; only time is ours."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.clock import Clock
from edge.core.entitlements import Use
from edge.core.events import Acted, Decided, Event, Kind, decided_in
from edge.core.places import Layout
from edge.core.presence import Receiver
from edge.core.profiles import Cursor, Item, Profile, ProfileItem, StaffMember
from edge.feed import Feed, Published
from edge.health import Health, Watched
from edge.keys.ring import Ring
from edge.sequencer import Sequencer, Transaction
from edge.service import Rooms, Service
from edge.staff import Session, Staff
from edge.staff.pins import hash_pin
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.state import Store
from edge.tickets import Tickets
from edge.vault import Vault
from hardware.port import Medium, ReadFault, Signal, Tap, Trust
from sync.signing import public_half
from tests.builders import NOW_MS, a_layout, a_profile

READERS = {
    "reader-1": "north",
    "reader-2": "north",
    "reader-out": "south",
    "reader-ride": "castle",
    "reader-door": "room-12",
    "reader-kiosk": "kiosk",
    "reader-till": "till",
}
RECEIVERS = (
    Receiver(name="hall", area="hall", point="kiosk", ref_1m_dbm=-59),
    Receiver(name="court", area="court", ref_1m_dbm=-59),
)
UID = bytes.fromhex("04112233445566")
OTHER_UID = bytes.fromhex("04665544332211")
PIN = "2468"
CENTRAL_KEY = bytes(range(32))
"""Central's, by which it signs what it says."""
CENTRAL = Ed25519PrivateKey.from_private_bytes(CENTRAL_KEY)


class Hands:
    """Both clocks of the machine, moved by the test."""

    def __init__(self) -> None:
        self.wall_ms = NOW_MS
        self.mono_ms = 1_000_000

    def forward(self, *, s: float = 0, ms: int = 0) -> None:
        self.wall_ms += int(s * 1_000) + ms
        self.mono_ms += int(s * 1_000) + ms


@dataclass
class NotedGate:
    """A gate that notes what it was asked for, and fails if told to."""

    opened: list[tuple[str, int, int]] = field(default_factory=list)
    fails: Exception | None = None

    def open(self, opening: str, seq: int, people: int = 1) -> None:
        if seq < 1:
            raise ValueError("no green before the commit")
        if self.fails is not None:
            raise self.fails
        self.opened.append((opening, seq, people))

    def close(self) -> None:
        self.opened.clear()


@dataclass
class NotedLight:
    """A lamp that notes what it was asked to show."""

    shown: list[tuple[Signal, float]] = field(default_factory=list)

    def show(self, signal: Signal, hold_s: float) -> None:
        self.shown.append((signal, hold_s))


class House:
    """Everything of one edge, and what a test does with it in one line."""

    def __init__(self, folder: Path, hands: Hands, boot: str = "boot-1", device: str = "edge-1") -> None:
        self.folder, self.hands, self.boot, self.device = folder, hands, boot, device
        self.vault = Vault(b"s" * 32, Ring({1: b"k" * 64}))
        self.clock = Clock(wall=lambda: hands.wall_ms, monotonic=lambda: hands.mono_ms)
        self.sequencer, self.journal = self._books()
        self.profiles, self.feed = Profiles(folder, self.vault), Feed()
        self.health = Health(self._watched())
        self.gate, self.light = NotedGate(), NotedLight()
        self.current = True
        self.service = Service(self._rooms())
        self.staff = Staff(self.sequencer, self.profiles, self.vault, self.clock)
        self.seqs = itertools.count(1)
        self.cursor = itertools.count(self.profiles.cursor().seq + 1)
        self.heard = self.feed.subscribe(
            [
                *(
                    "gate-north",
                    "staff-north",
                    "ops",
                    "kiosk-kiosk",
                    "staff-kiosk",
                    "help",
                    "devices",
                    "presence",
                ),
                *("till-till", "guest-till"),
            ]
        )

    def _books(self) -> tuple[Sequencer, Journal]:
        """Who writes the journal, and who reads it."""
        self.store = Store(self.folder, reserve_bytes=65_536)
        self.store.seal_by(self.vault)
        sequencer = Sequencer(self.store, self.clock, site="site-1", device=self.device, public_key=b"p" * 32)
        sequencer.start()
        return sequencer, Journal(self.folder)

    def _watched(self) -> Watched:
        return Watched(
            sequencer=self.sequencer,
            profiles=self.profiles,
            journal=self.journal,
            clock=self.clock,
            folder=self.folder,
            points=READERS,
        )

    def _rooms(self) -> Rooms:
        return Rooms(
            sequencer=self.sequencer,
            profiles=self.profiles,
            journal=self.journal,
            vault=self.vault,
            clock=self.clock,
            feed=self.feed,
            health=self.health,
            device=self.device,
            readers=READERS,
            tickets=Tickets(public_half(CENTRAL_KEY)),
            gates={"north": self.gate, "castle": self.gate},
            lights={"north": self.light, "till": self.light},
            receivers={one.name: one for one in RECEIVERS},
            boot=self.boot,
            current=lambda: self.current,
            central_key=CENTRAL.public_key().public_bytes_raw(),
            coupon_key=b"d" * 32,
        )

    def close(self) -> None:
        self.service.stop()
        self.sequencer.stop()
        self.profiles.close()
        self.journal.close()

    # What central tells

    def tell(self, *profiles: Profile, layout: Layout | None = None) -> None:
        """Apply profiles (their bands are those of ``band_of``) and a layout, as the pull thread would."""
        items = [
            Item(
                kind="profile",
                key=profile.band.id.hex(),
                version=profile.rev,
                body=msgspec.msgpack.encode(ProfileItem(profile=profile)),
            )
            for profile in profiles
        ]
        if layout is not None:
            items.append(
                Item(kind="layout", key="", version=layout.version, body=msgspec.msgpack.encode(layout))
            )
        self.profiles.apply(items, Cursor(1, next(self.cursor)))

    def publish(self, *items: tuple[str, str, msgspec.Struct]) -> None:
        """Apply other things of the site: kind, key and body of each."""
        version = next(self.cursor)
        told = [
            Item(kind=kind, key=key, version=version, body=msgspec.msgpack.encode(body))
            for kind, key, body in items
        ]
        self.profiles.apply(told, Cursor(1, version))

    def employ(self, *members: StaffMember, version: int = 1) -> None:
        items = [
            Item(kind="staff", key=one.id, version=version, body=msgspec.msgpack.encode(one))
            for one in members
        ]
        self.profiles.apply(items, Cursor(1, next(self.cursor)))

    def dismiss(self, id: str) -> None:
        self.profiles.apply([Item(kind="staff", key=id, version=9)], Cursor(1, next(self.cursor)))

    def remember_uses(self, uses: Iterable[Use]) -> None:
        """Put uses into the site's memory, as if they had happened here."""

        def put(tx: Transaction) -> None:
            for use in uses:
                tx.put_use(use)

        self.sequencer.submit(put)

    # What readers and people do

    def tap(self, uid: bytes = UID, reader: str = "reader-1", **changes: object) -> Tap:
        seq = next(self.seqs)
        fields: dict[str, object] = {
            "reader": reader,
            "seq": seq,
            "tap_id": f"{reader}:0000beef:{seq}",
            "uid": uid,
            "trust": Trust.LIVE,
            "at_ns": seq,
            "medium": Medium.NFC,
            "counter": seq,
        }
        return Tap(**(fields | changes))  # type: ignore[arg-type]  # the caller names fields of Tap

    def torn(self) -> Tap:
        return self.tap(b"", trust=Trust.NONE, fault=ReadFault.TORN, counter=None)

    def session(self, *roles: str, point: str = "north", badge: str = "", staff: str = "anna") -> Session:
        """A session that has just begun, without the slow hash of a sign-in."""
        now = self.clock.now_ms()
        return Session(
            token="t",
            staff=staff,
            name=staff.title(),
            roles=roles or ("gate",),
            point=point,
            until_ms=now + 3_600_000,
            fresh_until_ms=now + 300_000,
            badge=badge,
        )

    # What a test looks at

    def told(self, topic: str) -> list[Published]:
        """Return and forget what was published on a topic so far."""
        found = []
        while (event := self.heard.get(0)) is not None:
            found.append(event)
        return [event for event in found if event.topic == topic]

    def events(self, *kinds: Kind) -> list[Event]:
        return [event for event in self.journal.range(0, 0) if not kinds or event.kind in kinds]

    def decided(self) -> list[Decided]:
        found = self.events(Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN)
        return [decided_in(event.body, event.band) for event in found]

    def acted(self, *kinds: Kind) -> list[Acted]:
        return [msgspec.msgpack.decode(event.body, type=Acted) for event in self.events(*kinds)]


def band_of(house: House, uid: bytes = UID) -> bytes:
    return house.vault.band_id(uid)


def worn(house: House, uid: bytes = UID, **changes: object) -> Profile:
    """A guest with a day ticket whose band has this identifier."""
    profile = a_profile(guest="guest-1", name="Giulia")
    band = msgspec.structs.replace(profile.band, id=band_of(house, uid))
    return msgspec.structs.replace(profile, **({"band": band} | changes))


def a_member(id: str = "anna", *roles: str, house: House, pin: str = PIN, badge: str = "") -> StaffMember:
    return StaffMember(
        id=id,
        name=id.title(),
        roles=roles or ("gate",),
        badge=badge,
        pin_hash=hash_pin(house.vault.keyed_pin(id, pin)),
    )


@contextmanager
def an_edge(
    folder: Path,
    hands: Hands | None = None,
    *,
    layout: Layout | None = None,
    boot: str = "boot-1",
    device: str = "edge-1",
) -> Iterator[House]:
    """An edge that knows the park of ``tests.builders`` and one guest with a day ticket."""
    if not (folder / "state.db").exists():
        shutil.copytree(_template(folder.parent, device), folder, dirs_exist_ok=True)
    house = House(folder, hands or Hands(), boot, device)
    try:
        if layout is not None:
            house.tell(layout=msgspec.structs.replace(layout, version=2))
        yield house
    finally:
        house.close()


def _template(parent: Path, device: str) -> Path:
    """A folder made once a session and copied for each test: schemas take longer than whole tests."""
    made = parent / f"{device}-template"
    if not made.exists():
        house = House(made, Hands(), device=device)
        house.tell(worn(house), layout=a_layout())
        house.close()
    return made
