"""Holds at the service: set aside beside other sales, taken once and for at most what they hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.payment.bodies import HoldEnded
from edge.core.payment.reckoning import Piece
from edge.core.receipt import ReceiptKind
from edge.core.wallet import CategoryLimit
from edge.errors import Refused
from edge.payviews import BasketState
from edge.service.drawers import NoShift
from edge.service.payments.holds import Taken
from tests.service.house import Hands, House, an_edge
from tests.service.purses import (
    OP,
    SOUP,
    TILL,
    a_guest,
    bought,
    cashier,
    granted,
    left,
    money_events,
    payments,
    rung_up,
    tapped,
)

TAB, NEXT = "op-hold-00000001", "op-next-00000001"
THREE = msgspec.structs.replace(SOUP, quantity=3)
HOUR_MS = 3_600_000


@pytest.fixture
def funded(house: House) -> House:
    a_guest(house)
    granted(house)
    return house


def held(house: House, *, op_id: str = TAB) -> None:
    """Set three soups aside for an hour."""
    rung_up(house, THREE, op_id=op_id, await_band=False)
    house.service.hold(cashier(house), TILL, op_id, minutes=60)
    assert tapped(house).state is BasketState.HELD


def ended(house: House) -> HoldEnded:
    (event,) = money_events(house, Kind.CAPTURED)
    return msgspec.msgpack.decode(event.body, type=HoldEnded)


def test_a_hold_leaves_its_till_free_and_is_listed_until_it_ends(funded: House) -> None:
    held(funded)
    (listed,) = funded.service.holds(TILL)
    assert (listed.op_id, listed.state, listed.name) == (TAB, BasketState.HELD, "Giulia")
    assert listed.until_ms == funded.clock.now_ms() + HOUR_MS
    assert funded.service.holds("elsewhere") == ()
    rung_up(funded, op_id=NEXT, await_band=False)
    assert funded.service.basket(TILL).op_id == NEXT
    funded.service.capture(cashier(funded), TAB)
    assert funded.service.holds(TILL) == ()


@pytest.mark.parametrize("how", ["capture", "release", "expire"])
def test_what_becomes_of_a_hold_never_takes_the_screens_from_the_bill_that_stands(
    funded: House, how: str
) -> None:
    held(funded)
    rung_up(funded, op_id=NEXT)
    shown = funded.service.basket(TILL)
    if how == "capture":
        assert funded.service.capture(cashier(funded), TAB).state is BasketState.APPROVED
    elif how == "release":
        assert funded.service.give_up(cashier(funded), TILL, TAB).state is BasketState.GIVEN_UP
    else:
        funded.hands.forward(ms=HOUR_MS)
        funded.service._holds.expire()
    assert funded.service.basket(TILL) == shown
    assert funded.service._tills.screens._shown[TILL].basket.op_id == NEXT
    assert left(funded) == (200 if how == "capture" else 2_000)


def test_pieces_of_a_hold_are_taken_and_the_same_again_is_the_same(funded: House) -> None:
    held(funded)
    for _ in range(2):
        view = funded.service.capture(cashier(funded), TAB, Taken(pieces=(Piece(0, 2),)))
        assert (view.state, view.total_minor, left(funded)) == (BasketState.APPROVED, 1_200, 800)
    assert ended(funded).captured_minor == 1_200
    (listed,) = funded.service.payments(TILL)
    assert (listed.op_id, listed.total_minor, listed.voided_minor) == (TAB, 1_200, 0)
    receipt = funded.service.receipts.receipt(TAB)
    assert (receipt.kind, receipt.total_minor, receipt.back_minor) == (ReceiptKind.SALE, 1_200, 0)
    funded.service.void(cashier(funded), TAB, "void-0001", pieces=[Piece(0, 1)], reason="cold")
    assert funded.service.payments(TILL)[0].voided_minor == 600
    assert funded.service.receipts.receipt(TAB).back_minor == 600
    assert funded.service.receipts.receipt("void-0001").about == TAB


def test_a_bill_rung_up_since_is_paid_by_what_was_set_aside_and_sold_once(funded: House) -> None:
    held(funded)
    rung_up(
        funded,
        SOUP,
        msgspec.structs.replace(SOUP, item="bread", price_minor=300),
        op_id=NEXT,
        await_band=False,
    )
    for _ in range(2):
        view = funded.service.capture(cashier(funded), TAB, Taken(bill=NEXT))
        assert (view.op_id, view.state, view.total_minor) == (TAB, BasketState.APPROVED, 900)
    assert [line.item for line in view.lines] == ["soup", "bread"]
    assert funded.service.basket(TILL).op_id == TAB
    assert left(funded) == 1_100
    with pytest.raises(Refused, match="closed"):
        funded.service.await_band(cashier(funded), TILL, NEXT)


def test_a_bill_above_what_was_set_aside_or_partly_paid_stays_as_it_is(funded: House) -> None:
    held(funded)
    rung_up(funded, msgspec.structs.replace(SOUP, quantity=4), op_id=NEXT, await_band=False)
    with pytest.raises(Refused, match="More would"):
        funded.service.capture(cashier(funded), TAB, Taken(bill=NEXT))
    assert funded.service.basket(TILL).state is BasketState.OPEN
    funded.service.add_cash(cashier(funded), TILL, NEXT, minor=2_000)
    with pytest.raises(Refused, match="part of this basket"):
        funded.service.capture(cashier(funded), TAB, Taken(bill=NEXT))
    assert left(funded) == 200


@pytest.mark.parametrize("line", [{"age_min": 18}, {"category": "sweets"}], ids=["age", "category"])
def test_nothing_is_taken_from_a_hold_that_the_band_itself_might_not_have_had(
    funded: House, line: dict[str, object]
) -> None:
    a_guest(funded, categories=(CategoryLimit(category="sweets", day_minor_max=100),))
    held(funded)
    rung_up(funded, msgspec.structs.replace(SOUP, **line), op_id=NEXT, await_band=False)
    with pytest.raises(Refused, match="Not all of this"):
        funded.service.capture(cashier(funded), TAB, Taken(bill=NEXT))
    assert left(funded) == 200


def test_the_only_piece_is_taken_for_less(funded: House) -> None:
    rung_up(funded, op_id=TAB, await_band=False)
    funded.service.hold(cashier(funded), TILL, TAB, minutes=60)
    tapped(funded)
    view = funded.service.capture(cashier(funded), TAB, Taken(pieces=(Piece(0, 1),), minor=150))
    assert (view.total_minor, left(funded)) == (150, 1_850)


@pytest.mark.parametrize(
    ("pieces", "minor"), [([Piece(0, 4)], None), ([Piece(1, 1)], None), ([Piece(0, 2)], 100)]
)
def test_never_more_than_was_set_aside(funded: House, pieces: list[Piece], minor: int | None) -> None:
    held(funded)
    with pytest.raises(Refused):
        funded.service.capture(cashier(funded), TAB, Taken(pieces=tuple(pieces), minor=minor))
    with pytest.raises(Refused, match="More would"):
        funded.service.capture(
            cashier(funded), TAB, Taken(lines=(msgspec.structs.replace(SOUP, quantity=4),))
        )
    assert left(funded) == 200


@pytest.mark.parametrize("act", ["await", "hold", "cash", "ring"])
def test_what_is_set_aside_is_not_paid_again(funded: House, act: str) -> None:
    held(funded)
    service, who = funded.service, cashier(funded)
    acts: dict[str, Callable[[], object]] = {
        "await": lambda: service.await_band(who, TILL, TAB),
        "hold": lambda: service.hold(who, TILL, TAB, minutes=5),
        "cash": lambda: service.add_cash(who, TILL, TAB, minor=1_800),
        "ring": lambda: service.ring(who, TILL, TAB, lines=(SOUP,), rev=service.basket(TILL).rev),
    }
    with pytest.raises(Refused, match="set aside"):
        acts[act]()
    assert service.basket(TILL).state is BasketState.HELD


@pytest.mark.parametrize("then", ["pay", "cash", "back"])
def test_a_cashier_who_thinks_better_of_it_sells(funded: House, then: str) -> None:
    rung_up(funded, await_band=False)
    view = funded.service.hold(cashier(funded), TILL, OP, minutes=60)
    assert (view.hold, view.words) == (True, "pay.await_hold")
    if then == "cash":
        view = funded.service.add_cash(cashier(funded), TILL, OP, minor=600)
    else:
        if then == "back":
            funded.service.ring(cashier(funded), TILL, OP, lines=(SOUP,), rev=view.rev)
        funded.service.await_band(cashier(funded), TILL, OP)
        view = tapped(funded)
    assert (view.state, view.hold) == (BasketState.APPROVED, False)
    assert payments(funded)[-1].judged.hold_ms is None


def test_a_hold_is_taken_in_an_open_shift_only(funded: House) -> None:
    held(funded)
    funded.service.shifts.close(cashier(funded), TILL, counted_minor=0)
    who = funded.session("till", point=TILL, staff="carla")
    with pytest.raises(NoShift):
        funded.service.capture(who, TAB)
    assert left(funded) == 200


def test_a_void_of_an_earlier_sale_leaves_the_till_to_the_bill_that_stands(funded: House) -> None:
    bought(funded)
    rung_up(funded, op_id=NEXT)
    view = funded.service.void(cashier(funded), OP, "void-0001", reason="cold soup")
    assert (view.op_id, view.state, view.back_id) == (OP, BasketState.VOIDED, "void-0001")
    assert funded.service.basket(TILL).state is BasketState.AWAITING
    assert funded.service._tills.screens._shown[TILL].basket.op_id == NEXT
    assert [slip.id for slip in funded.service.payments(TILL)[0].slips] == ["void-0001"]


def test_a_part_that_was_paid_says_until_when_it_waits(funded: House) -> None:
    rung_up(funded, msgspec.structs.replace(SOUP, quantity=4))
    tapped(funded)
    view = funded.service.take_part(cashier(funded), TILL, OP)
    assert view.state is BasketState.PARTLY_PAID
    assert view.until_ms is not None
    assert view.until_ms > funded.clock.now_ms()


def test_what_was_taken_of_a_hold_is_listed_after_a_restart(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        a_guest(house)
        granted(house)
        held(house)
        house.service.capture(cashier(house), TAB)
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        assert [one.op_id for one in house.service.payments(TILL)] == [TAB]
