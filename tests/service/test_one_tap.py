"""One tap at a till: what it costs, whatever stands there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.core import entry
from edge.core.decision import Reason
from edge.errors import Refused
from edge.payviews import BasketState
from edge.service import facts
from tests.service.house import House
from tests.service.purses import OP, SOUP, TILL, a_guest, cashier, granted, payments, rung_up, tapped


def test_a_tap_that_pays_is_gathered_judged_and_made_durable_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_guest(house)
    granted(house)
    rung_up(house)
    done: list[str] = []

    def counted(what: str, of: Callable[..., object]) -> Callable[..., object]:
        def counting(*args: object, **named: object) -> object:
            done.append(what)
            return of(*args, **named)

        return counting

    # Each gathering asks for the guest's own profile; each judgement at a till is an identification.
    monkeypatch.setattr(facts, "own_profile", counted("gathered", facts.own_profile))
    monkeypatch.setattr(entry, "_identify", counted("judged", entry._identify))
    monkeypatch.setattr(house.sequencer, "submit", counted("committed", house.sequencer.submit))
    seen = house.service.present(house.tap(reader="reader-till"))
    assert seen.reason is Reason.PAID
    assert done == ["committed", "gathered", "judged"]


def test_a_whole_bill_and_the_tap_that_pays_it_are_two_acts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_guest(house)
    granted(house)
    who, submit, acts = cashier(house), house.sequencer.submit, []

    def counting(act: Callable[..., object]) -> object:
        acts.append(act)
        return submit(act)

    monkeypatch.setattr(house.sequencer, "submit", counting)
    asked = house.service.sell(who, TILL, OP, lines=(SOUP,))
    assert asked.state is BasketState.AWAITING
    assert house.service.present(house.tap(reader="reader-till")).reason is Reason.PAID
    assert len(acts) == 2


def test_a_bill_said_again_is_shown_as_it_stands_and_another_one_is_refused(house: House) -> None:
    a_guest(house)
    granted(house)
    who = cashier(house)
    assert house.service.sell(who, TILL, OP, lines=(SOUP,)) == house.service.sell(
        who, TILL, OP, lines=(SOUP,)
    )
    assert tapped(house).state is BasketState.APPROVED
    again = house.service.sell(who, TILL, OP, lines=(SOUP,))
    assert (again.state, len(payments(house))) == (BasketState.APPROVED, 1)
    with pytest.raises(Refused, match="Another bill"):
        house.service.sell(who, TILL, OP, lines=(SOUP, SOUP))
    with pytest.raises(Refused, match="Nothing is rung up"):
        house.service.sell(who, TILL, "", lines=())


def test_a_bill_is_refused_beside_one_that_is_open(house: House) -> None:
    rung_up(house, await_band=False)
    with pytest.raises(Refused, match="Another basket"):
        house.service.sell(cashier(house), TILL, "op-till-00000002", lines=(SOUP,))
