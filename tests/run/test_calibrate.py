"""`polso calibrate`: the level to write down, or what to do first."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.config import parse
from edge.core.presence.calibration import Calibrated, Doubt
from edge.run.calibrate import HINTS, NotCalibrated, told
from edge.run.cli import main
from hardware.virtual.radio import Radio, private_bus
from tests.hardware.ble.conftest import a_band

EAR = '[[radios]]\nname = "ear"\npoint = "kiosk-1"\nref1m_dbm = -60\n'
(RADIO,) = parse(EAR, "test").radios


def calibrated(folder: Path, *words: str) -> Result:
    file = folder / "edge.toml"
    file.write_text(EAR, encoding="utf-8")
    return CliRunner().invoke(main, ["calibrate", *words, "--config", str(file)])


def test_what_was_found_says_where_to_write_it(tmp_path: Path) -> None:
    said = told(RADIO, Calibrated(-57, 171, 9), tmp_path / "edge.toml")
    assert said.endswith("\n\nref1m_dbm = -57")
    assert "it was -60" in said
    assert "edge.toml" in said


@pytest.mark.parametrize("doubt", Doubt)
def test_minute_that_says_nothing_says_what_to_do(doubt: Doubt) -> None:
    with pytest.raises(NotCalibrated) as caught:
        told(RADIO, doubt, None)
    assert caught.value.hint == HINTS[doubt]


def test_radio_that_is_not_configured_is_refused(tmp_path: Path) -> None:
    done = calibrated(tmp_path, "nose")
    assert done.exit_code == 1
    assert "[[radios]]" in done.output


@pytest.mark.real("dbus-daemon")
@pytest.mark.timeout(60)
def test_band_held_up_is_measured_by_the_real_bleak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with private_bus() as bus:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
        air, over = Radio(bus), threading.Event()
        air.start()

        def send() -> None:
            count = 0
            while not over.wait(0.05):
                count = (count + 1) % 256
                air.hear(a_band(7, count, rssi=-55 - count % 3))

        sender = threading.Thread(target=send)
        sender.start()
        done = calibrated(tmp_path, "ear", "--seconds", "6")
        over.set()
        sender.join()
        air.close()
    assert done.exit_code == 0, done.output
    assert done.output.endswith("ref1m_dbm = -56\n")
