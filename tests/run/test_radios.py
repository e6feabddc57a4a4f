"""Radios of a device: whose sightings are told, what ends in memory, and that their trouble stays theirs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from edge.config import parse
from edge.core.presence import Heard
from edge.errors import StoreError
from edge.run.radios import SIGHTINGS_MAX, Ears, Radios
from hardware.ble.beacons import octets_of
from hardware.ble.frames import BandFrame
from hardware.port import DeviceState, State
from hardware.virtual.radio import Advert, Radio, private_bus
from tests.hardware.ble.conftest import STRANGER, a_band, address

pytestmark = [pytest.mark.real("dbus-daemon"), pytest.mark.timeout(60)]

EAR = '[[radios]]\nname = "ear"\npoint = "kiosk-1"\n'
OWN = UUID("11111111-2222-3333-4444-555555555555")
STOP_S_MAX = 2.0


def ibeacon(uuid: UUID, major: int, minor: int) -> Advert:
    """One advertisement of a beacon as others make it, beside the flags that it sends."""
    data = b"\x4c\x00\x02\x15" + uuid.bytes + major.to_bytes(2, "big") + minor.to_bytes(2, "big") + b"\xc5"
    return Advert(address(major << 16 | minor), b"\x02\x01\x06" + bytes([len(data) + 1, 0xFF]) + data, -55)


class House:
    """A device's radios on a bus of their own, and what came out of them."""

    def __init__(self, bus: str) -> None:
        self.air = Radio(bus)
        self.air.start()
        self.heard: list[Heard] = []
        self.asked: list[bytes] = []
        self.states: list[DeviceState] = []
        self.hear: Callable[[Heard], None] = self.heard.append
        self.radios: Radios | None = None
        self.broken: Exception | None = None

    def whose(self, eid: bytes) -> bytes | None:
        """Bands whose identity begins with a zero are guests of ours."""
        if self.broken is not None:
            raise self.broken
        return eid * 2 if eid[0] == 0 else None

    def worn(self, beacon: bytes) -> bytes | None:
        self.asked.append(beacon)
        return beacon[-16:] if beacon[-1] != 9 else None

    def listen(self, text: str = EAR) -> Radios:
        ears = Ears(
            whose=self.whose,
            worn=self.worn,
            hear=lambda one: self.hear(one),
            tell=self.states.append,
        )
        self.radios = Radios(parse(text, "test").radios, ears)
        self.radios.start()
        until(lambda: self.states and self.states[-1].state is State.IDLE)
        return self.radios


def until(holds: Callable[[], object], within_s: float = 10.0) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with private_bus() as bus:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
        made = House(bus)
        yield made
        if made.radios is not None:
            made.radios.stop()
        made.air.close()


def test_band_of_a_guest_is_told_by_its_id_and_strangers_leave_nothing(house: House) -> None:
    radios = house.listen()
    house.air.hear(Advert(address(9), STRANGER, -50), a_band(2**63 + 5), a_band(7, rssi=-61))
    until(lambda: house.heard)

    (one,) = house.heard
    assert (one.receiver, one.rssi, one.band) == ("ear", -61, (7).to_bytes(8, "big") * 2)
    assert house.asked == [], "a stranger's beacon is not even asked about"
    assert (radios.counts().heard, radios.counts().dropped) == (1, 0)


def test_beacons_of_other_makes_are_heard_where_their_family_is_named(house: House) -> None:
    house.listen(EAR + f'beacons = ["ibeacon:{OWN}"]\n')
    house.air.hear(ibeacon(UUID(int=5), 1, 1), ibeacon(OWN, 1, 9), ibeacon(OWN, 1, 2))
    until(lambda: house.heard)

    assert house.asked == [octets_of(f"ibeacon:{OWN}/1/9"), octets_of(f"ibeacon:{OWN}/1/2")]
    assert [one.band for one in house.heard] == [octets_of(f"ibeacon:{OWN}/1/2")[-16:]]


def test_band_of_another_maker_is_told_by_its_changing_identity(house: House) -> None:
    """As `polso band radio --beacon` registers it: an Eddystone-EID frame beside the flags that it sends."""
    house.listen(EAR + f'beacons = ["ibeacon:{OWN}"]\n')
    identity = (7).to_bytes(8, "big")
    for at, said in ((1, b"\xff" * 8), (2, identity)):
        element = b"\xaa\xfe\x30\xee" + said
        octets = b"\x02\x01\x06\x03\x03\xaa\xfe" + bytes([len(element) + 1, 0x16]) + element
        house.air.hear(Advert(address(at), octets, -58))
    until(lambda: house.heard)

    assert [(one.band, one.rssi) for one in house.heard] == [(identity * 2, -58)]


@pytest.mark.parametrize("reference", ["polso:0000000000000005", f"ibeacon:{OWN}/0/5"])
def test_reference_beacon_is_nobody(house: House, reference: str) -> None:
    house.listen(EAR + f'reference = "{reference}"\n')
    house.air.hear(a_band(5) if reference.startswith("polso") else ibeacon(OWN, 0, 5), a_band(7))
    until(lambda: house.heard)

    assert [one.band for one in house.heard] == [(7).to_bytes(8, "big") * 2]
    assert house.asked == []


def test_slow_ear_makes_a_counted_overflow_and_keeps_nobody_waiting(house: House) -> None:
    radios = house.listen()
    gone = threading.Event()
    house.hear = lambda one: (gone.wait(10), house.heard.append(one))[1]
    for count in range(SIGHTINGS_MAX // 10 + 5):  # ten at a time, as a bus can take them
        house.air.hear(*(a_band(7, (10 * count + n) % 256) for n in range(10)))
    until(lambda: radios.counts().dropped >= 40)
    gone.set()
    until(lambda: len(house.heard) == radios.counts().heard)

    assert radios.counts().heard + radios.counts().dropped == SIGHTINGS_MAX + 50


def test_room_that_fails_is_logged_without_a_word_of_whom_and_the_next_is_heard(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.listen()

    def no_sink(one: Heard) -> None:
        raise RuntimeError(f"nobody is {one.band.hex()}")

    with caplog.at_level(logging.WARNING):
        house.broken = StoreError(f"no row for {bytes(7).hex()}07")
        house.air.hear(a_band(7, 1))
        until(lambda: "told apart: StoreError" in caplog.text)
        house.broken = None
        house.hear = no_sink
        house.air.hear(a_band(7, 2))
        until(lambda: "not taken: RuntimeError" in caplog.text)
        house.hear = house.heard.append
        house.air.hear(a_band(7, 3))
        until(lambda: house.heard)

    assert (7).to_bytes(8, "big").hex() not in caplog.text


def test_machine_without_a_bus_is_a_state_and_ends_in_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    states: list[DeviceState] = []
    radios = Radios(parse(EAR, "test").radios, Ears(tell=states.append))
    radios.start()
    until(lambda: states and states[-1].state is State.LOST)
    began = time.monotonic()
    radios.stop()

    assert time.monotonic() - began < STOP_S_MAX
    assert "bluetoothd" in states[-1].reason


def test_library_that_is_missing_is_a_state_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: Radios) -> None:
        raise ImportError("no module named 'bleak'")

    monkeypatch.setattr(Radios, "_listen", missing)
    states: list[DeviceState] = []
    radios = Radios(parse(EAR, "test").radios, Ears(tell=states.append))
    radios.start()
    radios.stop()

    assert [(one.device, one.state) for one in states] == [("ear", State.LOST)]
    assert "bleak" in states[0].reason


def test_nobody_is_noticed_until_somebody_says_who_may_be() -> None:
    assert Ears().whose(BandFrame(bytes(8), -60, 0, 3).eid) is None
    assert Ears().worn(b"i" + bytes(20)) is None
