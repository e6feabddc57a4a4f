"""Wallets and tills for the tests of central's money, each valid in one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from edge.core.basket import Line
from edge.core.decision import Reason
from edge.core.entitlements import Product
from edge.core.events import Kind
from edge.core.lease import Close, Grant, Lease, LeaseState, Refusal, Report, Want, report_of
from edge.core.lease import child as edge_end
from edge.core.payment import (
    Authorisation,
    HoldEnded,
    LeaseMoved,
    Leg,
    Payment,
    RefundAsked,
    Tender,
    ToppedUp,
    Voided,
    VoidedLine,
)
from edge.core.places import Layout
from sync.central import intake, sites
from sync.central.intake import Rejected
from sync.central.machines import devices
from sync.central.machines.devices import Device, NewDevice
from sync.central.money import leases, pots
from sync.central.money.placed import PlacedRow, by_id
from sync.central.registry import guests, layout, members, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Store
from sync.lending import Unplaced
from sync.signing import public_half
from sync.wire import Ack
from tests.sync.builders import NOW_MS, SITE, PaperJournal

EUR = "EUR"
FAR_MS = 10**9


def a_park(store: Store) -> None:
    """A site with settings, published."""
    with store.transaction() as tx:
        if not sites.has_site(tx, SITE):
            sites.create_site(tx, SITE)
            layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
            layout.put_thing(tx, SITE, Product(id="day", names={"en": "Day ticket"}))
            layout.publish_layout(tx, SITE)


def a_wallet(store: Store, id_: str = "w1", *, minor: int = 10_000, guest: str = "", **said: Any) -> Wallet:
    """A wallet with money on it, and a guest who pays from it."""
    a_park(store)
    made = Wallet(id=id_, currency=EUR, **said)
    with store.transaction() as tx:
        wallets.create(tx, SITE, made)
        if guest:
            guests.put_guests(tx, SITE, [Guest(id=guest)])
            members.join(tx, SITE, Member(guest=guest, wallet=id_, head=True))
        if minor:
            pots.top_up(tx, SITE, f"charge:start-{id_}", wallet=id_, paid=("bank", minor, EUR))
    return made


def a_device(store: Store, name: str = "till-1", *, kind: str = "edge") -> Device:
    """An enrolled device that sells; each has a key of its own."""
    a_park(store)
    key = public_half(name.encode().ljust(32, b"k")[:32])
    new = NewDevice(site=SITE, kind=kind, name=name, points=(name,), public_key=key)
    with store.transaction() as tx:
        return devices.add_device(tx, new)[0]


@dataclass
class PaperTill:
    """One device with its leases and its journal, moved by the rulebook's own functions."""

    store: Store
    device: Device
    leases: dict[str, Lease] = field(default_factory=dict)
    sent: int = 0
    journal: PaperJournal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = PaperJournal(self.device.site, self.device.id, self.device.public_key)

    def want(self, total: int, wallet: str = "w1", **said: Any) -> PlacedRow | Unplaced:
        """Ask for a total; what is granted is taken at once."""
        with self.store.transaction() as tx:
            told = leases.grant(tx, self.device, Want(wallet=wallet, total=total, **said))
        self.hear()
        return told

    def hear(self) -> leases.Offer:
        """Take all grants and closes that stand."""
        with self.store.reading() as tx:
            offer = leases.offered(tx, self.device, after=0)
        for one in offer.grants:
            self.take(one)
        return offer

    def take(self, grant: Grant) -> None:
        """Take one grant."""
        taken = edge_end.take_grant(self.leases.get(grant.lease), grant, asked_ms=0)
        if isinstance(taken, Lease):
            self.leases[grant.lease] = taken

    def of(self, wallet: str = "w1") -> Lease:
        """The lease of a wallet that can be spent of."""
        return next(one for one in self.leases.values() if one.wallet == wallet and one.kind == "money")

    def sell(self, op_id: str, minor: int, wallet: str = "w1", **said: Any) -> bool:
        """Sell something for money of a lease; False: the lease does not let it."""
        after = edge_end.spend(self.of(wallet), minor, now_ms=0)
        if isinstance(after, Refusal):
            return False
        self.leases[after.id] = after
        leg = Leg(
            number=1, tender=Tender.WALLET, amount_minor=minor, wallet=wallet, lease=after.id, units=minor
        )
        self.paid(op_id, (leg,), (report_of(after),), minor, **said)
        return True

    def paid(
        self,
        op_id: str,
        legs: tuple[Leg, ...],
        reports: tuple[Report, ...],
        total: int,
        **said: Any,
    ) -> None:
        """Write down a payment."""
        body = Payment(
            op_id=op_id,
            state=said.pop("state", Authorisation.CAPTURED),
            reason=said.pop("reason", Reason.PAID),
            currency=EUR,
            total_minor=total,
            due_minor=said.pop("due", 0),
            lines=said.pop("lines", (Line(item="i", name="Soup", quantity=1, price_minor=total),)),
            legs=legs,
            leases=reports,
            point="till-1",
            device=self.device.id,
            at_ms=NOW_MS,
        )
        self.write(Kind.PAID, body, **said)

    def void(self, void_id: str, op_id: str, minor: int, wallet: str = "w1", **said: Any) -> None:
        """Take a payment back."""
        after = edge_end.void(self.of(wallet), minor)
        assert isinstance(after, Lease), after
        self.leases[after.id] = after
        leg = Leg(
            number=1, tender=Tender.WALLET, amount_minor=minor, wallet=wallet, lease=after.id, units=minor
        )
        lines = said.pop("lines", (VoidedLine(line=0, quantity=1, gross_minor=minor, tax_minor=0),))
        body = Voided(
            op_id=op_id, void_id=void_id, state=Authorisation.VOIDED, legs=(leg,), lines=lines,
            leases=(report_of(after),), currency=EUR, point="till-1",
        )  # fmt: skip
        self.write(Kind.PAYMENT_VOIDED, body)

    def mint(self, op_id: str, minor: int, wallet: str = "w1", drawer: str = "drawer-1") -> None:
        """Take cash in for a wallet."""
        after = edge_end.mint(self.of(wallet), minor)
        assert isinstance(after, Lease), after
        self.leases[after.id] = after
        body = ToppedUp(
            op_id=op_id, wallet=wallet, amount_minor=minor, currency=EUR, tender=Tender.CASH,
            leases=(report_of(after),), drawer=drawer,
        )  # fmt: skip
        self.write(Kind.TOPPED_UP, body)

    def give_back(self, minor: int, wallet: str = "w1") -> None:
        """Return a part."""
        after = edge_end.give_back(self.of(wallet), minor)
        assert isinstance(after, Lease), after
        self.moved(after, Kind.LEASE_RETURNED)

    def close(self, asked: Close | None = None, wallet: str = "w1") -> None:
        """Stop for good and return all that is left."""
        lease = self.of(wallet) if asked is None else self.leases[asked.lease]
        after = edge_end.close(lease, asked)
        assert isinstance(after, Lease), after
        assert after.state is LeaseState.CLOSED
        self.moved(after, Kind.LEASE_STATE)

    def moved(self, lease: Lease, kind: Kind) -> None:
        """Write down a lease's totals."""
        self.leases[lease.id] = lease
        self.write(kind, LeaseMoved(lease=report_of(lease)))

    def refund(self, refund_id: str, op_id: str, minor: int, wallet: str = "w1") -> None:
        """Ask central to give back what was posted."""
        leg = Leg(number=1, tender=Tender.WALLET, amount_minor=minor, wallet=wallet, units=minor)
        body = RefundAsked(
            refund_id=refund_id, op_id=op_id, legs=(leg,), amount_minor=minor, currency=EUR, reason="cold"
        )
        self.write(Kind.REFUND_ASKED, body)

    def end_hold(self, op_id: str, captured: int, legs: tuple[Leg, ...], reports: tuple[Report, ...]) -> None:
        """End a hold."""
        body = HoldEnded(
            op_id=op_id, state=Authorisation.CAPTURED, captured_minor=captured, legs=legs, leases=reports
        )
        self.write(Kind.CAPTURED, body)

    def write(self, kind: Kind, body: msgspec.Struct, **columns: Any) -> None:
        """Append one event to the priority lane."""
        self.journal.append(1, msgspec.msgpack.encode(body), kind=int(kind), **columns)

    def send(self) -> Ack:
        """Send what is not sent yet."""
        last = len(self.journal.lanes[1])
        told = self.offer(self.sent + 1, last)
        assert isinstance(told, Ack), told
        self.sent = last
        return told

    def offer(self, first: int, last: int) -> Ack | Rejected:
        """Send a range, whatever was sent before."""
        return intake.take(self.store, self.device, self.journal.batch(first, last, 1))


def a_till(store: Store, name: str = "till-1", *, kind: str = "edge") -> PaperTill:
    """A device that sells."""
    return PaperTill(store, a_device(store, name, kind=kind))


def row_of(store: Store, lease: str) -> PlacedRow:
    """A lease as central has it."""
    with store.reading() as tx:
        return by_id(tx, SITE, [lease])[lease]
