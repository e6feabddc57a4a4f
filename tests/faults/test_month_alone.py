"""A till alone for a month: what central lent for so long is sold each day, to the cent, and no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec
import pytest

from edge.core.decision import Reason
from edge.core.events import Kind, Lane
from edge.core.lease import Limits
from edge.core.payment import Payment
from edge.payviews import BasketState, BasketView
from tests.faults.seller import op_of
from tests.faults.test_kill_sale import memory
from tests.portions import sample_and_whole
from tests.service.house import House, an_edge
from tests.service.purses import SOUP, TILL, a_grant, a_guest, cashier, granted, left, tapped

__all__ = ["memory"]
DAYS, DAY_S = 30, 86_400
TTL_S = (DAYS + 1) * DAY_S
"""So long a site's fixed edge is lent to whose operator wants to ride out a month."""
LATE = 3
"""Days at either end whose sales are set side by side."""


def sells(house: House, op_id: str) -> tuple[BasketView, int]:
    """Sell one basket; return it and the nanoseconds of processor time that it cost."""
    began_ns = time.thread_time_ns()
    house.service.sell(cashier(house), TILL, op_id, lines=[SOUP])
    view = tapped(house)
    return view, time.thread_time_ns() - began_ns


def journaled(house: House) -> Iterator[str]:
    """What was sold by the journal, page by page."""
    after = 0
    while page := house.journal.range(Lane.PRIORITY, after):
        paid = (msgspec.msgpack.decode(one.body, type=Payment) for one in page if one.kind == Kind.PAID)
        yield from (one.op_id for one in paid if one.state is not None)
        after = page[-1].seq


@pytest.mark.timeout(900)
@pytest.mark.parametrize("sales_day", sample_and_whole(4, 300))
def test_a_till_alone_for_a_month_sells_what_it_was_lent_each_day_and_no_more(
    memory: Path, sales_day: int
) -> None:
    """The sample sells 120 baskets, the whole 9,000."""
    price, took_ns = SOUP.price_minor, dict[int, list[int]]()
    lent = (DAYS + 1) * sales_day * price
    with an_edge(memory / "edge") as house:
        a_guest(house)
        day_limit = Limits(day_minor_max=sales_day * price)
        granted(house, msgspec.structs.replace(a_grant(lent, limits=day_limit), ttl_s=TTL_S))
        for day in range(DAYS):
            for number in range(day * sales_day, (day + 1) * sales_day):
                view, ns = sells(house, op_of(number))
                assert view.state is BasketState.APPROVED, (day, number, view.reason)
                took_ns.setdefault(day, []).append(ns)
            over, _ = sells(house, f"op-above-{day:04}")
            assert (over.state, over.reason) == (BasketState.SHORT, Reason.SPEND_LIMIT), (
                "the day's limit holds"
            )
            house.service.give_up(cashier(house), TILL, over.op_id)
            house.hands.forward(s=DAY_S)
        assert left(house) == lent - DAYS * sales_day * price
        sold = list(journaled(house))
        assert sold == [op_of(number) for number in range(DAYS * sales_day)]
        house.hands.forward(s=DAY_S)
        assert sells(house, "op-too-late")[0].reason is Reason.OFFLINE_LIMIT
    early, late = (
        median(ns for day in days for ns in took_ns[day]) for days in (range(LATE), range(DAYS - LATE, DAYS))
    )
    print(f"{len(sold)} sales in {DAYS} days alone; a late one costs {late / early:.2f} of an early one")
