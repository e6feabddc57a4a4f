"""Acts over a disk that loses power: what the product says to SQLite is noted, and said again over it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from edge.store.database import open_writer
from tests.faults.power import Disk, PowerIsGone, PowerVFS
from tests.faults.test_power_cut import HOWS, connect

CUTS_MAX = 12
"""Cuts of one act; where it writes more often they lie evenly over it."""
SPEAKS = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "PRAGMA",
)
LOG_SYNCED = "-- the log's end is synced"
"""Said by no statement: the product does it past SQLite."""


class Act(NamedTuple):
    """One act: the file as it was before, and what the product said to it."""

    path: Path
    said: tuple[str, ...]


@contextmanager
def noted(connection: sqlite3.Connection) -> Iterator[list[str]]:
    """Note every statement with what was bound to it, and when the log is synced past SQLite."""
    said: list[str] = []

    def sync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name.endswith("-wal"):
            said.append(LOG_SYNCED)

    connection.set_trace_callback(said.append)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", sync)
        yield said
    connection.set_trace_callback(None)


def changing(said: list[str]) -> tuple[str, ...]:
    """Those of some words that change something."""
    return tuple(one for one in said if one == LOG_SYNCED or one.lstrip().upper().startswith(SPEAKS))


def an_act(folder: Path, path: Path, act: Callable[[sqlite3.Connection], object]) -> Act:
    """Copy a closed file, have the product do its act to the original, and note what it says."""
    (folder / "before").mkdir()
    shutil.copyfile(path, folder / "before" / path.name)
    with closing(open_writer(path)) as connection, noted(connection) as said:
        act(connection)
    return Act(folder / "before" / path.name, changing(said))


class Left(NamedTuple):
    """What one cut leaves: a folder, and whether the act had ended before."""

    folder: Path
    done: bool


def cut_at(act: Act, folder: Path, write: int, how: str, **settings: str) -> tuple[Left, list[int]]:
    """Say an act's words over a disk that loses power at one write, or never (0).

    Returns what is left, and how many writes there had been after each statement.
    """
    run, left = folder / "run", folder / "left"
    for made in (run, left):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
    path = run / act.path.name
    shutil.copyfile(act.path, path)
    disk = Disk()
    vfs = PowerVFS(disk, "power")
    connection = connect(path, disk, "full")
    for name, value in settings.items():
        connection.execute(f"PRAGMA {name}={value}").fetchall()
    disk.writes_left, done, written = write or -1, False, list[int]()
    with suppress(PowerIsGone, apsw.Error):
        for one in act.said:
            if one == LOG_SYNCED:
                disk.sync(f"{path}-wal")
            else:
                connection.execute(one).fetchall()
            written.append(disk.written)
        done = True
    done, disk.dead = done and not disk.dead, True
    disk.cut(left, how, random.Random(write))  # noqa: S311  # a seeded plan, no secret
    connection.close()
    vfs.unregister()
    return Left(left, done), written


def every_cut(act: Act, folder: Path, **settings: str) -> Iterator[Left]:
    """Cut an act evenly over all its writes, where one sort of words ends, and behind its end."""
    whole, writes = cut_at(act, folder, 0, "none", **settings)
    assert whole.done
    yield whole
    sorts = [one.split()[:3] for one in act.said]
    ends = [count for count, here, after in zip(writes, sorts, sorts[1:], strict=False) if here != after]
    between = {count + 1 for count in ends if count < writes[-1]}
    for write in sorted({*range(1, writes[-1] + 1, max(1, writes[-1] // CUTS_MAX)), *between}):
        how = "none" if write in between else HOWS[write % len(HOWS)]
        yield cut_at(act, folder, write, how, **settings)[0]


def octets(folder: Path) -> bytes:
    """Everything that lies in a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
