"""Identities on air: how long a table of all bands takes, what it weighs, and how fast one is found in it."""

from __future__ import annotations

import random
import time

from edge.run.bench.figures import as_json, resident_mb
from hardware.ble.eid import K_DEFAULT, KEY_BYTES, eid
from hardware.ble.epochs import ID_BYTES, NEIGHBOURS, Epochs, Expected, Roster

NOW_S = 1_700_000_000
LOOKUPS = 20_000


def measure(bands: int) -> str:
    """Return the figures as JSON: seconds for a table of one epoch, all tables made one after the other.

    ``table_mb`` is what the process grew by: bands, their keys, and the tables of all epochs that are kept.
    """
    draw = random.Random(bands)  # noqa: S311  # the same bands each time
    before_mb = resident_mb()
    roster = Roster(
        Expected(number.to_bytes(ID_BYTES, "big"), draw.randbytes(KEY_BYTES)) for number in range(bands)
    )
    epochs = Epochs(roster)
    began = time.perf_counter()
    while epochs.work(NOW_S):
        pass
    table_s = (time.perf_counter() - began) / len(NEIGHBOURS)
    grown_mb = resident_mb() - before_mb
    heard = [_said(roster, draw.randrange(bands)) for _ in range(LOOKUPS)]
    strangers = [draw.randbytes(8) for _ in range(LOOKUPS)]
    figures: dict[str, float | int | str] = {
        "table_1m_s": table_s * 1_000_000 / bands,
        "table_s": table_s,
        "table_mb": grown_mb,
        "lookup_us": _each_us(epochs, heard),
        "stranger_us": _each_us(epochs, strangers),
        "bands": bands,
    }
    return as_json(figures)


def _said(roster: Roster, row: int) -> bytes:
    return eid(bytes(roster.keys[row * KEY_BYTES : (row + 1) * KEY_BYTES]), NOW_S, K_DEFAULT)


def _each_us(epochs: Epochs, heard: list[bytes]) -> float:
    began = time.perf_counter()
    for one in heard:
        epochs.resolve(one, NOW_S)
    return (time.perf_counter() - began) / len(heard) * 1e6
