"""A private bus with BlueZ's stand-in on it, and the real bleak that listens there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from hardware.ble.frames import POLSO, BandFrame, Frame, band_payload
from hardware.ble.scanner import Mode, Receiver, Scanner
from hardware.port import DeviceState, Sighting, State
from hardware.virtual.radio import Advert, Radio, private_bus

UP_S_MAX = 10.0
STRANGER = bytes.fromhex("0201061aff4c0002154142434445464748494041424344454600010002f8")


def whose(frame: Frame) -> bytes | None:
    """Bands whose identity begins with a zero are expected here."""
    return frame.eid * 2 if isinstance(frame, BandFrame) and frame.eid[0] == 0 else None


def a_band(number: int, counter: int = 0, *, rssi: int = -60) -> Advert:
    """One advertisement of a band, from an address of its own."""
    payload = band_payload(BandFrame(number.to_bytes(8, "big"), -60, counter, 3))
    octets = bytes([len(payload) + 17, 0x21]) + UUID(POLSO).bytes[::-1] + payload
    return Advert(address(number), octets, rssi)


def address(number: int) -> str:
    """A random static address (Core Specification, Vol. 6 Part B, 1.3.2.1)."""
    return ":".join(f"{octet:02X}" for octet in (0xC0 << 40 | number % 2**40).to_bytes(6, "big"))


class Room:
    """A radio, a scanner that listens by it, and what it said."""

    def __init__(self, radio: Radio) -> None:
        self.radio = radio
        self.heard: list[Sighting] = []
        self.states: list[DeviceState] = []
        self.scanner: Scanner | None = None

    def listen(self, mode: Mode = Mode.PRECISE, *, hears: State | None = None, **told: object) -> None:
        """Have the real bleak listen; returns when it does, or ``hears`` as told."""
        receiver = Receiver("kiosk-1", mode=mode, **told)  # type: ignore[arg-type]  # each test knows its own
        self.scanner = Scanner([receiver], whose, hear=self.heard.append, tell=self.states.append)
        self.scanner.start()
        self.until(lambda: self.state in ((State.IDLE, State.DEGRADED) if hears is None else (hears,)))

    @property
    def state(self) -> State | None:
        """What was said last."""
        return self.states[-1].state if self.states else None

    def send(self, *adverts: Advert) -> list[Sighting]:
        """Have these arrive; return what was heard of them. A last band says when all are through."""
        self.heard.clear()
        self.radio.hear(*adverts)
        last = a_band(1, int(time.monotonic_ns() % 256))._replace(
            address=address(time.monotonic_ns() % 2**32)
        )
        self.radio.hear(last)
        self.until(lambda: any(one.id == whose_number(1) for one in self.heard))
        return [one for one in self.heard if one.id != whose_number(1)]

    def until(self, holds: Callable[[], object], within_s: float = UP_S_MAX) -> None:
        """Wait for a condition."""
        ends = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < ends, f"not within {within_s} s; states {self.states}"
            time.sleep(0.02)


def whose_number(number: int) -> bytes:
    """The id of a band that is expected."""
    return number.to_bytes(8, "big") * 2


@pytest.fixture(scope="session")
def bus() -> Iterator[str]:
    """One message bus for all."""
    with private_bus() as running:
        yield running


@pytest.fixture
def room(bus: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A radio that is on and a scanner that does not listen yet."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
    radio = Radio(bus)
    radio.start()
    made = Room(radio)
    yield made
    if made.scanner is not None:
        made.scanner.stop()
    radio.close()
