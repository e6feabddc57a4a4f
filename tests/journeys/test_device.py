"""A device as an operator sets it up: enrolled by a code, run as a process, its bands revoked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hardware.virtual.bands import Band
from tests.journeys.devices import SITE, Device, House
from tests.journeys.park import polso, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]


def test_device_is_enrolled_reads_bands_and_shuts_out_a_revoked_one_within_two_seconds(house: House) -> None:
    device = house.device
    enrolled = polso("enrol", house.central.url, "--code", house.code(), "--config", str(device.config))
    assert enrolled.returncode == 0, enrolled.stderr
    assert f"of site {SITE}" in enrolled.stdout
    house.publish()
    device.start()
    until(lambda: device.figure("polso_profiles") > 0, 20)
    device.present(house.band("giulia"), "entered")
    house.revoke("giulia")
    before = time.monotonic()
    until(lambda: revoked_at_the_gate(device, house.band("giulia")), 5)
    assert time.monotonic() - before < 4, "two seconds of promise, and the taps it takes to see it"
    assert device.stop() < 2


def revoked_at_the_gate(device: Device, band: Band) -> bool:
    before = device.taps("band_revoked")
    device.radio.place(band)
    time.sleep(0.15)  # a tap lasts 30 ms; whether it came too early is seen in the count and tried again
    device.radio.remove()
    time.sleep(0.35)  # the reader holds a band for 300 ms after it left
    return device.taps("band_revoked") > before


def test_code_works_once_and_a_folder_is_never_enrolled_over(house: House, tmp_path: Path) -> None:
    code = house.code()
    config = house.device.config
    assert polso("enrol", house.central.url, "--code", code, "--config", str(config)).returncode == 0
    again = polso("enrol", house.central.url, "--code", house.code(), "--config", str(config))
    assert again.returncode == 1
    assert "belongs to a device already" in again.stderr
    other = tmp_path / "other.toml"
    other.write_text(f'store = {{ folder = "{tmp_path / "other"}" }}\n')
    spent = polso("enrol", house.central.url, "--code", code, "--config", str(other))
    assert spent.returncode == 1
    assert "works once" in spent.stderr


def test_gate_decides_with_central_gone_and_hands_everything_over_when_it_is_back(
    house: House, tmp_path: Path
) -> None:
    device = house.device
    polso("enrol", house.central.url, "--code", house.code(), "--config", str(device.config))
    house.publish()
    device.start()
    until(lambda: device.figure("polso_profiles") > 0, 20)
    device.present(house.band("marco"), "entered")
    house.central.stop()
    device.present(house.band("giulia"), "entered")
    device.stop()
    device.start()
    device.present(house.band("giulia"), "inside_already")
    house.reopen(tmp_path / "central.db")
    until(lambda: device.figure("polso_outbox_events") == 0, 30)


def test_check_says_what_to_do_on_this_machine(house: House) -> None:
    checked = polso("check", "--config", str(house.device.config))
    assert "reader gate-1: driver nfcpy" in checked.stdout
    assert "SQLite" in checked.stdout


def test_unknown_key_in_the_configuration_is_named_with_what_was_meant(tmp_path: Path) -> None:
    config = tmp_path / "polso.toml"
    config.write_text("[screens]\nprt = 8080\n")
    refused = polso("run", "--config", str(config))
    assert refused.returncode == 1
    assert "prt" in refused.stderr
    assert "port" in refused.stderr
