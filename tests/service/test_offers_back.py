"""Offers of a sale that is taken back: the guest's again, as if never used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.calendar import day_of
from edge.core.events import Kind
from edge.core.offers import Cap, Counted, Span
from edge.service.offerbook import Mark, book_of
from tests.builders import NOW_MS, ROME
from tests.service.house import House, an_edge
from tests.service.offered import a_fan, an_offer, budget, published, seen, took
from tests.service.purses import SOUP as SOUP_LINE
from tests.service.purses import TILL, bought, cashier, granted, left


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        yield house


def test_a_void_gives_back_price_budget_and_the_offer_itself(edge: House) -> None:
    granted(edge)
    published(edge)
    budget(edge)
    took(edge, a_fan(edge).band.id)
    view = bought(edge)
    edge.service.void(cashier(edge), view.op_id, "void-00000001", reason="too salty")
    assert (left(edge), left(edge, "")) == (2_000, 1_000)
    assert sum(one.kind == Kind.OFFER_RETURNED for one in edge.journal.range(0, 0)) == 1
    again = bought(edge, op_id="op-till-00000002")
    assert again.lines[0].off_minor == 150


def test_a_void_frees_the_place_under_the_cap_and_leaves_other_redemptions(edge: House) -> None:
    published(edge, an_offer(caps=(Cap(counted=Counted.REDEEMED, span=Span.WEEK, most=2),)))
    budget(edge)
    fan, ops = a_fan(edge).band.id, ("op-till-00000001", "op-till-00000002")
    for op_id in ops:
        who, taken = cashier(edge), took(edge, fan)
        edge.service.ring(who, TILL, op_id, lines=(SOUP_LINE,))
        edge.service.take_coupon(who, TILL, op_id, code=taken.code)
        edge.service.add_cash(who, TILL, op_id, minor=450)
        edge.hands.forward(s=24 * 3_600)
    assert not seen(edge, fan).tiles, "two a week"
    edge.service.void(cashier(edge), ops[1], "void-00000001", reason="too salty")
    edge.hands.forward(s=24 * 3_600)
    assert seen(edge, fan).tiles, "one of the two was taken back"
    [kept] = [one for one in edge.sequencer.submit(lambda tx: book_of(tx, "guest-1")).marks if is_sold(one)]
    assert kept.day == day_of(ROME, 0, NOW_MS), "and the first is remembered"


def is_sold(mark: Mark) -> bool:
    return mark.counted is Counted.REDEEMED
