"""A shop of real parts: central behind a server, a device that sells, guests with wallets."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from edge.config import Limits, shipped
from edge.core.bands import Band, Trust
from edge.core.basket import Line
from edge.core.lease import LeaseState
from edge.core.places import Layout, Point, PointKind, Zone
from edge.feed import Feed
from edge.health import Health, Watched
from edge.payviews import BasketView
from edge.run.outside import Listening
from edge.service import Rooms, Service
from edge.service.payments import chest
from edge.staff import Session
from edge.store.checkpoints import Notary
from hardware.port import Medium, Tap
from hardware.port import Trust as PortTrust
from sync.central import sites
from sync.central.enrolment import Invitation, invite
from sync.central.money import pots
from sync.central.money.ledger import balance
from sync.central.registry import bands, guests, layout, members, profiles, wallets
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Store
from sync.client import Ports, enrol
from sync.wire import EnrolAnswer
from tests.sync.ends import PRIVATE_KEY, Edge

SITE, TILL, GATE, EXIT = "park", "till-1", "gate-1", "exit-1"
SOUP = Line(item="soup", name="Zuppa", quantity=1, price_minor=600, tax_permille=100)
UID = bytes.fromhex("04112233445566")
OTHER = bytes.fromhex("04665544332211")
READERS = {"r-till": TILL, "r-gate": GATE, "r-exit": EXIT}


def a_site(store: Store) -> None:
    """A park with a gate, an exit and a till."""
    with store.transaction() as tx:
        sites.create_site(tx, SITE)
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Zone(id="park"))
        for id_, kind in ((TILL, PointKind.TILL), (GATE, PointKind.GATE)):
            layout.put_thing(tx, SITE, Point(id=id_, kind=kind, zone="park", to_zone="park"))
        layout.publish_layout(tx, SITE)


def a_guest(
    store: Store,
    uid: bytes = UID,
    *,
    wallet: str = "w1",
    minor: int = 10_000,
    pin_hash: str = "",
    **member: object,
) -> Wallet:
    """Somebody with a band and money in a wallet, told to the edges."""
    made = Wallet(id=wallet, currency="EUR", pin_hash=pin_hash)
    guest = f"g-{uid.hex()}"
    with store.transaction() as tx:
        wallets.create(tx, SITE, made)
        guests.put_guests(tx, SITE, [Guest(id=guest)])
        members.join(tx, SITE, msgspec.structs.replace(Member(guest=guest, wallet=wallet), **member))
        if minor:
            pots.top_up(tx, SITE, f"charge:{wallet}", wallet=wallet, paid=("bank", minor, "EUR"))
        band = Band(id=bands.band_id(sites.band_key(tx, SITE), uid), trust_min=Trust.UID)
        bands.add_bands(tx, SITE, [BandCard(band=band, guest=guest, label="g")])
        profiles.publish_guests(tx, SITE, [guest])
    return made


@dataclass
class Shop(Edge):
    """One device that sells: its service is the product's own."""

    proven: bool = True
    boot: str = "boot-1"
    limits: Limits = field(default_factory=lambda: shipped().limits)
    seqs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def ports(self, notary: Notary) -> Ports:
        """Sync is handed the leases of the service, too."""
        self.health = Health(
            Watched(
                sequencer=self.sequencer,
                profiles=self.profiles,
                journal=self.journal,
                clock=self.clock,
                folder=self.folder,
                points=READERS,
            )
        )
        self.service = Service(
            Rooms(
                sequencer=self.sequencer,
                profiles=self.profiles,
                journal=self.journal,
                vault=self.vault,
                clock=self.clock,
                feed=Feed(),
                health=self.health,
                device=self.welcome.device,
                readers=READERS,
                incarnation=self.welcome.incarnation,
                central_key=self.welcome.central_key,
                boot=self.boot,
                limits=self.limits,
                current=lambda: self.proven,
            )
        )
        self.service.start()
        return dataclasses.replace(
            super().ports(notary),
            clock=Listening(self.clock, self.health),
            lending=self.service.placement,
            void=self.service.offers.voiding.answer,
            agreed=self._agreed,
            unreached=lambda: self.health.contact(reached=False),
        )

    def stop(self) -> None:
        self.client.stop()
        self.service.stop()
        super().stop()

    def _agreed(self) -> None:
        self.proven = True

    # What people do here

    def tap(self, reader: str, uid: bytes = UID) -> Tap:
        seq = next(self.seqs)
        return Tap(
            reader=reader,
            seq=seq,
            tap_id=f"{reader}:{self.welcome.device}:{seq}",
            uid=uid,
            trust=PortTrust.LIVE,
            at_ns=seq,
            medium=Medium.NFC,
            counter=None,
        )

    def cashier(self) -> Session:
        """Who sells here; the drawer was counted and held nothing."""
        now = self.clock.now_ms()
        who = Session(
            token="t",
            staff="carla",
            name="Carla",
            roles=("till",),
            point=TILL,
            until_ms=now + 3_600_000,
            fresh_until_ms=now + 300_000,
        )
        if not self.service.shifts.view(TILL).open:
            self.service.shifts.open(who, TILL, counted_minor=0)
        return who

    def sells(self, op_id: str, count: int = 1, uid: bytes = UID) -> BasketView:
        """Ring up soup and let a band pay."""
        who = self.cashier()
        line = msgspec.structs.replace(SOUP, quantity=count)
        self.service.ring(who, TILL, op_id, lines=[line])
        self.service.await_band(who, TILL, op_id)
        self.service.present(self.tap("r-till", uid))
        return self.service.basket(TILL)

    def ready(self, wallet: str = "w1") -> int:
        """What is open here of a wallet."""
        found = self.sequencer.submit(lambda tx: chest.leases_of(tx, wallet))
        return sum(lease.spendable for lease in found if lease.state is LeaseState.OPEN)


def worth(store: Store, account: str) -> int:
    """What an account of central's ledger holds."""
    with store.reading() as tx:
        return balance(tx, SITE, account, currency="EUR")


def enrolled(store: Store, url: str) -> EnrolAnswer:
    """The answer to a device that was enrolled for the till."""
    with store.transaction() as tx:
        code = invite(tx, Invitation(site=SITE, points=(TILL, GATE)))
    return enrol(url, code, private_key=PRIVATE_KEY, name="shop")


@contextmanager
def a_shop(store: Store, folder: Path, url: str, **said: Any) -> Iterator[Shop]:
    """A device that was enrolled for the till and runs."""
    shop = Shop(folder=folder, url=url, welcome=enrolled(store, url), **said)
    shop.start()
    try:
        yield shop
    finally:
        shop.stop()
