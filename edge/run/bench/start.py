"""The start: how long a device with a town of bands takes from nothing to its first durable decision."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from edge.run.bench.figures import BenchError, as_json, resident_mb
from edge.run.bench.gatehouse import Gatehouse, is_settled

FIRST_S_MAX = 120


class Started(msgspec.Struct):
    """What a fresh process says of its own first decision."""

    rss_mb: float
    decide_ms: float


def measure(profiles: int, *, town: Path | None = None) -> str:
    """Return the figures as JSON: a device is settled, closed, and started again in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = town or Path(made) / "edge"
        if not is_settled(folder):
            _settle(folder, profiles)
        began = time.perf_counter()
        command = [sys.executable, "-m", "edge.run.bench.start", str(folder), str(profiles)]
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, capture_output=True, check=False, timeout=FIRST_S_MAX
        )
        took_s = time.perf_counter() - began
        if done.returncode:
            raise BenchError(f"The device did not start: {done.stderr.decode()[-500:]}")
        told = msgspec.json.decode(done.stdout, type=Started)
    figures: dict[str, float | int | str] = {
        "first_decision_s": took_s,
        "decide_ms": told.decide_ms,
        "rss_mb": told.rss_mb,
        "profiles": profiles,
    }
    return as_json(figures)


def _settle(folder: Path, profiles: int) -> None:
    gatehouse = Gatehouse(folder, profiles)
    gatehouse.tap()
    gatehouse.close()


def first(folder: Path, profiles: int) -> Started:
    """Start on a settled folder, decide once and say how large the process has become."""
    # Whatever a device imports counts: screens, sync and readers too.
    importlib.import_module("edge.run.app")

    gatehouse = Gatehouse(folder, profiles, settled=True)
    began = time.perf_counter()
    gatehouse.tap()
    decide_ms = (time.perf_counter() - began) * 1000
    gatehouse.close()
    return Started(rss_mb=resident_mb(), decide_ms=decide_ms)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(first(Path(sys.argv[1]), int(sys.argv[2]))))
