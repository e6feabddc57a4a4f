"""The journal as operators look into it: whether it is whole, and all of it as CloudEvents."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from edge import config as configuration
from edge.errors import Unknown
from edge.store.journal import Journal
from edge.store.verification import Report


def opened(config: Path | None, data_dir: Path | None) -> Journal:
    """Open the journal of a data folder for reading; the device may run meanwhile."""
    folder = data_dir or Path(configuration.load(config).store.folder)
    for place in (folder, folder / "edge"):  # a demo park keeps its edge in a folder of its own
        if (place / "state.db").exists():
            return Journal(place)
    raise Unknown(f"There is no journal in {folder}.", hint="Name the data folder with --data.")


def verify(config: Path | None, data_dir: Path | None) -> tuple[bool, str]:
    """Return whether both chains are whole, and what was found in words."""
    journal = opened(config, data_dir)
    try:
        report = journal.verify()
    finally:
        journal.close()
    return report.whole, _words(report)


def _words(report: Report) -> str:
    """Say of each lane what was checked, and of each break where it is and of what kind."""
    owner = report.owner
    lines = [f"journal of {owner.device} at {owner.site}"]
    for lane in report.lanes:
        lines.append(f"lane {lane.lane}: {lane.checked} records, {lane.first} to {lane.last}")
        lines += [f"  record {found.seq}: {found.wrong.value}" for found in lane.breaks]
    lines.append("whole" if report.whole else "NOT WHOLE: keep the folder, enrol anew, call support")
    return "\n".join(lines)


def export(config: Path | None, data_dir: Path | None, file: TextIO) -> int:
    """Write every event as one line of CloudEvents JSON; returns how many."""
    journal = opened(config, data_dir)
    try:
        return journal.export(file)
    finally:
        journal.close()
