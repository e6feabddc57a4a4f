"""A gate and a light on the device's own pins: relay pulse, "passed" contact, lamps and buzzer."""

from __future__ import annotations

from collections.abc import Mapping

import gpiozero

from hardware.passages import PassageWatch, must_be_journaled
from hardware.port import DeviceError, Gate, Light, PassageSink, Signal
from hardware.signals import BEEPS, LAMPS

Setting = str | int | float | bool

PULSE_MS = 300
"""Length of the pulse on a turnstile's open input, unless configured otherwise."""


def _pin(settings: Mapping[str, Setting], key: str) -> int:
    try:
        return int(settings[key])
    except (KeyError, ValueError) as cause:
        raise DeviceError(
            f"gate: setting {key!r} is missing or not a pin number",
            hint=f"give the BCM number of the pin as {key} = 17",
        ) from cause


class GpioGate:
    """A turnstile or door behind a relay; ``passed_pin`` is its feedback contact, if it has one."""

    def __init__(self, name: str, settings: Mapping[str, Setting], sink: PassageSink) -> None:
        """Take the pins ``open_pin`` and, if configured, ``passed_pin`` (BCM numbers)."""
        self._pulse_s = float(settings.get("pulse_ms", PULSE_MS)) / 1000
        self._relay = gpiozero.DigitalOutputDevice(
            _pin(settings, "open_pin"), active_high=bool(settings.get("active_high", True))
        )
        self._contact = None
        self._watch = None
        if "passed_pin" in settings:
            self._watch = PassageWatch(name, float(settings.get("pass_s_max", 6)), sink)
            self._contact = gpiozero.Button(_pin(settings, "passed_pin"), bounce_time=None)
            self._contact.when_pressed = self._watch.passed

    def open(self, opening: str, seq: int, people: int = 1) -> None:
        """Pulse the relay once a person, in the background; see ``port.Gate``."""
        must_be_journaled(seq)
        if self._watch is not None:
            self._watch.opened(opening, people)
        self._relay.blink(on_time=self._pulse_s, off_time=self._pulse_s, n=people, background=True)

    def close(self) -> None:
        """Let the relay fall and give the pins back."""
        if self._watch is not None:
            self._watch.close()
        if self._contact is not None:
            self._contact.close()
        self._relay.close()


class GpioLight:
    """Lamps named ``green_pin amber_pin blue_pin white_pin`` and an optional ``buzzer_pin``."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        """Take the configured pins; a lamp that is not there is simply not lit."""
        self._lamps = {
            colour: gpiozero.DigitalOutputDevice(_pin(settings, f"{colour}_pin"))
            for colour in ("green", "amber", "blue", "white")
            if f"{colour}_pin" in settings
        }
        self._buzzer = (
            gpiozero.DigitalOutputDevice(_pin(settings, "buzzer_pin")) if "buzzer_pin" in settings else None
        )

    def show(self, signal: Signal, hold_s: float) -> None:
        """Light the signal's lamp for ``hold_s`` seconds and sound its rhythm; see ``port.Light``."""
        lit = LAMPS.get(signal)
        for colour, lamp in self._lamps.items():
            if colour == lit:
                lamp.blink(on_time=hold_s, off_time=0, n=1, background=True)
            else:
                lamp.off()
        if self._buzzer is not None and signal in BEEPS:
            on_s, off_s, times = BEEPS[signal]
            self._buzzer.blink(on_time=on_s, off_time=off_s, n=times, background=True)

    def close(self) -> None:
        """Switch everything off and give the pins back."""
        for lamp in self._lamps.values():
            lamp.close()
        if self._buzzer is not None:
            self._buzzer.close()


def build_gate(name: str, settings: Mapping[str, Setting], sink: PassageSink) -> Gate:
    """Make the gate ``name`` of the configuration; pins already taken raise ``DeviceError``."""
    try:
        return GpioGate(name, settings, sink)
    except gpiozero.GPIOZeroError as cause:
        raise DeviceError(f"gate {name}: {cause}", hint="check the pin numbers and the gpio group") from cause


def build_light(settings: Mapping[str, Setting]) -> Light:
    """Make a light of the configuration; pins already taken raise ``DeviceError``."""
    try:
        return GpioLight(settings)
    except gpiozero.GPIOZeroError as cause:
        raise DeviceError(f"light: {cause}", hint="check the pin numbers and the gpio group") from cause
