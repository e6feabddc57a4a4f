"""The tap: a whole durable decision beside a bare append with fdatasync, alone and with 32 lanes at once."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from edge.run import processor
from edge.run.bench.figures import as_json, in_turns, percentile, timed_ms
from edge.run.bench.gatehouse import Gatehouse, is_settled

LANES = 32
ROUNDS = 3
RECORD = bytes(300)
"""What the bare yardstick appends: about the size of one event."""


def measure(profiles: int, seconds: float, *, town: Path | None = None) -> str:
    """Return the figures of one run as JSON; half of ``seconds`` alone, half with all lanes."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = town or Path(made) / "edge"
        gatehouse = Gatehouse(folder, profiles, settled=is_settled(folder))
        try:
            with (Path(made) / "bare").open("wb") as file:
                return as_json(_figures(gatehouse, Bare(file.fileno()), seconds) | {"profiles": profiles})
        finally:
            gatehouse.close()


class Bare:
    """The least that durable can mean: append and fdatasync."""

    def __init__(self, descriptor: int) -> None:
        """Append to an open file."""
        self._descriptor = descriptor

    def append(self) -> None:
        """Append one record and wait until the disk has it."""
        os.write(self._descriptor, RECORD)
        os.fdatasync(self._descriptor)

    def rate(self, seconds: float) -> float:
        """Return how many a second it manages, one after the other."""
        return _rate([self.append], seconds)[0]


def _figures(gatehouse: Gatehouse, bare: Bare, seconds: float) -> dict[str, float | int | str]:
    for _ in range(50):
        gatehouse.tap()
    taps, bares = in_turns(gatehouse.tap, bare.append, seconds / 2)
    rounds = [_round(gatehouse, bare, seconds / 4 / ROUNDS) for _ in range(ROUNDS)]
    return {
        "tap_p50_ms": percentile(taps, 0.5),
        "tap_p99_ms": percentile(taps, 0.99),
        "bare_p50_ms": percentile(bares, 0.5),
        "bare_p99_ms": percentile(bares, 0.99),
        "ratio_p50": percentile(taps, 0.5) / percentile(bares, 0.5),
        "ratio_p99": percentile(taps, 0.99) / percentile(bares, 0.99),
        "decisions_per_s": median(rate for rate, _, _ in rounds),
        "bare_per_s": median(bare_rate for _, bare_rate, _ in rounds),
        "ratio_throughput": median(rate / bare_rate for rate, bare_rate, _ in rounds),
        "worst_wait_ms": max(worst for _, _, worst in rounds),
        "lanes": LANES,
    }


def _round(gatehouse: Gatehouse, bare: Bare, seconds: float) -> tuple[float, float, float]:
    """Return decisions a second with all lanes, bare syncs a second beside them, and the worst wait."""
    bare_rate = bare.rate(seconds)
    rate, worst_ms = _rate([gatehouse.tap] * LANES, seconds)
    return rate, bare_rate, worst_ms


def _rate(acts: list[Callable[[], object]], seconds: float) -> tuple[float, float]:
    """Run each act over and over on a thread of its own; return acts a second and the slowest one."""
    counts, worst = [0] * len(acts), [0.0] * len(acts)
    until = time.perf_counter() + seconds

    def lane(number: int) -> None:
        while time.perf_counter() < until:
            worst[number] = max(worst[number], timed_ms(acts[number]))
            counts[number] += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=lane, args=(number,)) for number in range(len(acts))]
    with processor.shared():  # as the product's readers and screens begin
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began), max(worst)
