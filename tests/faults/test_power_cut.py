"""A power cut between any two writes: with FULL nothing that was told is lost, and the controls do lose."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from edge.clock import Clock
from edge.errors import StoreDamaged
from edge.store.batch import Ledger
from edge.store.effects import Effects
from edge.store.journal import Journal
from tests.conftest import FIGURES
from tests.faults.power import Disk, PowerIsGone, PowerVFS
from tests.store.house import OWNER, a_band, a_ledger, a_passage

CUTS = int(os.environ.get("POLSO_CUTS", "500"))
HOWS = ("none", "prefix", "torn")
BATCHES = 12
CHECKPOINT_PAGES = 20
"""Small, so that cuts fall inside checkpoints."""


class Cut(NamedTuple):
    """What one cut cost."""

    lost: int
    corrupt: bool


def prepared(folder: Path) -> Path:
    """A store with its schema, closed: the product's own migrations cannot run over the shim."""
    folder.mkdir()
    with a_ledger(folder / "state.db") as ledger:
        ledger.run([a_passage("tap-first", right="first")])
    return folder / "state.db"


def connect(path: Path, disk: Disk, synchronous: str) -> apsw.Connection:
    """The writer's connection over the shim; exclusive, because the shim has no shared memory."""
    connection = apsw.Connection(str(path), vfs="power")
    settings = {"locking_mode": "exclusive", "journal_mode": "wal", "secure_delete": "on"}
    settings |= {"synchronous": synchronous, "wal_autocheckpoint": str(CHECKPOINT_PAGES)}
    for name, value in settings.items():
        connection.execute(f"PRAGMA {name}={value}").fetchall()
    disk.images[str(path)] = bytearray(path.read_bytes())
    return connection


def cut_once(folder: Path, seed: int, *, synchronous: str = "full", honest: bool = True) -> Cut:
    """Run batches over the shim, cut the power at a seeded write, judge what a stock driver finds."""
    chance = random.Random(seed)  # noqa: S311  # a seeded plan, no secret
    path = prepared(folder / "run")
    disk = Disk(honest=honest)
    vfs = PowerVFS(disk, "power")
    connection = connect(path, disk, synchronous)
    told = drive(connection, disk, chance)
    left = folder / "left"
    left.mkdir()
    disk.cut(left, HOWS[seed % len(HOWS)], chance)
    connection.close()
    vfs.unregister()
    found = inspect(left, told)
    shutil.rmtree(folder / "run")
    shutil.rmtree(left)
    return found


def drive(
    connection: apsw.Connection,
    disk: Disk,
    chance: random.Random,
    *,
    life: str = "",
    writes: tuple[int, int] = (1, 160),
) -> list[tuple[int, str]]:
    """Journal until the power goes, at the earliest and the latest at these writes; return what was told."""
    told: list[tuple[int, str]] = []
    disk.writes_left = chance.randint(*writes)
    try:
        ledger = Ledger(connection, OWNER, Clock())
        for batch in range(BATCHES):
            taps = [f"tap-{life}{batch}-{n}" for n in range(chance.randint(1, 4))]
            acts = [a_passage(tap, right=tap, band=a_band(chance.randint(1, 99))) for tap in taps]
            done = ledger.run(acts)
            told += [
                (int(str(outcome.result)), tap) for outcome, tap in zip(done.outcomes, taps, strict=True)
            ]
            if chance.random() < 0.4:
                ledger.settle(chance.randint(1, 20))
    except (PowerIsGone, apsw.Error):
        return told
    disk.dead = True
    return told


def inspect(folder: Path, told: list[tuple[int, str]]) -> Cut:
    """Count told records, answers and uses that a stock driver does not find."""
    try:
        with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
            rows = {row[0] for row in connection.execute("SELECT seq FROM journal WHERE lane = 0")}
            whole = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            effects = Effects.load(connection)
            settled = {row[0] for row in connection.execute("SELECT tap_id FROM answers")}
    except (sqlite3.DatabaseError, StoreDamaged):
        return Cut(len(told), corrupt=True)
    answered = settled | {key[0] for key in effects.answers.entries}
    lost = sum(1 for seq, tap in told if seq not in rows or tap not in answered)
    journal = Journal(folder)
    contiguous = rows == set(range(1, len(rows) + 1)) and journal.verify().whole
    journal.close()
    return Cut(lost, corrupt=not (whole and contiguous))


def cuts(folder: Path, count: int, **how: object) -> list[Cut]:
    """So many cuts, each with its own seed."""
    return [
        cut_once(folder / str(seed), seed, **how)
        for seed in range(count)
        if (folder / str(seed)).mkdir() is None
    ]


@pytest.mark.timeout(30)
def test_no_power_cut_loses_what_was_told(tmp_path: Path) -> None:
    found = cuts(tmp_path, 60)
    assert [seed for seed, cut in enumerate(found) if cut.lost or cut.corrupt] == []


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(max(120, CUTS // 4))
def test_500_power_cuts_lose_nothing_that_was_told(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """`POLSO_CUTS=10000` is the goal."""
    found = cuts(tmp_path, CUTS)
    assert [seed for seed, cut in enumerate(found) if cut.lost or cut.corrupt] == []
    record_property(FIGURES, f"{len(found)} power cuts: 0 lost, 0 corrupt (floor 500, goal 10,000)")


@pytest.mark.timeout(30)
def test_without_full_synchronous_most_cuts_lose_what_was_told(tmp_path: Path) -> None:
    """The control: the same cuts with NORMAL."""
    found = cuts(tmp_path, 30, synchronous="normal")
    assert sum(1 for cut in found if cut.lost) > 15
    assert not any(cut.corrupt for cut in found)


@pytest.mark.timeout(30)
def test_a_disk_that_lies_about_syncing_is_beyond_help(tmp_path: Path) -> None:
    """The control: syncs that reach nothing lose told records or the file itself."""
    found = cuts(tmp_path, 30, honest=False)
    assert sum(1 for cut in found if cut.lost or cut.corrupt) > 15
