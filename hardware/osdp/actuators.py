"""The outputs, lamps and sounder of a door reader as a gate and a light."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from typing import Any

import osdp_sys

from hardware.osdp.bus import Door, door_at
from hardware.osdp.settings import door_settings
from hardware.passages import PassageWatch, must_be_journaled
from hardware.port import DeviceError, Gate, Light, PassageSink, Signal
from hardware.signals import BEEPS, LAMPS

Setting = str | int | float | bool

PULSE_MS = 300
_TICK_MS = 100
"""OSDP counts time in tenths of a second."""
_ON_FOR_A_WHILE = 5
"""Output control code: on, and back to its lasting state when the time is over (OSDP 2.2, osdp_OUT)."""
_LED_NOW, _SOUND = 2, 2
_COLOURS = {
    "green": osdp_sys.LED_COLOR_GREEN,
    "amber": osdp_sys.LED_COLOR_AMBER,
    "blue": osdp_sys.LED_COLOR_BLUE,
    "white": osdp_sys.LED_COLOR_WHITE,
}
_LONGEST = 0xFFFF


def _ticks(seconds: float) -> int:
    """Count tenths of a second, at least one."""
    return min(_LONGEST, max(1, round(1000 * seconds / _TICK_MS)))


class OsdpGate:
    """A door or turnstile on an output of a door reader: the relay is on the safe side, behind the cipher."""

    def __init__(self, name: str, door: Door, settings: Mapping[str, Setting], *, sink: PassageSink) -> None:
        """Pulse ``output``; if configured, hear who passed by ``passed_input``."""
        self._door = door
        self._output = int(settings.get("output", 0))
        self._pulse_s = max(_TICK_MS, int(settings.get("pulse_ms", PULSE_MS))) / 1000
        self._input = int(settings["passed_input"]) if "passed_input" in settings else None
        self._watch: PassageWatch | None = None
        self._closing = threading.Event()
        self._listener: threading.Thread | None = None
        if self._input is not None:
            self._watch = PassageWatch(name, float(settings.get("pass_s_max", 6)), sink)
            self._listener = threading.Thread(target=self._listen, name=f"osdp-passed-{name}", daemon=True)
            self._listener.start()
        door.bus.hold()

    def open(self, opening: str, seq: int, people: int = 1) -> None:
        """Pulse once a person; raises ``DeviceError`` where the channel is down: nothing opens later."""
        must_be_journaled(seq)
        for person in range(people):
            self._door.send(
                {
                    "command": osdp_sys.CMD_OUTPUT,
                    "output_no": self._output,
                    "control_code": _ON_FOR_A_WHILE,
                    "timer_count": _ticks(self._pulse_s),
                },
                after_s=2 * self._pulse_s * person,
            )
        if self._watch is not None:
            self._watch.opened(opening, people)

    def close(self) -> None:
        """Let the line go; openings still waiting are reported as not passed."""
        self._closing.set()
        if self._listener is not None:
            self._listener.join(timeout=1)
        if self._watch is not None:
            self._watch.close()
        self._door.bus.release()

    def _listen(self) -> None:
        """Count each closing of the "passed" contact."""
        closed = False
        while not self._closing.is_set():
            try:
                report = self._door.inputs.get(timeout=0.1)
            except queue.Empty:
                continue
            place = self._input or 0
            now = place < len(report) and bool(report[place])
            if now and not closed and self._watch is not None:
                self._watch.passed()
            closed = now


class OsdpLight:
    """The lamp and sounder of a door reader."""

    def __init__(self, door: Door) -> None:
        """Light the first lamp of ``door``."""
        self._door = door
        door.bus.hold()

    def show(self, signal: Signal, hold_s: float) -> None:
        """Light the signal's colour for ``hold_s`` seconds and sound its rhythm; see ``port.Light``."""
        self._door.say(lambda left_s: _said(signal, left_s), hold_s)

    def close(self) -> None:
        """Let the line go."""
        self._door.bus.release()


def _said(signal: Signal, hold_s: float) -> list[dict[str, Any]]:
    """Return what lights a signal's colour for ``hold_s`` seconds and sounds its rhythm."""
    lamp = {
        "command": osdp_sys.CMD_LED,
        "reader": 0,
        "led_number": 0,
        "temporary": True,
        "control_code": _LED_NOW,
        "on_count": 1,
        "off_count": 0,
        "on_color": _COLOURS.get(LAMPS.get(signal, ""), osdp_sys.LED_COLOR_NONE),
        "off_color": osdp_sys.LED_COLOR_NONE,
        "timer_count": _ticks(hold_s),
    }
    if signal not in BEEPS:
        return [lamp]
    on_s, off_s, times = BEEPS[signal]
    sound = {
        "command": osdp_sys.CMD_BUZZER,
        "reader": 0,
        "control_code": _SOUND,
        "on_count": _ticks(on_s),
        "off_count": _ticks(off_s),
        "rep_count": times,
    }
    return [lamp, sound]


def build_gate(name: str, settings: Mapping[str, Setting], sink: PassageSink) -> Gate:
    """Make the gate ``name`` of the configuration; raises ``DeviceError`` where a setting is wrong."""
    more = ("output", "pulse_ms", "passed_input", "pass_s_max")
    try:
        door = door_at(door_settings(f"gate {name!r}", settings, more=more))
        return OsdpGate(name, door, settings, sink=sink)
    except (TypeError, ValueError) as error:
        raise DeviceError(str(error), "mend the gate's settings in the configuration") from error


def build_light(name: str, settings: Mapping[str, Setting]) -> Light:
    """Make the light ``name`` of the configuration; raises ``DeviceError`` where a setting is wrong."""
    try:
        return OsdpLight(door_at(door_settings(f"light {name!r}", settings)))
    except ValueError as error:
        raise DeviceError(str(error), "mend the light's settings in the configuration") from error
