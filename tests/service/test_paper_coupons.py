"""Coupons that a purchase brings: chosen once, the same on every copy, good once, over with the purchase."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.calendar import local
from edge.core.events import Kind
from edge.core.offers import Effect, Level, Offer, Period
from edge.core.offers.asked import Exposed, occasion_of
from edge.core.offers.choose import choose
from edge.core.offers.said import Told
from edge.errors import Refused
from edge.payviews import BasketState
from edge.service import coupons
from edge.service.coupons import OtherHome
from edge.service.offerbook import NOBODY, book_of
from edge.service.offering.papers import FRESH_MS, GOOD_DAYS_MAX, PaperView
from edge.service.paperbook import OPEN, PAPER, PAPER_OF, promised_on_paper
from edge.service.payments.redeeming import UsedBefore
from tests.builders import ROME
from tests.service.house import House, an_edge, band_of
from tests.service.offered import MONEY, a_fan, an_offer, budget, published, seen
from tests.service.purses import OP, SOUP, TILL, bought, cashier, granted

NEXT = "op-till-00000002"
SOLD = (Kind.OFFERS_EXPOSED, Kind.OFFER_TAKEN, Kind.OFFER_SHOWN, Kind.OFFER_REDEEMED, Kind.OFFER_DECLINED,
        Kind.OFFER_RETURNED)  # fmt: skip


def a_coupon(id: str = "soup-again", **changes: object) -> Offer:
    """A euro and a half off the next soup, for whoever bought something."""
    effect = Effect(level=Level.COUPON, off_minor=150, articles=("soup",))
    told: dict[str, object] = {"effect": effect, "public": True, "points": (TILL,)}
    return an_offer(id, **(told | changes))


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        published(house, a_coupon())
        budget(house)
        yield house


def cash_sale(edge: House, op_id: str = OP) -> PaperView | None:
    """Soup for cash, of somebody whom nobody knows, and what its receipt would bring."""
    who = cashier(edge)
    edge.service.ring(who, TILL, op_id, lines=(SOUP,))
    assert edge.service.add_cash(who, TILL, op_id, minor=600).state is BasketState.APPROVED
    return of_sale(edge, op_id)


def of_sale(edge: House, op_id: str = OP, *, fresh: bool = True) -> PaperView | None:
    return edge.service.receipts.papers.of_sale(op_id, fresh=fresh)


def scanned(edge: House, code: str, op_id: str = NEXT) -> None:
    who = cashier(edge)
    edge.service.ring(who, TILL, op_id, lines=(SOUP,))
    edge.service.take_coupon(who, TILL, op_id, code=code)


def told(edge: House) -> list[Kind]:
    return [Kind(event.kind) for event in edge.journal.range(0, 0) if event.kind in SOLD]


def set_aside(edge: House) -> int:
    return edge.sequencer.submit(promised_on_paper).get(MONEY, 0)


def test_a_purchase_brings_one_coupon_which_is_shown_once_it_is_on_paper(edge: House) -> None:
    first = cash_sale(edge)
    assert first is not None
    assert (first.tile.offer, first.bundle, first.tile.off_minor) == ("soup-again", 1, 150)
    assert told(edge) == [Kind.OFFERS_EXPOSED, Kind.OFFER_TAKEN]
    assert set_aside(edge) == 150
    papers = edge.service.receipts.papers
    papers.printed(OP)
    papers.printed(OP)
    assert of_sale(edge) == first
    assert told(edge) == [Kind.OFFERS_EXPOSED, Kind.OFFER_TAKEN, Kind.OFFER_SHOWN]


def test_central_makes_the_choice_of_a_purchase_again_octet_for_octet(edge: House) -> None:
    cash_sale(edge)
    (event,) = (one for one in edge.journal.range(0, 0) if one.kind == Kind.OFFERS_EXPOSED)
    exposed = msgspec.msgpack.decode(event.body, type=Exposed)
    live = edge.service.offers.bundles.live()
    assert live is not None
    again = choose(occasion_of(exposed.asked, live.bundle, live.rules, timezone=ROME))
    assert msgspec.msgpack.encode(again) == msgspec.msgpack.encode(exposed.choice)


def test_a_copy_has_the_same_coupon_whatever_is_offered_by_then(edge: House) -> None:
    first = cash_sale(edge)
    published(edge, a_coupon("other"), version=2)
    assert of_sale(edge, fresh=False) == first
    assert len(told(edge)) == 2


def test_a_receipt_that_was_on_paper_without_one_brings_none_later(edge: House) -> None:
    published(edge, an_offer(), version=2)
    assert cash_sale(edge) is None
    published(edge, a_coupon(), version=3)
    assert of_sale(edge, fresh=False) is None


def test_it_is_good_once_and_the_second_is_told_when_and_where(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    scanned(edge, paper.code)
    assert edge.service.basket(TILL).due_minor == 450
    edge.service.add_cash(cashier(edge), TILL, NEXT, minor=450)
    assert set_aside(edge) == 0
    with pytest.raises(UsedBefore, match=r"used at till, \d{4}-\d\d-\d\d \d\d:\d\d"):
        scanned(edge, paper.code, "op-till-00000003")
    after = of_sale(edge)
    assert after is not None
    assert (after.code, after.used, after.withdrawn) == ("", True, False)
    (redeemed,) = (one for one in edge.journal.range(0, 0) if one.kind == Kind.OFFER_REDEEMED)
    assert msgspec.msgpack.decode(redeemed.body, type=Told).minor == 150


def test_another_till_without_a_wire_keeps_it_for_its_home(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    with pytest.raises(OtherHome, match="edge-1"):
        coupons.read(paper.code, device="edge-2", private_key=b"d" * 32)


def test_a_coupon_goes_back_with_the_purchase_that_it_lowered(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    scanned(edge, paper.code)
    edge.service.give_up(cashier(edge), TILL, NEXT)
    assert of_sale(edge) == paper
    assert set_aside(edge) == 150
    scanned(edge, paper.code, "op-till-00000003")
    assert edge.service.basket(TILL).due_minor == 450


def test_whoever_brings_the_purchase_back_has_no_coupon_any_more(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    edge.service.void(edge.session("supervisor", point=TILL), OP, "v-till-00000001", reason="cold")
    after = of_sale(edge)
    assert after is not None
    assert (after.code, after.used, after.withdrawn) == ("", False, True)
    assert set_aside(edge) == 0
    with pytest.raises(Refused, match="over"):
        scanned(edge, paper.code)
    assert told(edge)[-1] is Kind.OFFER_DECLINED


def test_what_was_used_before_the_purchase_went_back_stays_used(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    scanned(edge, paper.code)
    edge.service.void(edge.session("supervisor", point=TILL), OP, "v-till-00000001", reason="cold")
    assert Kind.OFFER_DECLINED not in told(edge)
    edge.service.give_up(cashier(edge), TILL, NEXT)
    after = of_sale(edge)
    assert after is not None
    assert (after.code, after.withdrawn) == ("", True), "neither purchase stands"
    assert set_aside(edge) == 0


def test_a_refund_that_central_pays_ends_it_as_well(edge: House) -> None:
    a_fan(edge)
    granted(edge)
    bought(edge)
    assert of_sale(edge) is not None
    boss = edge.session("supervisor", point=TILL, staff="dora")
    edge.service.refund(boss, OP, "r-till-00000001", reason="cold")
    after = of_sale(edge)
    assert after is not None
    assert after.withdrawn


def test_a_purchase_that_was_taken_back_before_its_receipt_brings_none(edge: House) -> None:
    a_fan(edge)
    granted(edge)
    bought(edge)
    boss = edge.session("supervisor", point=TILL, staff="dora")
    edge.service.refund(boss, OP, "r-till-00000001", reason="cold")
    assert of_sale(edge) is None
    assert told(edge) == []


def test_what_was_used_stays_used_when_its_guest_is_forgotten(edge: House) -> None:
    a_fan(edge)
    granted(edge)
    bought(edge)
    paper = of_sale(edge)
    assert paper is not None
    scanned(edge, paper.code)
    edge.service.add_cash(cashier(edge), TILL, NEXT, minor=450)
    edge.service.erase("guest-1", [band_of(edge)])
    with pytest.raises(Refused, match="over"):
        scanned(edge, paper.code, "op-till-00000003")


def test_a_sale_of_long_ago_brings_none_unless_it_still_stands_at_its_till(edge: House) -> None:
    who = cashier(edge)
    for op_id in (OP, NEXT):
        edge.service.ring(who, TILL, op_id, lines=(SOUP,))
        edge.service.add_cash(who, TILL, op_id, minor=600)
    edge.hands.forward(s=FRESH_MS // 1_000 + 1)
    assert of_sale(edge, OP) is None, "whoever bought it is gone"
    assert of_sale(edge, NEXT) is not None


def test_a_coupon_without_its_code_was_not_shown(edge: House) -> None:
    cash_sale(edge)
    edge.service.void(edge.session("supervisor", point=TILL), OP, "v-till-00000001", reason="cold")
    edge.service.receipts.papers.printed(OP)
    assert Kind.OFFER_SHOWN not in told(edge)


def test_a_stranger_at_a_till_sees_a_coupon_once_and_it_counts_once(edge: House) -> None:
    assert cash_sale(edge) is not None
    edge.service.receipts.papers.printed(OP)
    marks = edge.sequencer.submit(lambda tx: book_of(tx, f"{NOBODY}{TILL}").marks)
    assert [mark.offer for mark in marks] == ["soup-again"]


def offered(edge: House) -> list[Exposed]:
    return [msgspec.msgpack.decode(event.body, type=Exposed) for event in edge.journal.range(0, 0)
            if event.kind == Kind.OFFERS_EXPOSED]  # fmt: skip


def test_only_the_coupon_that_a_receipt_has_room_for_is_said_to_be_offered(edge: House) -> None:
    published(edge, an_offer(public=True, priority=9), a_coupon(), a_coupon("b", priority=-1), version=2)
    paper = cash_sale(edge)
    assert paper is not None
    (told_of,) = offered(edge)
    assert [tile.offer for tile in told_of.choice.tiles] == ["soup-again"]
    assert [loser.offer for loser in told_of.choice.losers] == ["b"]


def test_who_holds_the_coupon_already_is_not_said_to_be_offered_it_again(edge: House) -> None:
    a_fan(edge)
    granted(edge)
    bought(edge)
    assert of_sale(edge) is not None
    bought(edge, op_id=NEXT)
    assert of_sale(edge, NEXT) is None
    assert len(offered(edge)) == 1


def test_a_printer_that_tries_again_chooses_no_second_time_where_there_was_none(edge: House) -> None:
    published(edge, a_coupon(budget=msgspec.structs.replace(an_offer().budget, each=4_000)), version=2)
    assert cash_sale(edge) is None
    budget(edge, units=9_000, lease="b-more")
    assert of_sale(edge) is None
    assert len(offered(edge)) == 1


def test_a_dry_budget_brings_no_coupon_and_none_is_promised_twice(edge: House) -> None:
    published(edge, a_coupon(budget=msgspec.structs.replace(an_offer().budget, each=400)), version=2)
    papers = [cash_sale(edge, f"op-till-1000000{number}") for number in range(4)]
    assert [paper is not None for paper in papers] == [True, True, False, False]
    assert set_aside(edge) == 800 <= 1_000


def test_a_guest_has_one_of_an_offer_at_a_time_and_a_stranger_as_many_as_purchases(edge: House) -> None:
    a_fan(edge)
    granted(edge)
    bought(edge)
    first = of_sale(edge)
    bought(edge, op_id=NEXT)
    assert first is not None
    assert of_sale(edge, NEXT) is None
    assert cash_sale(edge, "op-till-00000003") is not None


def test_what_a_guest_took_up_at_a_kiosk_does_not_come_on_paper_as_well(edge: House) -> None:
    published(edge, a_coupon(points=()), version=2)
    a_fan(edge)
    granted(edge)
    (tile,) = seen(edge, band_of(edge)).tiles
    edge.service.offers.accept(tile.exposure, "kiosk")
    bought(edge, msgspec.structs.replace(SOUP, item="cake", name="Torta", price_minor=350))
    assert of_sale(edge) is None
    assert told(edge).count(Kind.OFFER_TAKEN) == 1


def test_nothing_stays_set_aside_for_a_coupon_whose_last_day_is_over(edge: House) -> None:
    today = local(ROME, edge.clock.now_ms()).date().isoformat()
    published(edge, a_coupon(period=Period(last=today)), version=2)
    paper = cash_sale(edge)
    assert paper is not None
    assert set_aside(edge) == 150
    edge.service.offers.look()
    assert set_aside(edge) == 150
    edge.hands.forward(s=2 * 86_400)
    edge.service.offers.look()
    assert set_aside(edge) == 0


def test_a_lost_slip_holds_its_budget_for_a_month_and_leaves_no_row(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    edge.service.receipts.papers.printed(OP)
    last = local(ROME, edge.clock.now_ms()).date() + dt.timedelta(days=GOOD_DAYS_MAX)
    assert paper.tile.until == last.isoformat()
    edge.hands.forward(s=2 * 86_400)
    edge.service.offers.look()
    assert set_aside(edge) == 150
    edge.hands.forward(s=GOOD_DAYS_MAX * 86_400)
    edge.service.offers.look()
    assert set_aside(edge) == 0
    assert edge.sequencer.submit(lambda tx: [*tx.rows(PAPER), *tx.rows(PAPER_OF), *tx.rows(OPEN)]) == []
    with pytest.raises(Refused):
        scanned(edge, paper.code)


def test_a_coupon_that_no_printer_brought_out_gives_its_budget_back_after_a_day(edge: House) -> None:
    assert cash_sale(edge) is not None
    edge.hands.forward(s=86_400 + 3_600)
    edge.service.offers.look()
    assert set_aside(edge) == 0
    after = of_sale(edge)
    assert after is not None
    assert after.withdrawn
    assert told(edge)[-1] is Kind.OFFER_DECLINED


def test_what_is_no_coupon_is_not_printed_and_a_device_without_a_key_gives_none(edge: House) -> None:
    published(edge, an_offer(public=True), version=2)
    assert cash_sale(edge) is None
    assert told(edge) == []
    published(edge, a_coupon(), version=3)
    object.__setattr__(edge.service.receipts.papers._rooms, "coupon_key", b"")
    assert cash_sale(edge, NEXT) is None
