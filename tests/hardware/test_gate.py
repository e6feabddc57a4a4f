"""The relay gate, its light and the virtual ones, held to the same promises."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from hardware.gate import build_gate, build_light
from hardware.passages import OPENINGS_MAX, Openings
from hardware.port import DeviceError, Passage, Signal
from hardware.signals import LAMPS
from hardware.virtual.gate import VirtualGate, VirtualLight

SECOND_NS = 1_000_000_000


class Passages:
    """Collects passages and waits for them by condition, never by time."""

    def __init__(self) -> None:
        self.all: list[Passage] = []
        self._came = threading.Condition()

    def __call__(self, passage: Passage) -> None:
        with self._came:
            self.all.append(passage)
            self._came.notify_all()

    def wait(self, count: int, within_s: float = 3.0) -> list[Passage]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.all) >= count, within_s), f"only {self.all}"
            return list(self.all)


def until(true: Callable[[], bool], within_s: float = 2.0) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.005)
    return False


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    before = gpiozero.Device.pin_factory
    factory = MockFactory()
    gpiozero.Device.pin_factory = factory
    yield factory
    factory.close()
    gpiozero.Device.pin_factory = before


def test_gate_pulses_once_and_reports_the_passage(pins: MockFactory) -> None:
    passages = Passages()
    gate = build_gate("gate-1", {"open_pin": 17, "passed_pin": 27, "pulse_ms": 20}, passages)
    relay, contact = pins.pin(17), pins.pin(27)
    relay.clear_states()
    gate.open("gate-1:00000000:1", 7)
    assert until(lambda: [state.state for state in relay.states] == [False, True, False])
    contact.drive_low()
    contact.drive_high()
    (passage,) = passages.wait(1)
    assert (passage.gate, passage.opening, passage.passed, passage.people) == (
        "gate-1",
        "gate-1:00000000:1",
        True,
        1,
    )
    gate.close()


def test_gate_opens_as_often_as_people_were_let_in(pins: MockFactory) -> None:
    gate = build_gate("gate-1", {"open_pin": 17, "pulse_ms": 10}, Passages())
    relay = pins.pin(17)
    relay.clear_states()
    gate.open("t", 1, people=3)
    assert until(lambda: sum(state.state for state in relay.states) == 3 and not relay.state)
    gate.close()


def test_gate_returns_at_once(pins: MockFactory) -> None:
    gate = build_gate("gate-1", {"open_pin": 17, "pulse_ms": 500}, Passages())
    before = time.monotonic()
    gate.open("t", 1)
    assert time.monotonic() - before < 0.25
    gate.close()


@pytest.mark.parametrize("seq", [0, -1])
def test_gate_refuses_a_decision_without_a_journal_number(pins: MockFactory, seq: int) -> None:
    gate = build_gate("gate-1", {"open_pin": 17}, Passages())
    virtual = VirtualGate("gate-2", Passages())
    relay = pins.pin(17)
    relay.clear_states()
    for one in (gate, virtual):
        with pytest.raises(ValueError, match="journal number"):
            one.open("t", seq)
        one.close()
    assert not any(state.state for state in relay.states)
    assert not virtual.opened


def test_opening_that_nobody_uses_is_reported_as_not_passed(pins: MockFactory) -> None:
    passages = Passages()
    gate = build_gate("gate-1", {"open_pin": 17, "passed_pin": 27, "pass_s_max": "0.05"}, passages)
    gate.open("t", 1)
    (passage,) = passages.wait(1)
    assert not passage.passed
    assert passage.people == 0
    gate.close()


def test_closing_reports_openings_that_still_wait(pins: MockFactory) -> None:
    passages = Passages()
    gate = build_gate("gate-1", {"open_pin": 17, "passed_pin": 27}, passages)
    gate.open("a", 1)
    gate.open("b", 2)
    gate.close()
    assert [(one.opening, one.passed) for one in passages.wait(2)] == [("a", False), ("b", False)]


@pytest.mark.parametrize(("settings", "named"), [({}, "open_pin"), ({"open_pin": "x"}, "open_pin")])
def test_missing_pin_is_named_with_what_to_do(
    pins: MockFactory, settings: dict[str, str], named: str
) -> None:
    with pytest.raises(DeviceError, match=named) as error:
        build_gate("gate-1", settings, Passages())
    assert "open_pin = 17" in error.value.hint


def test_pin_that_is_taken_is_named(pins: MockFactory) -> None:
    first = build_gate("gate-1", {"open_pin": 17}, Passages())
    with pytest.raises(DeviceError, match="gate-2"):
        build_gate("gate-2", {"open_pin": 17}, Passages())
    first.close()


@pytest.mark.parametrize("signal", [one for one in Signal if one in LAMPS])
def test_light_shows_exactly_the_lamp_of_its_signal(pins: MockFactory, signal: Signal) -> None:
    numbers = {"green": 1, "amber": 2, "blue": 3, "white": 4}
    light = build_light({f"{colour}_pin": number for colour, number in numbers.items()} | {"buzzer_pin": 5})
    light.show(Signal.ALLOW, 5)
    light.show(signal, 5)
    assert until(lambda: [c for c, n in numbers.items() if pins.pin(n).state] == [LAMPS[signal]])
    light.close()  # type: ignore[attr-defined] # the port has no close: a light is never given back in a shift


def test_no_lamp_is_red() -> None:
    assert set(LAMPS.values()) == {"green", "amber", "blue", "white"}


def test_virtual_light_goes_dark_by_itself() -> None:
    light = VirtualLight()
    light.show(Signal.ALLOW, 0.03)
    assert light.signal is Signal.ALLOW
    assert until(lambda: light.signal is Signal.OFF)


def test_virtual_gate_waits_for_a_walk_when_told_so() -> None:
    passages = Passages()
    gate = VirtualGate("gate-1", passages, always=False)
    gate.open("t", 3, people=2)
    gate.walk()
    assert not passages.all
    gate.walk()
    assert passages.wait(1)[0].people == 2
    gate.close()


def test_party_that_only_half_passes_is_counted() -> None:
    openings = Openings("g", 1.0)
    openings.opened("t", 3, 0)
    assert openings.passed(1) == []
    assert openings.expired(3 * SECOND_NS - 1) == []
    (passage,) = openings.expired(3 * SECOND_NS)
    assert (passage.passed, passage.people) == (True, 1)


def test_contact_without_an_opening_changes_nothing() -> None:
    openings = Openings("g", 1.0)
    assert openings.passed(0) == []
    openings.opened("t", 1, 0)
    assert openings.next_ns() == SECOND_NS


def test_openings_are_bounded_and_none_is_forgotten() -> None:
    openings = Openings("g", 1.0)
    dropped = [
        passage.opening
        for number in range(OPENINGS_MAX + 3)
        for passage in openings.opened(str(number), 1, number)
    ]
    assert dropped == ["0", "1", "2"]
    assert len(openings.drained(0)) == OPENINGS_MAX
