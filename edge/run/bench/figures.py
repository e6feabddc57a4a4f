"""What is done with measured times: percentiles, turns, and one JSON object to print."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from edge.errors import PolsoError

NS_PER_MS = 1_000_000


class BenchError(PolsoError):
    """The measurement did not come about."""

    hint = "Run it alone on the machine, with room in the folder for temporary files."


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of all do not exceed (nearest rank)."""
    if not values:
        raise BenchError("Nothing was measured.")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def timed_ms(act: Callable[[], object]) -> float:
    """Return how long one act took."""
    began = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - began) / NS_PER_MS


def in_turns(
    first: Callable[[], object], second: Callable[[], object], seconds: float
) -> tuple[list[float], list[float]]:
    """Time two acts in turns, so that a machine that slows down slows both; milliseconds of each."""
    ones: list[float] = []
    others: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        ones.append(timed_ms(first))
        others.append(timed_ms(second))
    return ones, others


def resident_mb() -> float:
    """Return how much memory this process holds, in megabytes (proc(5), VmRSS)."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kib = next(line for line in status if line.startswith("VmRSS")).split()[1]
    return int(kib) / 1024


def as_json(figures: dict[str, float | int | str]) -> str:
    """Return figures as one JSON object, rounded to what a measurement can carry."""
    rounded = {
        name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()
    }
    return msgspec.json.encode(rounded).decode()
