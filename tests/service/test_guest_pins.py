"""PINs of guests at a till: asked above a limit, three wrong ones lock, digits are nowhere."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from edge.core.decision import Family, Reason
from edge.core.events import Kind
from edge.core.lease import Limits
from edge.errors import Refused
from edge.payviews import BasketState
from hardware.port import Signal
from tests.service.house import Hands, House, an_edge
from tests.service.purses import (
    GUEST_PIN,
    OP,
    TILL,
    a_guest,
    granted,
    left,
    money_events,
    rung_up,
    tapped,
)


@pytest.fixture
def guarded(house: House) -> House:
    a_guest(house, pin=GUEST_PIN, limits=Limits(pin_above_minor=500))
    granted(house)
    return house


def test_above_its_limit_the_pin_is_asked_and_the_right_one_pays(guarded: House) -> None:
    rung_up(guarded)
    view = tapped(guarded)
    assert (view.state, view.family, view.pin_left) == (BasketState.PIN, Family.ASK, 3)
    assert guarded.light.shown[-1][0] is Signal.ATTENTION
    assert not money_events(guarded, Kind.PAID)
    paid = guarded.service.type_pin(TILL, OP, GUEST_PIN)
    assert (paid.state, paid.paid_minor) == (BasketState.APPROVED, 600)


def test_three_wrong_pins_lock_the_band_over_baskets_and_restarts(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        a_guest(house, pin=GUEST_PIN, limits=Limits(pin_above_minor=500))
        granted(house)
        rung_up(house)
        tapped(house)
        assert house.service.type_pin(TILL, OP, "0000").pin_left == 2
        assert house.service.type_pin(TILL, OP, "not digits").pin_left == 1
    with an_edge(tmp_path, hands) as house:
        house.seqs = itertools.count(100)
        view = house.service.type_pin(TILL, OP, "0001")
        assert (view.state, view.reason) == (BasketState.DECLINED, Reason.PIN_LOCKED)
        assert left(house) == 2_000
        with pytest.raises(Refused):
            house.service.type_pin(TILL, OP, GUEST_PIN)
        assert tapped(house).reason is Reason.PIN_LOCKED
        assert len(money_events(house, Kind.PIN_TRIED)) == 3


def test_a_right_pin_forgives_the_wrong_ones(guarded: House) -> None:
    rung_up(guarded)
    tapped(guarded)
    guarded.service.type_pin(TILL, OP, "0000")
    guarded.service.type_pin(TILL, OP, GUEST_PIN)
    rung_up(guarded, op_id="op-till-00000002")
    assert tapped(guarded).pin_left == 3


def test_digits_are_in_no_file_and_no_event(guarded: House) -> None:
    rung_up(guarded)
    tapped(guarded)
    guarded.service.type_pin(TILL, OP, "83746152")
    guarded.service.type_pin(TILL, OP, GUEST_PIN)
    files = [path.read_bytes() for path in guarded.folder.iterdir() if path.is_file()]
    assert not any(digits in content for content in files for digits in (b"83746152", GUEST_PIN.encode()))


def test_a_pin_comes_too_late_for_a_tap_of_long_ago(guarded: House) -> None:
    rung_up(guarded)
    tapped(guarded)
    guarded.hands.forward(s=61)
    with pytest.raises(Refused, match="No band waits"):
        guarded.service.type_pin(TILL, OP, GUEST_PIN)
