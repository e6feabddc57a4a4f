"""A device as an operator sets it up: enrolled by a code, run as a process, its bands revoked."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from edge.clock import wall_ms
from edge.core.bands import BandAct
from edge.run.demo.park import load
from edge.run.demo.seed import seed
from edge.run.demo.tray import tray
from edge.run.platform import Central, settings
from hardware.virtual.bands import Band
from hardware.virtual.field import Field
from sync.central.devices import devices
from sync.central.enrolment import Invitation, invite
from sync.central.registry import bands, profiles
from sync.central.registry.layout import publish_layout
from sync.central.sites import band_key
from sync.central.store import Store
from tests.journeys.park import polso, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]
SITE = "aurora"
STOP_S_MAX = 10


@dataclass
class Device:
    """One edge: its configuration, its reader's field, its process."""

    folder: Path
    radio: Field = field(default_factory=Field)
    process: subprocess.Popen[str] | None = None
    screens: str = ""

    @property
    def config(self) -> Path:
        path = self.folder / "polso.toml"
        if not path.exists():
            path.write_text(
                f'''
                store = {{ folder = "{self.folder / "kept"}" }}
                screens = {{ port = 0 }}
                [[readers]]
                name = "gate-1"
                driver = "nfcpy"
                point = "gate-1"
                settings = {{ path = "{self.radio.path}" }}
                [[gates]]
                name = "turnstile-1"
                driver = "virtual"
                point = "gate-1"
                '''
            )
        return path

    def start(self) -> None:
        """Run ``polso run`` until it says that it is ready."""
        command = [sys.executable, "-m", "edge.run", "run", "--config", str(self.config)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr
        for line in self.process.stderr:
            said = json.loads(line)["says"]
            if said.startswith("ready "):
                self.screens = said.rpartition("screens=")[2]
                return
        raise AssertionError("the device ended before it was ready")

    def stop(self) -> float:
        """End it as systemd does; returns how long that took."""
        began = time.monotonic()
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=STOP_S_MAX)
            self.process = None
        return time.monotonic() - began

    def taps(self, reason: str) -> float:
        """How many taps ended so."""
        return self.figure("polso_taps_total", f'reason="{reason}"')

    def figure(self, name: str, label: str = "") -> float:
        """The sum of one of its figures."""
        lines = requests.get(f"{self.screens}/metrics", timeout=5).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and label in line)

    def present(self, band: Band, reason: str) -> None:
        """Hold a band to the reader until it was answered so."""
        before = self.taps(reason)
        self.radio.place(band)
        until(lambda: self.taps(reason) > before, 10)
        self.radio.remove()
        until(lambda: self.idle(), 5)

    def idle(self) -> bool:
        """Whether the reader has seen the band leave."""
        time.sleep(0.4)  # a reader holds a band for 300 ms after it left; only its own process knows when
        return True


@dataclass
class House:
    """Central in this process, so that a test can act as its operator, and one device beside it."""

    central: Central
    master: bytes
    device: Device

    def code(self) -> str:
        """A one-time code from the console."""
        with self.central.store.transaction() as tx:
            return invite(tx, Invitation(site=SITE, name="North Gate", points=("gate-1",)))

    def publish(self) -> None:
        """Publish the site's layout to the devices it has."""
        with self.central.store.transaction() as tx:
            publish_layout(tx, SITE, [one.id for one in devices(tx, SITE)])

    def band(self, name: str) -> Band:
        """A wristband of the tray."""
        return tray(load(), self.master)[name]

    def revoke(self, name: str) -> None:
        """Revoke a guest's band as the console does."""
        uid = next(one.uid for one in load().guests if one.id == name)
        with self.central.store.transaction() as tx:
            card = bands.band(tx, SITE, bands.band_id(band_key(tx, SITE), uid))
            revoked = bands.acted(card, BandAct.REVOKE)
            profiles.publish_state(tx, SITE, revoked, reason="lost and found nobody")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    master = seed(store, load())
    central = Central(store, settings(), host="127.0.0.1", port=0)
    central.start()
    device = Device(tmp_path)
    yield House(central, master, device)
    device.stop()
    device.radio.close()
    central.stop()


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
    port = int(house.central.url.rpartition(":")[2])
    house.central.stop()
    device.present(house.band("giulia"), "entered")
    device.stop()
    device.start()
    device.present(house.band("giulia"), "inside_already")
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    house.central = Central(store, settings(), host="127.0.0.1", port=port)
    house.central.start()
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
