"""An order without a band: fetched by its code and its guest's name, once, and no code is guessed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.orders import Ordered, OrderMoved, OrderState
from edge.core.pins import PAUSE_S_MIN, TRIES_MAX
from edge.errors import NotAllowed, Refused
from edge.service.near.pickups import HandedOver, Said, TooOften, WrongCode
from edge.staff import Session
from tests.service.house import House, an_edge
from tests.service.test_near import at_the_kiosk, ready

WRONG = Said("000000", "Giulia")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        yield made


def carla(house: House) -> Session:
    return house.session("till", point="till", staff="carla")


def code_of(house: House) -> str:
    """What the guest reads at the kiosk."""
    (order,) = house.service.near.view(at_the_kiosk(house), "kiosk").orders
    return order.code


def give(house: House, said: Said, *lines: Ordered) -> str:
    return house.service.near.hand_over_by_code(carla(house), "o-1", said, lines=lines).state


def test_code_and_name_fetch_an_order_that_nobodys_band_was_held_for(house: House) -> None:
    ready(house)
    code = code_of(house)
    (listed,) = house.service.near.orders(carla(house), "till").orders
    assert (len(code), listed.code) == (6, "")
    assert give(house, Said(code, " giulia")) == "handed_over"
    (event,) = house.events(Kind.ORDER_MOVED)
    said = msgspec.msgpack.decode(event.body, type=OrderMoved)
    assert (said.state, said.staff, said.by_code, said.tap_id) == (
        OrderState.HANDED_OVER, "carla", True, "",
    )  # fmt: skip


def test_neither_alone_is_enough_and_both_are_this_orders_own(house: House) -> None:
    ready(house)
    code = code_of(house)
    for said in (Said(code, "Anna"), Said(code, "-"), WRONG):
        with pytest.raises(WrongCode):
            give(house, said)
    ready(house, id="o-2")
    with pytest.raises(WrongCode):
        house.service.near.hand_over_by_code(carla(house), "o-2", Said(code, "Giulia"))
    refused = house.acted(Kind.ATTEMPT_REFUSED)
    assert {(one.staff, one.reason) for one in refused} == {("carla", "wrong_code")}
    with pytest.raises(NotAllowed):
        house.service.near.hand_over_by_code(house.session("gate"), "o-1", Said(code, "Giulia"))
    ready(house, device="edge-2")
    with pytest.raises(Refused, match="Another device"):
        give(house, Said(code, "Giulia"))


def test_wrong_codes_bring_pauses_that_grow_and_the_right_one_waits_them_out(house: House) -> None:
    ready(house)
    right = Said(code_of(house), "Giulia")
    for rounds in (1, 2):
        for _ in range(TRIES_MAX):
            with pytest.raises(WrongCode):
                give(house, WRONG)
        house.hands.forward(s=PAUSE_S_MIN * rounds - 1)
        with pytest.raises(TooOften):
            give(house, right)
        house.hands.forward(s=1)
    assert give(house, right) == "handed_over"


def test_some_of_it_goes_by_code_and_the_rest_waits(house: House) -> None:
    ready(house, lines=(Ordered(article="cup", quantity=2), Ordered(article="hat")))
    said = Said(code_of(house), "GIULIA")
    assert give(house, said, Ordered(article="hat")) == "ready"
    with pytest.raises(HandedOver):
        give(house, said, Ordered(article="hat"))
    assert give(house, said) == "handed_over"


def test_of_a_band_and_a_code_that_race_one_gets_it(house: House) -> None:
    ready(house)
    said = Said(code_of(house), "Giulia")
    tap = house.service.present(house.tap(reader="reader-till")).tap_id
    started, done = threading.Barrier(2), list[str]()

    def hand(by_code: bool) -> None:
        started.wait()
        try:
            who = carla(house)
            near = house.service.near
            view = near.hand_over_by_code(who, "o-1", said) if by_code else near.hand_over(who, "o-1", tap)
            done.append(view.state)
        except HandedOver as error:
            done.append(type(error).__name__)

    tills = [threading.Thread(target=hand, args=(by_code,)) for by_code in (True, False)]
    for till in tills:
        till.start()
    for till in tills:
        till.join()
    assert sorted(done) == ["HandedOver", "handed_over"]
    assert len(house.events(Kind.ORDER_MOVED)) == 1
