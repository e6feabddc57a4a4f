"""The real bleak over a private bus: ours are heard as they are on air, others leave nothing, faults pass."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hardware.ble.scanner import Mode
from hardware.port import State
from hardware.virtual.radio import Advert, Radio, private_bus
from hardware.virtual.radio.bluez import ROOT
from tests.hardware.ble.conftest import STRANGER, Room, a_band, address, whose_number

pytestmark = [pytest.mark.real("dbus-daemon"), pytest.mark.timeout(60)]

BACK_S_MAX = 10.0
LEVELS = [-60, -61, -59, -60, -63, -58]


def test_band_is_heard_at_each_advertisement_with_its_level(room: Room) -> None:
    room.listen()
    heard = room.send(*(a_band(2, count, rssi=rssi) for count, rssi in enumerate(LEVELS)))

    assert [one.rssi for one in heard] == LEVELS
    assert {(one.id, one.receiver, one.power_1m) for one in heard} == {(whose_number(2), "kiosk-1", -60)}
    assert [one.at_ns for one in heard] == sorted(one.at_ns for one in heard)


def test_passive_scan_comes_first_and_the_active_one_asks_for_all(room: Room) -> None:
    room.listen()
    adapter = room.radio.do(lambda bluez: bluez.adapters[f"{ROOT}/hci0"])

    assert adapter.monitors
    assert adapter.filtering is False, "the monitor was there when the active scan began"
    assert [tuple(asked) for asked in adapter.asked.values()] == [(True, True)]


def test_band_that_says_the_same_each_time_is_heard_each_time(room: Room) -> None:
    room.listen()

    assert len(room.send(*(a_band(2, 7, rssi=rssi) for rssi in LEVELS))) == len(LEVELS)


def test_private_radio_hears_bands_by_steps_and_lets_nobody_else_in(room: Room) -> None:
    room.listen(Mode.PRIVACY)
    heard = room.send(*(a_band(2, count, rssi=rssi) for count, rssi in enumerate([*LEVELS, -80])))
    room.send(Advert(address(9), STRANGER, -50))
    devices = room.radio.do(lambda bluez: list(bluez.adapters[f"{ROOT}/hci0"].devices))

    assert [one.rssi for one in heard] == [-60] * len(LEVELS) + [-80]
    assert address(9) not in devices, "bluetoothd itself stopped it"


def test_what_resolves_to_nobody_is_dropped(room: Room) -> None:
    room.listen()

    assert room.send(Advert(address(9), STRANGER, -50), a_band(2**63 + 5)) == []
    assert room.send(a_band(3)._replace(octets=a_band(3).octets[:-1])) == []


def test_change_that_is_no_advertisement_is_no_sighting(room: Room) -> None:
    room.listen()
    room.send(a_band(2))

    assert room.send(a_band(2, rssi=-127)) == []


def test_bluetoothd_that_dies_and_comes_back_is_listened_to_again(room: Room) -> None:
    room.listen()
    room.radio.crash()
    room.until(lambda: room.state is State.LOST)
    assert "bluetoothd" in room.states[-1].reason
    room.radio.start()
    room.until(lambda: room.state is State.IDLE, BACK_S_MAX)

    assert [one.rssi for one in room.send(a_band(2, rssi=-61))] == [-61]


def test_adapter_that_was_off_gives_exact_levels_again(room: Room) -> None:
    room.listen()
    room.radio.do(lambda bluez: bluez.power("hci0", on=False))
    room.until(lambda: room.state is State.LOST)
    room.radio.do(lambda bluez: bluez.power("hci0", on=True))
    room.until(lambda: room.state is State.IDLE, BACK_S_MAX)

    heard = room.send(*(a_band(2, count, rssi=rssi) for count, rssi in enumerate(LEVELS)))
    assert [one.rssi for one in heard] == LEVELS


def test_private_radio_whose_adapter_is_off_does_not_say_that_it_listens(room: Room) -> None:
    room.radio.do(lambda bluez: bluez.power("hci0", on=False))
    room.listen(Mode.PRIVACY, hears=State.LOST)
    assert "switched off" in room.states[-1].reason
    room.radio.do(lambda bluez: bluez.power("hci0", on=True))
    room.until(lambda: room.state is State.IDLE, BACK_S_MAX)

    assert len(room.send(a_band(2))) == 1


@pytest.mark.parametrize("error", ["InProgress", "NotReady", "Failed"])
def test_start_that_is_refused_is_tried_again(room: Room, error: str) -> None:
    room.radio.do(lambda bluez: bluez.fail("StartDiscovery", error, error))
    room.listen()

    assert State.LOST in {one.state for one in room.states}
    assert len(room.send(a_band(2))) == 1


def test_stop_that_is_refused_keeps_nobody(room: Room) -> None:
    room.listen()
    room.radio.do(lambda bluez: bluez.fail("StopDiscovery", "InProgress", "Failed"))
    room.radio.do(lambda bluez: bluez.power("hci0", on=True))  # told as changed: begun anew
    room.until(lambda: room.state is State.IDLE and len(room.states) > 2)

    assert len(room.send(a_band(2))) == 1


def test_daemon_without_monitors_is_listened_to_actively_and_says_what_to_do(
    bus: str, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.radio.do(lambda bluez: monkeypatch.setattr(bluez, "_monitors", False))
    room.listen(Mode.PRIVACY)

    assert room.state is State.DEGRADED
    assert "--experimental" in room.states[-1].reason
    assert len(room.send(a_band(2, 1), a_band(2, 2))) == 2


def test_silent_reference_begins_the_scan_anew_and_its_voice_is_no_sighting(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardware.ble.scanner.REFERENCE_S_MAX", 1.0)
    monkeypatch.setattr("hardware.ble.scanner.CYCLE_S_MAX", 2.0)
    room.listen(reference=whose_number(5))
    assert room.send(a_band(5)) == []
    powers: list[bool] = []
    power = room.radio.bluez.power
    monkeypatch.setattr(
        room.radio.bluez, "power", lambda adapter, *, on: (powers.append(on), power(adapter, on=on))
    )
    room.until(lambda: [one.state for one in room.states].count(State.DEGRADED) >= 2)
    assert "battery" in next(one.reason for one in reversed(room.states) if one.state is State.DEGRADED)
    room.until(lambda: powers[:2] == [False, True])
    room.until(lambda: room.radio.hear(a_band(5)) or room.state is State.IDLE)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("empty", [False, True])
def test_scan_that_stalls_without_a_word_is_begun_anew_and_heard_again(
    room: Room, monkeypatch: pytest.MonkeyPatch, mode: Mode, empty: bool
) -> None:
    monkeypatch.setattr("hardware.ble.scanner.REFERENCE_S_MAX", 1.0)
    room.listen(mode, reference=whose_number(5))
    assert len(room.send(a_band(2, 1))) == 1
    room.radio.do(lambda bluez: bluez.stall("hci0", empty=empty))
    room.radio.hear(a_band(2, 2))
    counts = itertools.count()
    room.until(lambda: room.radio.hear(a_band(5, next(counts) % 256)) or begun_anew(room))
    room.until(lambda: room.radio.hear(a_band(5, next(counts) % 256)) or room.state is State.IDLE, BACK_S_MAX)

    assert [one.rssi for one in room.send(a_band(2, 3, rssi=-75))] == [-75]


def begun_anew(room: Room) -> bool:
    """Whether a scan that said nothing any more was given up; what is heard by then, nobody is told of."""
    return any("begun anew" in one.reason for one in room.states)


def test_message_bus_that_is_killed_is_listened_to_again_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        radio = Radio(address)
        radio.start()
        room = Room(radio)
        room.listen()
        assert len(room.send(a_band(2, 1))) == 1
    radio.close()
    room.until(lambda: room.state is State.LOST)
    with private_bus(tmp_path) as again:
        assert again.partition(",")[0] == address.partition(",")[0]
        room.radio = Radio(address.partition(",")[0])
        room.radio.start()
        room.until(lambda: room.state is State.IDLE, BACK_S_MAX)

        assert [one.rssi for one in room.send(a_band(2, 2, rssi=-63))] == [-63]
        assert room.scanner is not None
        room.scanner.stop()
        room.radio.close()
