"""Devices as operators set them up: processes of their own, beside a central within reach of the test."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import requests

from edge.clock import wall_ms
from edge.core.bands import BandAct
from edge.run.demo.park import load
from edge.run.demo.tray import tray
from edge.run.platform import Central, settings
from hardware.virtual.bands import Band
from hardware.virtual.field import Field
from sync.central.enrolment import Invitation, invite
from sync.central.machines.devices import devices
from sync.central.registry import bands, profiles
from sync.central.registry.layout import publish_layout
from sync.central.sites import band_key
from sync.central.store import Store
from tests.journeys.park import polso, until

SITE = "aurora"
STOP_S_MAX = 10
TAPS = re.compile(r'polso_taps_total\{.*reason="(?P<reason>\w+)".*\} (?P<count>\S+)')


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

    def kill(self) -> None:
        """Take its life: kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=STOP_S_MAX)
        self.process = None

    def keep_port(self) -> None:
        """Let its screens find it again after a restart."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.config.write_text(self.config.read_text().replace("port = 0", f"port = {port}"))

    def taps(self, reason: str) -> float:
        """How many taps ended so."""
        return self.figure("polso_taps_total", f'reason="{reason}"')

    def figure(self, name: str, label: str = "") -> float:
        """The sum of one of its figures."""
        lines = requests.get(f"{self.screens}/metrics", timeout=5).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and label in line)

    def tap(self, band: Band) -> str:
        """Hold a band to the reader; returns the reason that it was answered with."""
        before = self.reasons()
        self.radio.place(band)
        until(lambda: self.reasons() - before, 10)
        self.radio.remove()
        until(lambda: self.idle(), 5)
        (reason,) = self.reasons() - before
        return reason

    def reasons(self) -> Counter[str]:
        """How many taps ended with each reason."""
        lines = requests.get(f"{self.screens}/metrics", timeout=5).text.splitlines()
        found = [TAPS.match(line) for line in lines]
        return Counter({one["reason"]: int(float(one["count"])) for one in found if one is not None})

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
    more: list[Device] = field(default_factory=list)
    """Further devices of the site; they are stopped with it."""

    def reopen(self, database: Path) -> None:
        """Start central again where it was."""
        port = int(self.central.url.rpartition(":")[2])
        self.central = Central(Store(str(database), now_ms=wall_ms), settings(), host="127.0.0.1", port=port)
        self.central.start()

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
        return tray(load(), self.master, written=set())[name]

    def revoke(self, name: str) -> None:
        """Revoke a guest's band as the console does."""
        uid = next(one.uid for one in load().guests if one.id == name)
        with self.central.store.transaction() as tx:
            card = bands.band(tx, SITE, bands.band_id(band_key(tx, SITE), uid))
            revoked = bands.acted(card, BandAct.REVOKE)
            profiles.publish_state(tx, SITE, revoked)


def a_device(house: House, folder: Path, point: str) -> Device:
    """One more device of the site, enrolled at this point and not started."""
    folder.mkdir()
    device = Device(folder)
    house.more.append(device)
    device.config.write_text(device.config.read_text().replace("gate-1", point))
    with house.central.store.transaction() as tx:
        code = invite(tx, Invitation(site=SITE, name=point, points=(point,)))
    done = polso("enrol", house.central.url, "--code", code, "--config", str(device.config))
    assert done.returncode == 0, done.stderr
    return device
