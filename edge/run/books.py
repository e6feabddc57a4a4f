"""The journal as operators look into it: whether it is whole, and all of it as CloudEvents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from edge import config as configuration
from edge.core.checkpoint import Checkpoint
from edge.errors import Unknown
from edge.run.unlocking import source_of, unlock
from edge.signature import is_signed
from edge.store import driver
from edge.store.journal import Journal
from edge.store.profiles import passed_on
from edge.store.records import Owner
from edge.store.secondplace import CheckpointError, path_of, read, write
from edge.store.verification import Break, Report
from edge.vault import FILE_KEY


def opened(config: Path | None, data_dir: Path | None) -> Journal:
    """Open the journal of a data folder for reading; the device may run meanwhile."""
    told = configuration.load(config)
    folder = data_dir or Path(told.store.folder)
    if (folder / FILE_KEY).exists():
        vault = unlock(folder, source_of(told))
        driver.encrypt(folder, vault.file_key(folder))
    for place in (folder, folder / "edge"):  # a demo park keeps its edge in a folder of its own
        if (place / "state.db").exists():
            return Journal(place)
    raise Unknown(f"There is no journal in {folder}.", hint="Name the data folder with --data.")


def verify(config: Path | None, data_dir: Path | None, files: Sequence[Path] = ()) -> tuple[bool, str]:
    """Return whether both chains are whole, and what was found in words.

    Compared with the checkpoints kept beside the records, in the configured second place and in ``files``.
    """
    journal = opened(config, data_dir)
    try:
        owner = journal.owner()
        second = configuration.load(config).store.second_folder
        there = path_of(Path(second), owner.device)
        seen = [*files, *([there] if second and there.exists() else [])]
        report = journal.verify([_own(read(path), path, owner) for path in seen])
    finally:
        journal.close()
    return report.whole, _words(report)


def checkpoint(config: Path | None, data_dir: Path | None, folder: Path, *, of: str = "") -> Path:
    """Put the newest checkpoint that is kept here (``of`` a sibling) into a folder; returns the file."""
    journal = opened(config, data_dir)
    try:
        device = of or journal.owner().device
        kept = _passed_on(config, data_dir, of) if of else journal.checkpoints()
    finally:
        journal.close()
    if of and not kept:
        raise Unknown(f"No checkpoint of {of} is kept here.", hint="Central passes them on once a minute.")
    if not kept:
        raise Unknown(
            "There is no checkpoint yet.", hint="One is made with the first record after the start."
        )
    try:
        write(folder, kept[-1])
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written: {error}.", hint="Name another folder.") from error
    return path_of(folder, device)


def _passed_on(config: Path | None, data_dir: Path | None, device: str) -> tuple[Checkpoint, ...]:
    """Return what central passed on of another device of the site; it lies sealed among the profiles."""
    told = configuration.load(config)
    folder = data_dir or Path(told.store.folder)
    found = passed_on(folder, unlock(folder, source_of(told)), device)
    return () if found is None else (found,)


def _own(found: Checkpoint, path: Path, owner: Owner) -> Checkpoint:
    """Return a checkpoint that this very device has signed; any other is no witness."""
    if (found.site, found.device) != (owner.site, owner.device) or not is_signed(found, owner.public_key):
        raise CheckpointError(f"{path} was not signed by {owner.device} at {owner.site}.")
    return found


def _words(report: Report) -> str:
    """Say of each lane what was checked, and of each break where it is and of what kind."""
    owner = report.owner
    lines = [f"journal of {owner.device} at {owner.site}"]
    for lane in report.lanes:
        lines.append(f"lane {lane.lane}: {lane.checked} records, {lane.first} to {lane.last}")
        lines += [f"  record {found.seq}: {found.wrong.value}, {_good(found)}" for found in lane.breaks]
    vouched = "no checkpoint was there to compare with: a cut tail would not be seen"
    lines.append(vouched if report.vouched is None else f"checkpoints vouch for {report.vouched} records")
    lines.append("whole" if report.whole else "NOT WHOLE: keep the folder, enrol anew, call support")
    return "\n".join(lines)


def _good(found: Break) -> str:
    return "no good checkpoint before it" if found.good is None else f"good up to checkpoint {found.good}"


def export(config: Path | None, data_dir: Path | None, file: TextIO) -> int:
    """Write every event as one line of CloudEvents JSON; returns how many."""
    journal = opened(config, data_dir)
    try:
        return journal.export(file)
    finally:
        journal.close()
