"""The demo park as a process of its own, spoken to as its scripts do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

READY_S_MAX = 40
STOP_S_MAX = 10
ASK_S_MAX = 15


class Park:
    """One running park."""

    def __init__(
        self,
        data_dir: Path,
        *,
        program: tuple[str, ...] = ("-m", "edge.run"),
        guests: int = 0,
        more: tuple[str, ...] = (),
    ) -> None:
        self.data_dir = data_dir
        self.key = data_dir.parent / f"{data_dir.name}.key"
        words = ["demo", "--headless", "--port", "0", "--data", str(data_dir), "--key", str(self.key)]
        words += ["--guests", str(guests), *more]
        command = [sys.executable, *program, *words]
        self.errors = (data_dir.parent / f"{data_dir.name}.err").open("ab")
        began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline() if self.process.stdout else ""
        self.ready_s = time.monotonic() - began
        if not line:
            self.process.wait(STOP_S_MAX)
            self.errors.close()
            raise AssertionError(f"the park did not open: {Path(self.errors.name).read_text()[-2000:]}")
        self.said: dict[str, Any] = json.loads(line)
        self.edge: str = self.said["edge"]
        self.central: str = self.said["central"]

    def state(self) -> dict[str, Any]:
        """How the park stands."""
        return self.answer(requests.get(f"{self.edge}/demo/state", timeout=ASK_S_MAX))

    def tap(self, band: str, reader: str = "gate-1") -> dict[str, Any]:
        """Hold a band to a reader; returns the decision."""
        return self.answer(self.post("taps", band=band, reader=reader))

    def post(self, act: str, *, within_s: float = ASK_S_MAX, **body: object) -> requests.Response:
        """Throw a switch, or tap."""
        return requests.post(f"{self.edge}/demo/{act}", json=body, timeout=within_s)

    def reader(self, name: str) -> dict[str, Any]:
        """One reader of the park."""
        return next(one for one in self.state()["readers"] if one["id"] == name)

    def stop(self) -> float:
        """Press Ctrl-C; returns how long everything took to stop."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_S_MAX)
        self.errors.close()
        return time.monotonic() - began

    def kill(self) -> None:
        """Take its life: kill -9."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_S_MAX)
        self.errors.close()

    @staticmethod
    def answer(response: requests.Response) -> dict[str, Any]:
        """The JSON of a good answer."""
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told


@contextmanager
def a_park(
    data_dir: Path, *, program: tuple[str, ...] = ("-m", "edge.run"), guests: int = 0
) -> Iterator[Park]:
    """A park that is closed at the end, whatever happened in it."""
    park = Park(data_dir, program=program, guests=guests)
    try:
        yield park
    finally:
        if park.process.poll() is None:
            park.stop()
        if park.process.stdout:
            park.process.stdout.close()


def polso(*words: str, within_s: float = 30) -> subprocess.CompletedProcess[str]:
    """One verb of the command, to its end."""
    command = [sys.executable, "-m", "edge.run", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)


def until(what: Callable[[], object], within_s: float) -> float:
    """Wait for a condition; returns how long it took, or fails with what it last was."""
    began = time.monotonic()
    while not (last := what()):
        assert time.monotonic() - began < within_s, f"still {last!r} after {within_s} s"
        time.sleep(0.02)
    return time.monotonic() - began
