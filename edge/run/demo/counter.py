"""The counter that the crowd buys at: a cashier of the demo who rings something up and lets a band pay."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import NamedTuple

from edge.core.basket import Line
from edge.errors import PolsoError
from edge.payviews import BasketState
from edge.run.app import Edge
from edge.run.demo.park import Park
from edge.staff import Session

POINT = "bottega-1"
FLOAT_MINOR = 10_000
PIECES_MAX = 2


class Cashier(NamedTuple):
    """Who stands there, and the PIN that everybody may know."""

    id: str
    pin: str


class Counter:
    """One till of the park's own; whoever's band is held there pays what stands on it."""

    def __init__(self, edge: Edge, park: Park) -> None:
        """Sell by this edge; nobody is signed in yet."""
        self._edge, self._chance = edge, random.Random(park.crowd.seed)  # noqa: S311 - invented purchases
        self._cashier = next(Cashier(one.id, one.pin) for one in park.staff if one.sells_at == POINT)
        self._session: Session | None = None
        self._busy = threading.Lock()

    def sell(self, hold: Callable[[], object]) -> None:
        """Ring something up and let ``hold`` hold the band to the reader; unpaid, it is given up."""
        with self._busy:
            session = self._signed_in()
            service = self._edge.service
            view = service.ring(session, POINT, "", lines=self._lines(), rev=0)
            try:
                service.await_band(session, POINT, view.op_id)
                hold()
            finally:
                if service.basket(POINT).state not in (BasketState.APPROVED, BasketState.IDLE):
                    service.give_up(session, POINT, view.op_id)

    def _signed_in(self) -> Session:
        """Return the cashier's session; signed in anew, and the drawer counted, where there is none."""
        staff = self._edge.staff
        if self._session is None or staff.session(self._session.token, active=True) is None:
            self._session = staff.sign_in(self._cashier.id, self._cashier.pin, POINT)
        shifts = self._edge.service.shifts
        if not shifts.view(POINT).open:  # never counted yet, or somebody has tried closing it
            shifts.open(self._session, POINT, counted_minor=FLOAT_MINOR)
        return self._session

    def _lines(self) -> tuple[Line, ...]:
        sold = [one for one in self._edge.service.catalogue(POINT).articles if not one.off]
        if not sold:
            raise PolsoError("Nothing is sold here yet.")
        chosen = self._chance.choice(sold)
        return (
            Line(
                item=chosen.id,
                name=chosen.name("it"),
                quantity=self._chance.randint(1, PIECES_MAX),
                price_minor=chosen.price_minor,
                tax_permille=chosen.tax_permille,
                category=chosen.category,
                age_min=chosen.age_min,
            ),
        )
