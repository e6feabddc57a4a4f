"""The stand-in is heard as a real bluetoothd is: the same scenario, and nearly the same counts."""

from __future__ import annotations

import pytest

from hardware.virtual.radio import Advert, Radio
from tests.hardware.ble.emulated.machine import run
from tests.hardware.ble.scenario import LEVELS, Counted, play

PACE_S = 0.02
NEARLY = 0.05
BACK_S_MAX = 10.0


@pytest.fixture
def counted(bus: str, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """What is heard through the stand-in."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
    radio = Radio(bus)
    radio.start()

    def say(advert: Advert) -> bool:
        radio.hear(advert)
        return True

    try:
        return play(say, PACE_S)
    finally:
        radio.close()


def demand(counted: Counted) -> None:
    """What holds on both: passive first lets beacons be heard that say the same each time, exactly."""
    assert counted.fixed >= 0.95
    assert counted.changing >= 0.95
    assert counted.plain < 0.2, "the control: by itself bleak misses nearly all of them"
    assert counted.levels == sorted(LEVELS)
    assert counted.private == 1, "a private radio hears steps"


@pytest.mark.real("dbus-daemon")
@pytest.mark.timeout(60)
def test_the_stand_in_lets_polso_hear_what_bleak_alone_would_miss(counted: Counted) -> None:
    demand(counted)


@pytest.mark.real("dbus-daemon", "bluetoothd")
@pytest.mark.slow
@pytest.mark.journey
@pytest.mark.timeout(600)
def test_a_real_bluetoothd_says_the_same_and_its_death_and_a_switched_adapter_are_survived(
    counted: Counted, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Debian's kernel and bluetoothd in an emulated machine, the product's scanner on top of them."""
    told = run(tmp_path_factory.mktemp("machine"))
    demand(told.counted)
    assert told.counted.fixed == pytest.approx(counted.fixed, abs=NEARLY)
    assert told.counted.changing == pytest.approx(counted.changing, abs=NEARLY)
    assert told.restarted_s <= BACK_S_MAX
    assert told.cycled_s <= BACK_S_MAX
    assert told.after == sorted(LEVELS), "exact again, after both"
