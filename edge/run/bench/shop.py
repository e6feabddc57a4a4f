"""A shop for measurements: many tills of one edge, guests with money set aside here, and whole sales."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from edge.core.bands import Band, Trust
from edge.core.basket import Line
from edge.core.events import Kind, Lane
from edge.core.lease import Refusal
from edge.core.payment import CounterAsk, decide_top_up
from edge.core.places import Point, PointKind
from edge.core.profiles import Item, Profile, ProfileItem
from edge.core.wallet import WalletLink
from edge.run.bench import town
from edge.run.bench.figures import BenchError
from edge.run.bench.gatehouse import STRIDE, Gatehouse
from edge.service.payments import chest
from edge.staff import Session
from edge.store.transaction import Transaction
from edge.vault import Vault
from edge.views import StaffView
from hardware.port import Tap
from hardware.port import Trust as Proof

TILLS = 64
GUESTS = 500
MONEY = 10**8
"""What each guest paid in here: nobody runs out in a measurement."""
SOUP = Line(item="soup", name="Zuppa", quantity=1, price_minor=600, tax_permille=100, category="food")
BEER = Line(item="beer", name="Birra", quantity=2, price_minor=450, tax_permille=220, category="drink")
LINES = (SOUP, BEER)
PRICE = sum(line.gross_minor for line in LINES)


TOKEN = "bench"  # noqa: S105 - of a session that opens nothing


def till(number: int) -> str:
    """Return the n-th till's point, which is its reader's name, too."""
    return f"till-{number % TILLS}"


def wallet(number: int) -> str:
    """Return the n-th guest's wallet."""
    return f"w-{number}"


class Shop(Gatehouse):
    """Sells baskets of two lines to its guests, each from ring-up to durable."""

    def __init__(self, folder: Path, *, site: str = "bench", device: str = "bench-1") -> None:
        """Open with every guest's money paid in."""
        super().__init__(folder, GUESTS, site=site, device=device)
        self.sold, self._counting = 0, threading.Lock()
        now = self.clock.now_ms()
        self._staff = [self._cashier(number, now) for number in range(TILLS)]
        for number, who in enumerate(self._staff):
            self.service.shifts.open(who, till(number), counted_minor=0)
        for number in range(GUESTS):
            self.sequencer.submit(partial(self._pay_in, number=number))

    def sell(self, number: int) -> float:
        """Sell one basket at the n-th till; return how long the tap took, from read to answered, in ms."""
        who, point = self._staff[number % TILLS], till(number)
        with self._counting:
            self.sold += 1
            count = self.sold
        self.service.sell(who, point, f"op-bench-{self.device}-{count:09}", lines=LINES)
        tap = self._tap(count, point)
        began = time.perf_counter_ns()
        seen = self.service.present(tap)
        took_ms = (time.perf_counter_ns() - began) / 1_000_000
        self._demand_paid(seen)
        return took_ms

    def _demand_paid(self, seen: StaffView) -> None:
        if seen.reason != "paid":
            raise BenchError(f"A sale was {seen.outcome}: {seen.reason}.")

    def _tap(self, count: int, point: str) -> Tap:
        uid = town.uid(count * STRIDE % GUESTS)
        return Tap(
            reader=point, seq=count, tap_id=f"{point}:bench:{count}", uid=uid, trust=Proof.LIVE,
            at_ns=time.monotonic_ns(),
        )  # fmt: skip

    def _pay_in(self, tx: Transaction, *, number: int) -> None:
        now, who = self.clock.monotonic_ms(), (self.device, 1)
        lease = chest.own_lease(tx, wallet(number), "EUR", who=who, now_ms=now)
        ask = CounterAsk(op_id=f"op-cash-{number:06}", amount_minor=MONEY, point=till(0), drawer="bench")
        ruling = decide_top_up(lease, ask)
        if isinstance(ruling, Refusal):
            raise BenchError(f"No money could be paid in: {ruling}.")
        chest.keep(tx, ruling.lease)
        tx.append(Kind.TOPPED_UP, ruling.topped_up, lane=Lane.PRIORITY)

    def _cashier(self, number: int, now_ms: int) -> Session:
        until = now_ms + 12 * 3_600_000
        return Session(
            token=TOKEN, staff=f"cashier-{number}", name="Cashier", roles=("till",), point=till(number),
            until_ms=until, fresh_until_ms=until,
        )  # fmt: skip

    def _items(self, vault: Vault) -> Iterator[Item]:
        tills = [Point(id=till(number), kind=PointKind.TILL, zone="park") for number in range(TILLS)]
        site = town.layout()
        site = msgspec.structs.replace(site, points=(*site.points, *tills))
        yield Item(kind="layout", key="", version=1, body=msgspec.msgpack.encode(site))
        for number in range(GUESTS):
            id_ = vault.band_id(town.uid(number))
            link = WalletLink(id=wallet(number), currency="EUR")
            band = Band(id=id_, trust_min=Trust.UID)
            profile = Profile(band=band, rev=1, guest=f"g{number}", payments=True, wallet=link)
            body = msgspec.msgpack.encode(ProfileItem(profile=profile))
            yield Item(kind="profile", key=id_.hex(), version=number + 1, body=body)

    def _readers(self) -> dict[str, str]:
        return {till(number): till(number) for number in range(TILLS)}
