"""What a signal looks and sounds like on a lamp and a buzzer, whoever drives them."""

from __future__ import annotations

from hardware.port import Signal

LAMPS: dict[Signal, str] = {
    Signal.READING: "white",
    Signal.ALLOW: "green",
    Signal.ATTENTION: "amber",
    Signal.DENY: "blue",
    Signal.WAIT: "blue",
    Signal.AGAIN: "white",
    Signal.OUT_OF_SERVICE: "white",
}
"""Which lamp a signal lights. No red one, on purpose: a refusal tells what to do, never whose fault it is."""

BEEPS: dict[Signal, tuple[float, float, int]] = {
    Signal.ALLOW: (0.08, 0.06, 2),
    Signal.ATTENTION: (0.15, 0.0, 1),
    Signal.WAIT: (0.2, 0.15, 2),
    Signal.DENY: (0.45, 0.0, 1),
    Signal.AGAIN: (0.03, 0.0, 1),
}
"""Seconds on, seconds off, times: told apart by rhythm alone."""
