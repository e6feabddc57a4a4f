"""A day of strangers who pass by, each with an address that is never seen again: nothing of them stays."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from edge.run.bench.figures import resident_mb
from hardware.ble.scanner import Mode, Receiver, Scanner
from hardware.port import State
from hardware.virtual.radio import private_bus
from tests.conftest import FIGURES
from tests.hardware.ble.conftest import whose

pytestmark = [pytest.mark.bench, pytest.mark.real("dbus-daemon"), pytest.mark.timeout(600)]

ADDRESSES = int(os.environ.get("POLSO_SOAK_ADDRESSES", "20000"))
WARM_ADDRESSES = 20_000
WAIT_S_MAX = 240.0
GROWTH_MB_MAX = 5.0
"""100,000 addresses added 0.3."""


def test_rotating_addresses_leave_no_memory_behind(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    up, heard = threading.Event(), threading.Semaphore(0)
    scanner = Scanner(
        [Receiver("ear", mode=Mode.PRECISE, beacons=True)],
        whose,
        hear=lambda sighting: heard.release(),
        tell=lambda state: up.set() if state.state is State.IDLE else None,
    )
    with private_bus() as bus:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
        command = [sys.executable, "-m", "tests.hardware.ble.crowd", bus]
        air = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stdin, stdout = air.stdin, air.stdout
        assert stdin is not None
        assert stdout is not None
        assert stdout.readline() == "ready\n"
        scanner.start()
        assert up.wait(10)

        def ask(count: int) -> None:
            stdin.write(f"{count}\n")
            stdin.flush()
            stdout.readline()

        def pass_by(count: int) -> float:
            ask(count)
            while heard.acquire(blocking=False):
                pass  # our own band of another round
            ask(0)
            assert heard.acquire(timeout=WAIT_S_MAX), "our own band comes after all strangers"
            gc.collect()
            return resident_mb()

        before_mb = pass_by(WARM_ADDRESSES)
        after_mb = pass_by(ADDRESSES)
        scanner.stop()
        air.communicate(timeout=10)
    record_property(FIGURES, f"{ADDRESSES} addresses: {after_mb - before_mb:+.1f} MB")
    assert after_mb - before_mb < GROWTH_MB_MAX
