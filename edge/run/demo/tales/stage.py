"""The stage: what a story may do in the park, by the ways that guests and staff have, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from edge.core.basket import Line
from edge.core.decision import Outcome, Reason
from edge.core.payment.funds import in_hand
from edge.errors import PolsoError
from edge.payviews import BasketState, BasketView
from edge.run.app import Edge
from edge.run.demo.counter import FLOAT_MINOR
from edge.run.demo.park import Park
from edge.run.demo.tales.app import App
from edge.run.waiting import until
from edge.sequencer import Transaction
from edge.service.payments.chest import leases_of
from edge.staff import Session
from kiosk.park import Place, TapStory
from kiosk.tales import DemoScene, Scene
from sync.central.journey import diary
from sync.central.journey.entry import Entry, What
from sync.central.money import pots
from sync.central.store import Store

T = TypeVar("T")
SOON_S_MAX = 45.0
"""Central hears of what the edge did, and the other way round, within this or the story is broken."""
SHORT = frozenset({Reason.INSUFFICIENT_HERE, Reason.INSUFFICIENT_FUNDS})
"""Answers after which a till asks central for more of a wallet."""
TRIES_MAX = 5
"""So often a band is held to a till at which too little lay ready at first."""


class TaleBroke(PolsoError):
    """The park did not do what the story tells."""

    hint = "Some stories can be told once a day in a park: close it and open a new one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running park, seen by a story; every hand in it is one that the page has, too."""

    park: Park
    edge: Edge
    central: Store
    app: App
    tap: Callable[[str, str], TapStory]
    walk: Callable[[str, Place], None]
    internet: Callable[[bool], None]
    tell: Callable[[DemoScene], None]
    cut: bool = False
    """Whether it is told with the internet cut, as far as it can."""
    later: list[Callable[[], None]] = field(default_factory=list)

    @property
    def site(self) -> str:
        """The park's name at central."""
        return self.park.site.id

    def guest(self, band: str) -> str:
        """Return who central knows the wearer of a band of the tray as."""
        return next(one.pseudonym for one in self.park.guests if one.id == band)

    def says(self, scene: Scene, who: str = "", **told: object) -> None:
        """Tell one step, which has happened by now."""
        named = {one.id: one.name for one in self.park.wearers} | {
            one.id: one.name for one in self.park.staff
        }
        self.tell(msgspec.convert({"scene": scene, "who": named.get(who, who), **told}, DemoScene))

    def holds(self, band: str, reader: str, *, wants: Collection[Reason] = ()) -> TapStory:
        """Hold a band to a reader; it must be let pass, or be told what is wanted."""
        story = self.tap(band, reader)
        good = story.reason in wants if wants else story.outcome is Outcome.GRANTED
        if not good:
            raise TaleBroke(f"{band} at {reader}: {story.reason}.")
        self.says(Scene.HELD, band, where=reader, reason=story.reason)
        return story

    def waits(self, what: Callable[[], T], why: str) -> T:
        """Wait until something is so, which another part of the park brings about."""
        found: list[T] = []

        def is_so() -> bool:
            found[:] = [what()]
            return bool(found[0])

        if not until(is_so, SOON_S_MAX):
            raise TaleBroke(f"It did not come to this: {why}.")
        return found[0]

    def staff(self, who: str, point: str) -> Session:
        """Let somebody who works here sign in."""
        return self.edge.staff.sign_in(who, next(one.pin for one in self.park.staff if one.id == who), point)

    def sells(
        self,
        seller: str,
        band: str,
        *,
        point: str,
        articles: Collection[str],
    ) -> BasketView:
        """Ring articles up and let a band pay them; returns the bill as it was paid.

        Where too little lies ready the till asks central for more: then the band is held there again.
        """
        service, session = self.edge.service, self.staff(seller, point)
        if not service.shifts.view(point).open:
            service.shifts.open(session, point, counted_minor=FLOAT_MINOR)
        sold = self.edge.profiles.catalogue().by_id
        lines = tuple(
            Line(
                item=one.id,
                name=one.name("it"),
                quantity=1,
                price_minor=one.price_minor,
                tax_permille=one.tax_permille,
                category=one.category,
                age_min=one.age_min,
            )
            for one in (sold[article] for article in articles)
        )
        bill = service.ring(session, point, "", lines=lines, rev=0)
        try:
            service.await_band(session, point, bill.op_id)
            due = sum(one.price_minor for one in lines)
            for _ in range(TRIES_MAX):
                if self.holds(band, point, wants={Reason.PAID, *SHORT}).reason is Reason.PAID:
                    break
                self.waits(lambda: self.ready(band) >= due, "the money at the till, which has asked for it")
                service.await_band(session, point, bill.op_id)
        finally:
            now = service.basket(point)
            if now.state not in (BasketState.APPROVED, BasketState.IDLE):
                service.give_up(session, point, bill.op_id)
        paid = now.total_minor - sum(one.off_minor for one in now.lines)
        self.says(Scene.PAID, band, where=point, minor=paid)
        return now

    def ready(self, band: str, *, kind: str = pots.MONEY) -> int:
        """Return what the edge could let a band pay now, as the till counts it; of another kind: how many."""
        wallet = next(one.pays.wallet for one in self.park.guests if one.id == band and one.pays is not None)

        def here(tx: Transaction) -> int:
            money = [one for one in leases_of(tx, wallet) if one.kind == kind]
            return in_hand(money, self.edge.clock.monotonic_ms())

        return self.edge.sequencer.submit(here)

    def has_ready(self, band: str, minor: int) -> None:
        """Wait until so much of a band's money lies at the edge, which is asked for soon after it opens."""
        self.waits(lambda: self.ready(band) >= minor, f"money of {band} at the edge")

    def fetches(self, band: str, minor: int) -> None:
        """Have so much of a band's money lie at the edge, as a basket that stands there asks for it."""
        (worn,) = [one for one in self.edge.profiles.of_guest(self.guest(band)) if one.wallet is not None]
        self.edge.service.placement.needs(worn, max(0, minor - self.ready(band)))
        self.has_ready(band, minor)

    def written(self, band: str, what: What, *, after: Collection[Entry] = ()) -> None:
        """See to it that a guest's diary at central has a new entry of a kind, and tell of it."""
        before = {(one.source, one.id) for one in after}

        def check() -> None:
            self.waits(
                lambda: [
                    one for one in self.diary(band) if one.what is what and (one.source, one.id) not in before
                ],
                f"{what} in the diary of {band}",
            )
            self.says(Scene.DIARY, band, what=what.value)

        self.at_central(check)

    def may_be_cut(self) -> None:
        """From here on the story needs no internet; where it is asked for without, it is cut now."""
        if self.cut:
            self.internet(False)
            self.says(Scene.CUT)

    def at_central(self, check: Callable[[], None]) -> None:
        """Check what central has to know by then: now, or once the internet is back."""
        if self.edge.own.cable.plugged:
            check()
        else:
            self.later.append(check)

    def ends(self) -> None:
        """Bring the internet back where it was cut, and check what waited for it."""
        if not self.edge.own.cable.plugged:
            self.internet(True)
            self.says(Scene.RESTORED)
        for check in self.later:
            check()

    def diary(self, band: str) -> tuple[Entry, ...]:
        """Return the newest of a guest's diary."""
        with self.central.reading() as tx:
            return diary.of_guest(tx, self.site, f"g:{self.guest(band)}", limit=60)
