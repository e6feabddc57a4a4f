"""Live: which of the profile files is the one to read, as ``state.db`` says."""

from __future__ import annotations

from pathlib import Path

from edge.store import driver
from edge.store.database import open_reader
from edge.store.queries import QUERIES
from edge.store.trouble import trouble_of

FIRST_FILE = "profiles.0-0.db"


def live_file(folder: Path) -> Path:
    """Return the profile file that ``state.db`` points at."""
    return folder / _live_name(folder)


def _live_name(folder: Path) -> str:
    state = folder / "state.db"
    if not state.exists():
        return FIRST_FILE
    connection = open_reader(state)
    try:
        row = connection.execute(QUERIES["pointer"]).fetchone()
    except driver.ERRORS as error:
        raise trouble_of(error).error() from error
    finally:
        connection.close()
    return FIRST_FILE if row is None else str(row[0])


def remove_others(folder: Path, live: Path) -> None:
    """Remove every profile file but the live one."""
    for path in folder.glob("profiles.*"):
        if not path.name.startswith(live.name):
            path.unlink(missing_ok=True)
