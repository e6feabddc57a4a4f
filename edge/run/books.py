"""The journal as operators look into it: whether it is whole, and all of it as CloudEvents."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from edge import config as configuration
from edge.errors import Unknown
from edge.store.journal import Journal


def opened(config: Path | None, data: Path | None) -> Journal:
    """Open the journal of a data folder for reading; the device may run meanwhile."""
    folder = data or Path(configuration.load(config).store.folder)
    if not (folder / "state.db").exists():
        raise Unknown(f"There is no journal in {folder}.", hint="Name the data folder with --data.")
    return Journal(folder)


def verify(config: Path | None, data: Path | None) -> tuple[bool, str]:
    """Return whether both chains are whole, and what was found in words."""
    journal = opened(config, data)
    try:
        report = journal.verify()
    finally:
        journal.close()
    return report.whole, report.words


def export(config: Path | None, data: Path | None, file: TextIO) -> int:
    """Write every event as one line of CloudEvents JSON; returns how many."""
    journal = opened(config, data)
    try:
        return journal.export(file)
    finally:
        journal.close()
