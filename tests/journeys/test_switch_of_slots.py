"""An update as systemd runs it: the shipped unit's command, a real device, a link changed under it."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.resources import files
from pathlib import Path

import pytest

from edge.run.slots import Slots, WentBack
from edge.run.update import _good
from tests.journeys.devices import House
from tests.journeys.park import polso

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(180)]

READY_S_MAX = 60.0
LOOK_S = 0.01
SILENT_S_MAX = 2.0
"""So long nobody may answer, by the clock of a machine that has a processor to spare."""
ALONE_SHARE_MIN = 0.9
"""Of a silence: where less of it than this was free of others, the clock tells of them and not of Polso."""
TICKS = os.sysconf("SC_CLK_TCK")


def pressed_s() -> float:
    """Time, since the machine started, in which somebody waited for a processor."""
    pressure = Path("/proc/pressure/cpu")
    told = pressure.read_text() if pressure.exists() else "some total=0"
    return int(told.splitlines()[0].rpartition("total=")[2]) / 1e6


class Unit:
    """What systemd does with ``polso.service``: starts its command, waits for READY=1, ends it by SIGTERM."""

    def __init__(self, link: Path, config: Path, folder: Path) -> None:
        said = ConfigParser(strict=False, interpolation=None)
        said.read_string((files("edge.run") / "polso.service").read_text())
        command = said["Service"]["ExecStart"].replace("/etc/polso/polso.toml", str(config))
        self.command = shlex.split(command.replace("/opt/polso", str(link)))
        self.stop_s_max = float(said["Service"]["TimeoutStopSec"])
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(str(folder / "notify"))
        self.heard.settimeout(0.1)
        self.environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        self.process: subprocess.Popen[bytes] | None = None
        self.own_s = 0.0
        """What the last restart took by the clock, without what anybody waited for a processor."""

    def restart(self) -> None:
        began, pressed = time.monotonic(), pressed_s()
        self.stop()
        stopped = time.monotonic()
        self.own_s = stopped - began - min(stopped - began, pressed_s() - pressed)
        self.process = subprocess.Popen(self.command, env=self.environment, stderr=subprocess.DEVNULL)
        end = time.monotonic() + READY_S_MAX
        while self.process.poll() is None and time.monotonic() < end:
            try:
                if b"READY=1" in self.heard.recv(4_096):
                    self.own_s += time.monotonic() - stopped - self.waited_s()
                    return
            except TimeoutError:
                continue

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(self.stop_s_max)

    @property
    def slot(self) -> str:
        """From which environment the process runs that is there now."""
        assert self.process is not None
        words = Path(f"/proc/{self.process.pid}/environ").read_bytes().split(b"\0")
        return next(word.removeprefix(b"SLOT=").decode() for word in words if word.startswith(b"SLOT="))

    def worked_s(self) -> float:
        """What the process has worked since it was started."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def waited_s(self) -> float:
        """What the process, started just now, had to do and had no processor for."""
        assert self.process is not None
        told = Path(f"/proc/{self.process.pid}/schedstat")
        return int(told.read_text().split()[1]) / 1e9 if told.exists() else 0.0


class Look(threading.Thread):
    """Somebody who asks all the while whether the gate decides; keeps the longest time that it did not."""

    def __init__(self, unit: Unit, health: str) -> None:
        super().__init__(daemon=True)
        self._unit, self._good, self._over = unit, _good(health), threading.Event()
        self.silent_s = self.worked_s = self.pressed_s = 0.0

    def run(self) -> None:
        last, pressed = time.monotonic(), pressed_s()
        while not self._over.wait(LOOK_S):
            if self._good():
                now = time.monotonic()
                if now - last > self.silent_s:
                    self.silent_s, self.worked_s = now - last, self._unit.worked_s()
                    self.pressed_s = pressed_s() - pressed
                last, pressed = now, pressed_s()

    def end(self) -> None:
        self._over.set()
        self.join()


class Machine:
    """A device between two slots whose commands are this project's own, run by the unit."""

    def __init__(self, house: House, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = house.device.config
        config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
        done = polso("enrol", house.central.url, "--code", house.code(), "--config", str(config))
        assert done.returncode == 0, done.stderr
        house.publish()
        self.folder, self.link, self.health = folder, folder / "polso", f"http://127.0.0.1:{port}/healthz"
        for letter in "ab":
            self.release(letter, f'exec {shlex.quote(sys.executable)} -m edge.run "$@"')
        self.link.symlink_to("polso-a")
        (folder / "keep").mkdir()
        self.slots, self.unit = Slots(self.link, folder / "keep"), Unit(self.link, config, folder)

    def release(self, letter: str, does: str) -> None:
        command = self.folder / f"polso-{letter}" / "bin" / "polso"
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text(f"#!/bin/sh\nexport SLOT=polso-{letter}\n{does}\n")
        command.chmod(0o755)


@pytest.fixture
def machine(house: House, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(house, tmp_path)
    made.unit.restart()
    yield made
    made.unit.stop()
    made.unit.heard.close()


def test_gate_is_silent_for_one_restart_and_then_decides_from_the_other_slot(machine: Machine) -> None:
    assert machine.unit.slot == "polso-a"
    look = Look(machine.unit, machine.health)
    look.start()
    machine.slots.turn("2.0")
    assert "answers well" in machine.slots.settle(machine.unit.restart, _good(machine.health))
    look.end()
    assert machine.unit.slot == "polso-b"
    own_s, others_s = machine.unit.own_s, look.pressed_s
    print(
        f"silent {look.silent_s:.2f} s: work {look.worked_s:.2f}, restart {own_s:.2f}, others {others_s:.2f}"
    )
    assert 0 < look.worked_s <= SILENT_S_MAX
    assert 0 < own_s <= SILENT_S_MAX, "waits for disk, locks and the old process are in it"
    if look.pressed_s < look.silent_s * (1 - ALONE_SHARE_MIN):
        assert look.silent_s <= SILENT_S_MAX


def test_release_that_ends_at_once_is_left_and_the_gate_decides_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.run.slots.GOOD_S_MAX", 1.0)
    machine.release("b", "exit 1")
    machine.slots.turn("2.0")
    with pytest.raises(WentBack):
        machine.slots.settle(machine.unit.restart, _good(machine.health))
    assert (machine.unit.slot, machine.slots.left()) == ("polso-a", "2.0")
    assert _good(machine.health)()
