"""What is asked of money is asked twice, with a restart between: the same answer, and nothing moves again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.payviews import BasketView, CashView
from edge.staff import Session
from tests.service.house import Hands, House, an_edge
from tests.service.purses import (
    OP,
    SOUP,
    TILL,
    a_guest,
    bought,
    cashier,
    granted,
    money_events,
    rung_up,
    tapped,
)

BACK, CASH, ACT = "back-00000001", "cash-00000001", "the-same-press-01"
Act = Callable[[House, Session], object]


def opens(house: House, who: Session) -> None:
    rung_up(house, await_band=False)


def pays(house: House, who: Session) -> None:
    bought(house)


def holds(house: House, who: Session) -> None:
    opens(house, who)
    house.service.hold(who, TILL, OP, minutes=60)
    tapped(house)


def tops_up(house: House, who: Session) -> object:
    return house.service.top_up(who, TILL, CASH, minor=500)


def sells(house: House, who: Session) -> object:
    return house.service.sell(who, TILL, OP, lines=[SOUP])


def gives_up(house: House, who: Session) -> object:
    return house.service.give_up(who, TILL, OP)


def refunds(house: House, who: Session) -> object:
    leads = house.session("till", "supervisor", point=TILL, staff="dario")
    return house.service.refund(leads, OP, BACK, reason="cold soup")


def nothing(house: House, who: Session) -> None:
    """The drawer is counted, and that is all."""


ACTS: dict[str, tuple[Act, Act]] = {
    "open the shift": (nothing, lambda house, who: house.service.shifts.open(who, TILL, counted_minor=0)),
    "ring": (nothing, lambda house, who: house.service.ring(who, TILL, OP, lines=[SOUP])),
    "sell": (nothing, sells),
    "sell what was paid meanwhile": (pays, sells),
    "await": (opens, lambda house, who: house.service.await_band(who, TILL, OP)),
    "hold": (opens, lambda house, who: house.service.hold(who, TILL, OP, minutes=60)),
    "cash": (opens, lambda house, who: house.service.add_cash(who, TILL, OP, minor=600, act=ACT)),
    "a part by card": (opens, lambda house, who: house.service.add_card(who, TILL, OP, minor=250, act=ACT)),
    "give up": (opens, gives_up),
    "release": (holds, gives_up),
    "capture": (holds, lambda house, who: house.service.capture(who, OP)),
    "void": (pays, lambda house, who: house.service.void(who, OP, BACK, reason="cold soup")),
    "undo": (pays, lambda house, who: house.service.undo_payment(who, TILL, OP, void_id=BACK)),
    "refund": (pays, refunds),
    "top up": (nothing, tops_up),
    "cash out": (nothing, lambda house, who: house.service.cash_out(who, TILL, CASH)),
    "give up cash": (tops_up, lambda house, who: house.service.give_up_cash(who, TILL, CASH)),
    "close": (nothing, lambda house, who: house.service.shifts.close(who, TILL, counted_minor=0, act=ACT)),
}


def plain(answer: object) -> object:
    """An answer without what tells when and how often it was said."""
    if isinstance(answer, BasketView):
        return msgspec.structs.replace(answer, rev=0, repeated=False, undo_until_ms=None, until_ms=None)
    if isinstance(answer, CashView):
        return msgspec.structs.replace(answer, repeated=False)
    return answer


@pytest.mark.parametrize("name", ACTS)
def test_an_act_whose_answer_was_lost_is_said_again_and_done_once(tmp_path: Path, name: str) -> None:
    before, act = ACTS[name]
    hands, told, moved = Hands(), list[object](), list[list[bytes]]()
    for life in range(2):
        with an_edge(tmp_path, hands) as house:
            who = house.session("till", point=TILL, staff="carla") if life else cashier(house)
            if not life:
                a_guest(house)
                granted(house)
                before(house, who)
            told.append(plain(act(house, who)))
            moved.append([event.h for event in money_events(house)])
    assert told[0] == told[1]
    assert moved[0] == moved[1], "nothing moved again"
