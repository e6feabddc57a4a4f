"""A guest calls somebody: staff hear at once, silence goes up once, and the guest reads who comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.events import Kind
from edge.errors import Unknown
from edge.views import HelpCall
from tests.service.house import House, an_edge

LATE_S = 31


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        yield made


def told(house: House) -> dict[str, list[HelpCall]]:
    """What each topic was told since the last look."""
    found: dict[str, list[HelpCall]] = {}
    while (event := house.heard.get(0)) is not None:
        if isinstance(event.body, HelpCall):
            found.setdefault(event.topic, []).append(event.body)
    return found


def test_staff_and_the_kiosk_hear_of_a_call_before_it_returns(house: House) -> None:
    call = house.service.call_help("kiosk", "op-1")
    heard = told(house)
    assert {topic: [one.id for one in calls] for topic, calls in heard.items()} == {
        topic: [call.id] for topic in ("kiosk-kiosk", "staff-kiosk", "help")
    }


def test_thirty_silent_seconds_go_up_to_supervisor_and_ops_once(house: House) -> None:
    house.service.call_help("kiosk", "op-1")
    told(house)
    house.hands.forward(s=LATE_S - 2)
    house.service._help.escalate()
    assert told(house) == {}
    house.hands.forward(s=2)
    house.service._help.escalate()
    heard = told(house)
    assert set(heard) == {"kiosk-kiosk", "staff-kiosk", "help", "ops"}
    assert all(one.escalated for calls in heard.values() for one in calls)
    house.service._help.escalate()
    assert told(house) == {}


def test_who_comes_is_known_to_the_journal_and_ends_the_call(house: House) -> None:
    call = house.service.call_help("kiosk", "op-1")
    house.hands.forward(s=LATE_S)
    answered = house.service.acknowledge_help(house.session("gate"), call.id)
    house.service._help.escalate()
    assert (answered.staff, answered.acknowledged_ms, answered.escalated) == (
        "anna", house.clock.now_ms(), False,
    )  # fmt: skip
    (acted,) = house.acted(Kind.HELP_ACKNOWLEDGED)
    assert (acted.staff, acted.target, acted.amount) == ("anna", call.id, LATE_S * 1_000)


def test_pressed_twice_it_is_one_call_and_an_unknown_one_is_nobodys(house: House) -> None:
    first, second = (house.service.call_help("kiosk", op) for op in ("op-1", "op-2"))
    assert first.id == second.id
    with pytest.raises(Unknown):
        house.service.acknowledge_help(house.session("gate"), "nothing")
