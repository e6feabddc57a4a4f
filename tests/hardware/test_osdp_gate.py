"""Outputs, contacts, lamps and sounder of a door reader: only while its encrypted channel is up."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hardware import osdp
from hardware.osdp.settings import door_settings
from hardware.port import DeviceError, Gate, Light, Passage, Reader, Signal
from tests.hardware.osdp_bench import CARD, OTHER_KEY, a_key_file, commands, no_keys, until

if TYPE_CHECKING:  # needs what a bare machine lacks; there the tests are skipped before their fixtures
    from hardware.virtual.door import VirtualDoor

libosdp = pytest.mark.real("libosdp")


class Kept:
    """Takes passages."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []

    def __call__(self, passage: Passage) -> None:
        self.passages.append(passage)


@libosdp
def test_a_line_that_has_just_begun_is_said_to_be_no_stranger(settings: dict[str, Any]) -> None:
    from hardware.osdp.actuators import build_gate

    gate = build_gate("turnstile", settings | {"output": 1}, Kept())
    with pytest.raises(DeviceError, match="is being reached"):
        gate.open("tap-1", 7)
    until(lambda: obeys(gate))
    gate.close()


@libosdp
def test_a_lamps_newest_word_waits_for_a_line_that_begins_and_no_opening_does(
    door: VirtualDoor, settings: dict[str, Any]
) -> None:
    import osdp_sys

    from hardware.osdp.actuators import build_gate, build_light

    gate, light = build_gate("turnstile", settings, Kept()), build_light("lamp", settings)
    with pytest.raises(DeviceError, match="is being reached"):
        gate.open("tap-1", 7)
    light.show(Signal.DENY, 30.0)
    light.show(Signal.ALLOW, 30.0)
    until(lambda: commands(door, osdp_sys.CMD_LED))
    until(lambda: obeys(gate))
    until(lambda: commands(door, osdp_sys.CMD_OUTPUT))
    light.close()  # type: ignore[attr-defined]  # a light's port has no close; this one holds a line
    gate.close()
    [word] = commands(door, osdp_sys.CMD_LED)
    assert word["on_color"] == osdp_sys.LED_COLOR_GREEN
    assert 0 < word["timer_count"] < 300, "for the rest of its time, in tenths of a second"
    assert len(commands(door, osdp_sys.CMD_OUTPUT)) == 1


@libosdp
def test_a_lamps_word_that_is_over_is_not_said_when_the_line_comes(
    door: VirtualDoor, settings: dict[str, Any]
) -> None:
    import osdp_sys

    from hardware.osdp.actuators import build_light

    light = build_light("lamp", settings)
    light.show(Signal.ALLOW, 0.0)
    until(lambda: says(light, Signal.DENY))
    until(lambda: commands(door, osdp_sys.CMD_LED))
    light.close()  # type: ignore[attr-defined]  # as above
    assert osdp_sys.LED_COLOR_GREEN not in {one["on_color"] for one in commands(door, osdp_sys.CMD_LED)}


@libosdp
def test_a_lamps_word_that_was_refused_is_not_said_later(settings: dict[str, Any]) -> None:
    from hardware.osdp.bus import Bus, Door

    door = Door(door_settings("door", settings), Bus("nowhere"))
    with pytest.raises(DeviceError, match="does not answer"):
        door.say(lambda left_s: [{"says": left_s}], 30.0)
    door.came_up()
    assert door.take_due(time.monotonic_ns()) is None


@libosdp
@pytest.mark.parametrize("obeyed", [True, False])
def test_a_line_that_is_begun_anew_begins_where_its_door_had_obeyed(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, obeyed: bool
) -> None:
    from hardware.osdp import bus as lines

    bus = lines.Bus("nowhere")
    door = bus.door(door_settings("door", settings))

    def fails(line: object, doors: list[lines.Door]) -> None:
        if obeyed:
            door.secure.set()
        bus._thread = None

    monkeypatch.setattr(lines, "Line", lambda port, baud: io.BytesIO())
    monkeypatch.setattr(bus, "_serve", fails)
    bus._thread = threading.current_thread()
    bus._run()
    assert not door.secure.is_set()
    assert door.begins() is obeyed


def says(light: Light, signal: Signal) -> bool:
    """Whether the line of a lamp is up, so that it says something at once."""
    up: bool = light._door.secure.is_set()  # type: ignore[attr-defined]  # of this light alone
    if up:
        light.show(signal, 1.5)
    return up


def obeys(gate: Gate) -> bool:
    try:
        gate.open("tap-2", 8)
    except DeviceError:
        return False
    return True


@libosdp
def test_gate_pulses_once_a_person_and_hears_who_passed(
    door_reader: Reader, door: VirtualDoor, settings: dict[str, Any]
) -> None:
    import osdp_sys

    from hardware.osdp.actuators import build_gate

    kept = Kept()
    gate = build_gate("turnstile", settings | {"output": 1, "pulse_ms": 100, "passed_input": 2}, kept)
    door_reader.open()

    began = time.monotonic()
    gate.open("tap-1", 7, people=2)
    call_s = time.monotonic() - began
    until(lambda: len(commands(door, osdp_sys.CMD_OUTPUT)) == 1)
    pulse_s = time.monotonic() - began
    until(lambda: len(commands(door, osdp_sys.CMD_OUTPUT)) == 2)
    for closed in (True, False, True, False):
        door.contact(2, closed=closed)
    until(lambda: kept.passages)
    gate.close()

    first = commands(door, osdp_sys.CMD_OUTPUT)[0]
    assert (first["output_no"], first["control_code"], first["timer_count"]) == (1, 5, 1)
    assert [(one.opening, one.passed, one.people) for one in kept.passages] == [("tap-1", True, 2)]
    print(
        f"osdp: gate.open returns in {1000 * call_s:.1f} ms, the relay hears it after {1000 * pulse_s:.0f} ms"
    )
    assert call_s < 0.05


@libosdp
def test_gate_does_not_open_without_a_journal_number(settings: dict[str, Any], door: VirtualDoor) -> None:
    from hardware.osdp.actuators import build_gate

    gate = build_gate("turnstile", settings, Kept())
    with pytest.raises(ValueError, match="committed"):
        gate.open("tap-1", 0)
    gate.close()


@libosdp
def test_gate_on_a_dead_line_says_so_and_never_opens_later(
    door_reader: Reader, door: VirtualDoor, settings: dict[str, Any]
) -> None:
    import osdp_sys

    from hardware.osdp.actuators import build_gate

    gate = build_gate("turnstile", settings, Kept())
    door_reader.open()
    door.listens = False
    gate.open("tap-1", 7)
    until(lambda: _refuses(lambda: gate.open("tap-2", 8)))
    door.listens = True
    door_reader.close()
    door_reader.open()
    door.present(CARD)
    until(lambda: door_reader.read(time.monotonic_ns() + 100_000_000))
    gate.close()

    assert not commands(door, osdp_sys.CMD_OUTPUT)


def _refuses(act: Callable[[], None]) -> bool:
    try:
        act()
    except DeviceError:
        return True
    return False


@libosdp
def test_light_shows_colour_and_rhythm_and_never_red(
    door_reader: Reader, door: VirtualDoor, settings: dict[str, Any]
) -> None:
    import osdp_sys

    from hardware.osdp.actuators import build_light

    light = build_light("lamp", settings)
    door_reader.open()
    for signal in Signal:
        light.show(signal, 1.5)
    until(lambda: len(commands(door, osdp_sys.CMD_LED)) == len(Signal))

    shown = commands(door, osdp_sys.CMD_LED)
    assert osdp_sys.LED_COLOR_RED not in {one["on_color"] for one in shown}
    allow = shown[list(Signal).index(Signal.ALLOW)]
    assert (allow["on_color"], allow["timer_count"]) == (osdp_sys.LED_COLOR_GREEN, 15)
    assert commands(door, osdp_sys.CMD_BUZZER)
    light.close()  # type: ignore[attr-defined]  # a light's port has no close; this one holds a line


@libosdp
def test_two_stories_of_one_door_are_refused(settings: dict[str, Any], tmp_path: Path) -> None:
    from hardware.osdp.actuators import build_gate

    first = osdp.build("door", settings, no_keys)
    other = a_key_file(tmp_path / "other.key", OTHER_KEY.hex())
    with pytest.raises(DeviceError, match="told of twice"):
        build_gate("turnstile", settings | {"key_file": str(other)}, Kept())
    with pytest.raises(DeviceError, match="one baud rate"):
        build_gate("turnstile", settings | {"address": 2, "baud": 19200}, Kept())
    first.close()
