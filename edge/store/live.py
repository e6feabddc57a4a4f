"""Live: which of the profile files is the one to read, as ``state.db`` says."""

from __future__ import annotations

import logging
from pathlib import Path

from edge.store import driver
from edge.store.database import open_reader
from edge.store.queries import QUERIES
from edge.store.trouble import trouble_of

FIRST_FILE = "profiles.0-0.db"
LOG = logging.getLogger("polso.store")


def live_file(folder: Path) -> Path:
    """Return the profile file that ``state.db`` points at, also where one bit of its name has flipped.

    Else a new one would be made under the wrong name, and the true one removed as nobody's.
    """
    name = _live_name(folder)
    there = {path.name.encode(): path for path in folder.glob("profiles.*.db")}
    if name in there:
        return there[name]
    for other, path in there.items():
        if _is_one_bit_away(name, other):
            LOG.error("a flipped bit had hidden which profiles are live: they are %s", path.name)
            return path
    return folder / name.decode(errors="replace")


def _is_one_bit_away(name: bytes, other: bytes) -> bool:
    if len(name) != len(other):
        return False
    return (int.from_bytes(name) ^ int.from_bytes(other)).bit_count() == 1


def _live_name(folder: Path) -> bytes:
    state = folder / "state.db"
    if not state.exists():
        return FIRST_FILE.encode()
    connection = open_reader(state)
    try:
        row = connection.execute(QUERIES["pointer"]).fetchone()
    except driver.ERRORS as error:
        raise trouble_of(error).error() from error
    finally:
        connection.close()
    return FIRST_FILE.encode() if row is None else bytes(row[0])


def remove_others(folder: Path, live: Path) -> None:
    """Remove every profile file but the live one."""
    for path in folder.glob("profiles.*"):
        if not path.name.startswith(live.name):
            path.unlink(missing_ok=True)
