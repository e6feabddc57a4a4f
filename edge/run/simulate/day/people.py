"""People of the day: what each visitor does at which point, and what they are told there."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from edge.core.basket import Line
from edge.core.decision import Outcome
from edge.core.payment import Tender
from edge.errors import PolsoError
from edge.payviews import BasketState, BasketView
from edge.run.simulate.day.machines import Machines
from edge.run.simulate.day.plan import BASE_SHARE, MINUTE_MS, MORE_SHARE, PRICES, Stop, Visitor, What
from edge.run.simulate.day.site import CAMPAIGN, EDGES, MIDNIGHT_MS
from edge.run.simulate.day.told import Sale
from edge.run.simulate.device import Device
from edge.service.tallies import ShiftLimit
from edge.staff import Session
from edge.views import StaffView
from hardware.port import Tap
from sync.central.registry.bands import band_id

VOIDED_SHARE, REPEATED_SHARE = 0.005, 0.01
"""Payments that staff take back, and taps that a reader says twice."""
HALF_HOUR_MS = 30 * MINUTE_MS
STATIONS = {
    What.ENTER: "gates",
    What.AGAIN: "gates",
    What.FOUND: "gates",
    What.LEAVE: "exits",
    What.LOUNGE: "lounges",
}
FROM_OUTSIDE = frozenset({What.ENTER, What.AGAIN, What.FOUND})
T = TypeVar("T")


class People:
    """Lets visitors do what they mean to, as far as they are let."""

    def __init__(self, day: Machines) -> None:
        """Begin with nobody inside."""
        self._day, self._told = day, day.told
        self._dice = random.Random(f"{day.seed}/people")  # noqa: S311 - a story, nothing secret
        self._ops = count(1)
        self._left = Counter({one.wallet: one.minor for one in day.known if one.is_head})
        """What each wallet holds by its guests' own book."""
        self._acts: dict[What, Callable[[Visitor, Stop], None]] = {
            What.KIOSK: self._look,
            What.SOUP: self._fancy,
            What.EAT: lambda one, stop: self._buy(one, stop, edge="park"),
            What.SHOP: lambda one, stop: self._buy(one, stop, edge="store"),
            What.LOSE: self._lose,
        }

    def stop(self, stop: Stop) -> None:
        """Let one visitor do one thing."""
        one = self._day.known[stop.number]
        if stop.what in FROM_OUTSIDE or one.number in self._told.inside:
            self._acts.get(stop.what, self._pass)(one, stop)

    # At gates, exits and doors

    def _pass(self, one: Visitor, stop: Stop) -> None:
        device, point = self._station(STATIONS[stop.what], stop.place)
        view = self._tap(device, device.tap(one.uid, point))
        self._told.reasons[view.reason] += 1
        if view.outcome is not Outcome.GRANTED:
            return
        if stop.what is What.LEAVE:
            self._told.inside.discard(one.number)
        elif stop.what in FROM_OUTSIDE:
            self._told.inside.add(one.number)
            self._told.opened.setdefault(one.number, []).append(device.number)

    def _lose(self, one: Visitor, _: Stop) -> None:
        self._day.central.revoke(band_id(self._day.park.band_key, one.uid))
        self._told.revoked[one.number] = self._day.now_ms
        self._told.inside.discard(one.number)

    def _station(self, kind: str, place: int) -> tuple[Device, str]:
        """Return where somebody goes: whoever finds a reader dark takes the next one."""
        there = [
            (self._day.devices[number], point)
            for number, edge in enumerate(EDGES)
            for point in getattr(edge, kind)
            if point not in self._day.gone
        ]
        return there[place % len(there)]

    def _tap(self, device: Device, tap: Tap) -> StaffView:
        """Hold a band to a reader until there is an answer; now and then the reader says it twice."""
        view = self._present(device, tap)
        if self._dice.random() < REPEATED_SHARE:
            self._told.again += 1
            same = self._present(device, tap)
            if (same.reason, same.seq) != (view.reason, view.seq):
                self._told.contradictions.append(f"{tap.tap_id}: {view.reason}, then {same.reason}")
        return view

    def _present(self, device: Device, tap: Tap) -> StaffView:
        at_till = tap.reader in EDGES[device.number].tills
        kept = self._told.payments if at_till else self._told.gates
        half = (self._day.now_ms - MIDNIGHT_MS) // HALF_HOUR_MS

        def act() -> StaffView:
            self._told.taps += 1
            self._told.at[device.number] += 1
            self._told.halves["tills" if at_till else "gates", half] += 1
            began_ns = time.perf_counter_ns()
            view = device.service.present(tap)
            kept.ms.append((time.perf_counter_ns() - began_ns) / 1e6)
            return view

        return self._do(device, act)

    def _do(self, device: Device, act: Callable[[], T]) -> T:
        """Do something at a machine, and once more at the next one that starts where it dies of it."""
        done: list[T] = []
        while not self._day.alive(device, lambda: done.append(act())):
            self._told.again += 1
        return done[0]

    # At kiosks and tills

    def _look(self, one: Visitor, stop: Stop) -> None:
        device, point = self._station("kiosks", stop.place)
        self._tap(device, device.tap(one.uid, point))
        self._told.looked += 1
        offers = device.service.offers
        for tile in offers.offers_for(band_id(self._day.park.band_key, one.uid), point).tiles:
            offers.shown(tile.exposure)
            if tile.offer != CAMPAIGN:
                continue
            self._told.offered.add(one.number)
            if self._likes(one):
                try:
                    offers.accept(tile.exposure, point)
                except PolsoError as error:
                    self._told.faults[type(error).__name__] += 1

    def _fancy(self, one: Visitor, stop: Stop) -> None:
        if self._likes(one):
            self._buy(one, stop, edge="park")

    def _likes(self, one: Visitor) -> bool:
        more = MORE_SHARE if one.number in self._told.offered else 0.0
        return one.mood < BASE_SHARE + more

    def _buy(self, one: Visitor, stop: Stop, *, edge: str) -> None:
        number = next(n for n, known in enumerate(EDGES) if known.name == edge)
        device, tills = self._day.devices[number], EDGES[number].tills
        till, op = tills[stop.place % len(tills)], f"op-{next(self._ops):08}"
        name, dark = stop.article, number in self._day.weather.cut
        line = Line(
            item=name, name=name, quantity=1, price_minor=PRICES[name], tax_permille=100, category="food"
        )
        self._day.poll(device)
        self._do(device, lambda: device.service.sell(device.cashier(till), till, op, lines=[line]))
        self._tap(device, device.tap(one.uid, till))
        self._settle(device, one, device.service.basket(till), dark=dark)

    def _settle(self, device: Device, one: Visitor, view: BasketView, *, dark: bool) -> None:
        """Take down what came of a basket, and let staff take some of them back."""
        word = (
            f"{view.state} {view.reason}"
            if view.reason and view.state is not BasketState.APPROVED
            else f"{view.state}"
        )
        self._told.tills[word] += 1
        if dark:
            self._told.dark[word] += 1
        self._count(view, one, way="dark" if dark else "connected")
        who = device.cashier(view.point)
        if view.state is not BasketState.APPROVED:
            self._do(device, lambda: device.service.give_up(who, view.point, view.op_id))
            return
        paid = sum(leg.amount_minor for leg in view.legs if leg.tender == Tender.WALLET)
        sale = self._told.sales[view.op_id] = Sale(one.number, paid)
        self._left[one.wallet] -= paid
        if self._dice.random() < VOIDED_SHARE:
            self._take_back(device, view, sale, who=who)

    def _take_back(self, device: Device, view: BasketView, sale: Sale, *, who: Session) -> None:
        """Let staff take a sale back, as often as one person may in a shift."""
        try:
            self._do(device, lambda: device.service.void(who, view.op_id, f"v{view.op_id}", reason="cold"))
        except ShiftLimit:
            self._told.limited += 1
            return
        self._left[self._day.known[sale.number].wallet] += sale.minor
        sale.back = True

    def _count(self, view: BasketView, one: Visitor, *, way: str) -> None:
        """Count who could pay by the guests' own book, and who was let."""
        paid = view.state is BasketState.APPROVED
        self._told.funded[way] += paid or self._left[one.wallet] >= view.total_minor
        self._told.served[way] += paid
