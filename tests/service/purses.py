"""Guests with wallets at one edge, what central set aside for them, and a cashier who rings up."""

from __future__ import annotations

import msgspec

from edge.core.basket import Line
from edge.core.events import Event, Kind
from edge.core.lease import Grant, Lease
from edge.core.payment import Payment
from edge.core.profiles import Profile
from edge.core.wallet import WalletLink
from edge.payviews import BasketState, BasketView
from edge.service.payments import chest
from edge.staff import Session
from edge.staff.pins import hash_pin
from tests.service.house import OTHER_UID, UID, House, worn

TILL = "till"
WALLET = "wallet-1"
SOUP = Line(item="soup", name="Zuppa", quantity=1, price_minor=600, tax_permille=100)
GUEST_PIN = "7193"
OP = "op-till-00000001"


def a_guest(
    house: House, uid: bytes = UID, *, wallet: str = WALLET, pin: str = "", **changes: object
) -> Profile:
    """A guest of this house with a wallet in euros; ``changes`` are of the link, or ``payments``."""
    pays = changes.pop("payments", True)
    name = changes.pop("name", "Giulia")
    pin_hash = hash_pin(house.vault.keyed_guest_pin(wallet, pin)) if pin else ""
    link = msgspec.structs.replace(WalletLink(id=wallet, currency="EUR", pin_hash=pin_hash), **changes)
    profile = worn(house, uid, wallet=link, payments=pays, rev=next(house.seqs) + 10, name=name)
    house.tell(profile)
    return profile


def a_grant(
    total: int = 2_000, wallet: str = WALLET, *, lease: str = "", serial: int = 1, **changes: object
) -> Grant:
    """Twenty euros for this device, for ten hours."""
    grant = Grant(
        lease=lease or f"lease-{wallet}",
        wallet=wallet,
        unit="EUR",
        device="edge-1",
        incarnation=1,
        total=total,
        ttl_s=36_000,
        serial=serial,
    )
    return msgspec.structs.replace(grant, **changes)


def granted(house: House, *grants: Grant, asked_ms: int | None = None) -> None:
    """Have central's grants arrive, asked for just now."""
    asked = house.clock.monotonic_ms() if asked_ms is None else asked_ms
    for grant in grants or (a_grant(),):
        house.sequencer.submit(
            lambda tx, grant=grant: chest.take(tx, grant, asked_ms=asked, device="edge-1", incarnation=1)
        )


def leases(house: House, wallet: str = WALLET) -> tuple[Lease, ...]:
    return house.sequencer.submit(lambda tx: chest.leases_of(tx, wallet))


def left(house: House, wallet: str = WALLET) -> int:
    """What could still be spent here."""
    return sum(lease.spendable for lease in leases(house, wallet))


def cashier(house: House, *, staff: str = "carla", badge: str = "") -> Session:
    """Who sells at the till; its drawer was counted and holds nothing yet."""
    who = house.session("till", point=TILL, staff=staff, badge=badge)
    if not house.service.shifts.view(TILL).open:
        house.service.shifts.open(who, TILL, counted_minor=0)
    return who


def rung_up(house: House, *lines: Line, op_id: str = OP, await_band: bool = True) -> BasketView:
    """A basket at the till that waits for a band."""
    who = cashier(house)
    view = house.service.ring(who, TILL, op_id, lines=lines or (SOUP,))
    return house.service.await_band(who, TILL, view.op_id) if await_band else view


def tapped(house: House, uid: bytes = UID, **changes: object) -> BasketView:
    """Hold a band to the till's reader; return what the till shows then."""
    house.service.present(house.tap(uid, "reader-till", **changes))
    return house.service.basket(TILL)


def bought(house: House, *lines: Line, op_id: str = OP, uid: bytes = UID) -> BasketView:
    """Ring up and let a band pay."""
    rung_up(house, *lines, op_id=op_id)
    view = tapped(house, uid)
    assert view.state is BasketState.APPROVED, view
    return view


def money_events(house: House, *kinds: Kind) -> list[Event]:
    return [event for event in house.journal.range(1, 0) if not kinds or event.kind in kinds]


def payments(house: House) -> list[Payment]:
    return [msgspec.msgpack.decode(one.body, type=Payment) for one in money_events(house, Kind.PAID)]


def second_band(house: House, *, wallet: str = "wallet-2", **changes: object) -> bytes:
    """Another guest's band with a wallet of its own."""
    a_guest(house, OTHER_UID, wallet=wallet, name="Marco", **changes)
    return OTHER_UID
