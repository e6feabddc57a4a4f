"""A band laid on the reader: how long until its decision is durable, through the real nfcpy over udp."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.run.bench import town
from edge.run.bench.figures import BenchError, as_json, percentile
from edge.run.bench.gatehouse import Gatehouse
from hardware.nfc.nfcpy import NfcpyReader
from hardware.port import DeviceState, Removed, Report, State, Tap
from hardware.supervisor import Supervisor
from hardware.virtual.bands import Band, Description, build
from hardware.virtual.field import Field

KEYS = ("1", "23")
"""Whose keys a reader has in turn: a band that proves itself, and one whose message changes each time."""
ANSWER_S_MAX = 10.0
LEAVE_S_MAX = 2.0
PROFILES = 20_000


class Gate:
    """A supervised reader over a virtual field, whose taps a gatehouse decides."""

    def __init__(self, house: Gatehouse, field: Field, keys: dict[tuple[bytes, int], bytes]) -> None:
        """Stand before the field; ``start`` begins to poll."""
        self._house, self._field = house, field
        self._answered, self._free = threading.Event(), threading.Event()
        self._reader = Supervisor(
            town.GATE, NfcpyReader(field.path, lambda uid, number: keys.get((uid, number))), self._hear
        )
        self._outcome = ""
        self._durable_s = self._told_s = 0.0

    def start(self) -> None:
        """Begin to poll, and wait until the reader looks for bands."""
        self._reader.start()
        self._wait(self._free, ANSWER_S_MAX)

    def stop(self) -> None:
        """Let go of the reader."""
        self._reader.stop()

    def pass_through(self, band: Band) -> tuple[float, float]:
        """Lay a band down and take it away again; ms until its tap was told and was durable."""
        self._answered.clear()
        placed_s = time.perf_counter()
        self._field.place(band)
        self._wait(self._answered, ANSWER_S_MAX)
        if self._outcome != "granted":
            raise BenchError(f"A band was {self._outcome}.")
        self._free.clear()
        self._field.remove()
        self._wait(self._free, LEAVE_S_MAX)
        return (self._told_s - placed_s) * 1000, (self._durable_s - placed_s) * 1000

    def _hear(self, report: Report) -> None:
        if isinstance(report, Tap):
            self._told_s = time.perf_counter()
            view = self._house.service.present(report)
            self._outcome = view.outcome if view.outcome == "granted" else f"{view.outcome}: {view.reason}"
            self._durable_s = time.perf_counter()
            self._answered.set()
        elif isinstance(report, Removed) or (isinstance(report, DeviceState) and report.state is State.IDLE):
            self._free.set()

    @staticmethod
    def _wait(event: threading.Event, seconds: float) -> None:
        if not event.wait(seconds):
            raise BenchError("The reader did not answer in time.")


def measure(seconds: float) -> str:
    """Return the figures as JSON: ms from a band laid down to its tap and to its durable decision."""
    keys: dict[tuple[bytes, int], bytes] = {}
    told_ms: list[float] = []
    durable_ms: list[float] = []
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made, _gate(Path(made), keys) as gate:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            told, durable = gate.pass_through(_band(len(told_ms), keys))
            told_ms.append(told)
            durable_ms.append(durable)
    figures: dict[str, float | int | str] = {
        "tap_p50_ms": percentile(told_ms, 0.5),
        "tap_p95_ms": percentile(told_ms, 0.95),
        "decision_p50_ms": percentile(durable_ms, 0.5),
        "decision_p95_ms": percentile(durable_ms, 0.95),
        "bands": len(told_ms),
    }
    return as_json(figures)


@contextmanager
def _gate(folder: Path, keys: dict[tuple[bytes, int], bytes]) -> Iterator[Gate]:
    """Open a gatehouse with one reader, and close both."""
    house = Gatehouse(folder / "edge", PROFILES)
    field = Field()
    gate = Gate(house, field, keys)
    try:
        gate.start()
        yield gate
    finally:
        gate.stop()
        field.close()
        house.close()


def _band(number: int, keys: dict[tuple[bytes, int], bytes]) -> Band:
    """Make the next guest's band, and let the reader know its keys."""
    uid = town.uid(number % PROFILES)
    own = {key: secrets.token_bytes(16) for key in KEYS[number % len(KEYS)]}
    keys.update({(uid, int(key)): value for key, value in own.items()})
    return build(
        Description(kind="ntag424", uid=uid.hex(), keys={key: value.hex() for key, value in own.items()})
    )
