"""Backup: a device's journal and profiles in one file without its identity, and back as a mere witness."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import msgspec

from edge import config as configuration
from edge.clock import Clock, wall_ms
from edge.config import Config
from edge.errors import Refused, StoreError, Unknown
from edge.run.books import opened
from edge.run.enrol import TRY_FILE
from edge.run.identity import IDENTITY_FILE
from edge.run.unlocking import FORMER_KEYS, encrypt_if, source_of, unlock
from edge.sequencer import Sequencer
from edge.store import driver
from edge.store.folder import Folder, sync_folder
from edge.store.journal import Journal
from edge.store.live import live_file
from edge.store.records import LANES, Owner
from edge.store.state import Store
from edge.vault import FILE_KEY, SITE_FILE

MANIFEST = "manifest.json"
STATE = "state.db"
SEALED = (SITE_FILE, FILE_KEY)
"""Files that the device's own key opens, which lies elsewhere and stays there."""
PIECE_BYTES = 1_048_576
FILES_MAX = 8
RESTORING = "restoring"
"""Where a backup is unpacked and frozen, within the folder that it goes to."""
TRIES_MAX = 5
"""So often profiles may be exchanged under our hands."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Whose backup it is, when it was made, how far the journal went, and the SHA-256 of each file."""

    version: int = 1
    site: str
    device: str
    made_ms: int
    heads: tuple[int, ...]
    files: dict[str, str]


class NoBackup(Refused):
    """This is no backup of a device, or it is damaged."""

    hint = "Take another copy of it; nothing was restored."


def save(config: Path | None, data_dir: Path | None, file: Path) -> str:
    """Put a consistent copy of a data folder into ``file``, its device running or not; say what is in it."""
    folder = data_dir or Path(configuration.load(config).store.folder)
    journal = opened(config, data_dir)
    try:
        owner = journal.owner()
    finally:
        journal.close()
    with tempfile.TemporaryDirectory(prefix=".polso-backup-", dir=file.absolute().parent) as made:
        try:
            manifest = _gathered(folder, Path(made), owner)
            _pack(Path(made), manifest, file)
        finally:
            driver.forget(Path(made))
    heads = ", ".join(f"lane {lane} to {seq}" for lane, seq in enumerate(manifest.heads))
    return f"{file} holds {owner.device} of {owner.site}: {heads}. Its identity and its keys stay here."


def restore(config: Path | None, file: Path) -> str:
    """Put a backup into the configured folder, which must be new, and freeze it; say what it is good for.

    A journal from a backup may be older than what the device once sent, so nothing is ever appended to it:
    this machine is enrolled anew, into another folder (the fork rule of central).
    """
    told = configuration.load(config)
    folder = Path(told.store.folder)
    held = Folder(folder)
    held.take()
    try:
        _demand_new(folder)
        manifest, frozen = _brought_in(told, file, folder)
    finally:
        held.release()
    return (
        f"{folder} holds {manifest.device} of {manifest.site} as it was, frozen: {frozen}\n"
        "Read it with `polso journal verify` and `polso journal export`; sales that central lacks come\n"
        "from the second folder (`polso salvage`). To go on, enrol this machine anew: `polso enrol URL`\n"
        "with a code from the console, into a store.folder of its own."
    )


def _demand_new(folder: Path) -> None:
    """Refuse a folder that holds anything of a device, a killed one's log or half an enrolment among it."""
    if (folder / TRY_FILE).exists():
        raise Refused(
            f"An enrolment was begun in {folder}.",
            hint="Name another folder in store.folder: `polso enrol` goes on in this one.",
        )
    known = (IDENTITY_FILE, FORMER_KEYS, *SEALED)
    if any(path.name in known or path.name.startswith((STATE, "profiles.")) for path in folder.iterdir()):
        raise Refused(f"{folder} belongs to a device already.", hint="Name a new folder in store.folder.")


def _brought_in(told: Config, file: Path, folder: Path) -> tuple[Manifest, str]:
    """Unpack and freeze it where nobody takes it for the device, and only then give the files their names."""
    new = folder / RESTORING
    if new.exists():  # of a restore that was killed: nothing else has this name
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    try:
        manifest = _unpacked(file, new)
        frozen = _frozen(told, new, manifest)
        if (new / f"{STATE}-wal").exists():
            raise StoreError("The frozen journal could not be closed.", hint="Try again.")
        names = [path.name for path in new.iterdir() if _is_ours(path.name)]
        for name in sorted(names, key=lambda name: name != STATE):  # the frozen journal goes first
            (new / name).replace(folder / name)
        sync_folder(folder)
    finally:
        driver.forget(new)
        shutil.rmtree(new)
    return manifest, frozen


def _gathered(folder: Path, made: Path, owner: Owner) -> Manifest:
    """Copy the state, then the profiles that this very copy points at."""
    for _ in range(TRIES_MAX):
        (made / STATE).unlink(missing_ok=True)
        driver.copy(folder / STATE, made / STATE)
        live = live_file(made).name
        try:
            if (folder / live).exists():
                driver.copy(folder / live, made / live)
        except driver.ERRORS:
            (made / live).unlink(missing_ok=True)
            continue  # exchanged meanwhile: the state's next copy points at what is there
        break
    else:
        raise StoreError("The profiles are exchanged all the time.", hint="Try again later.")
    for name in SEALED:
        if (folder / name).exists():
            (made / name).write_bytes((folder / name).read_bytes())
    journal = Journal(made)
    try:
        heads = tuple(journal.head(lane).seq for lane in LANES)
    finally:
        journal.close()
    files = {path.name: _digest(path) for path in sorted(made.iterdir()) if _is_ours(path.name)}
    return Manifest(site=owner.site, device=owner.device, made_ms=wall_ms(), heads=heads, files=files)


def _is_ours(name: str) -> bool:
    """Say whether a backup holds a file of this name, and nothing else ever comes out of one."""
    profiles = name.startswith("profiles.") and name.endswith(".db")
    return "/" not in name and (name == STATE or name in SEALED or profiles)


def _digest(path: Path) -> str:
    with path.open("rb") as opened_file:
        return hashlib.file_digest(opened_file, "sha256").hexdigest()


def _pack(made: Path, manifest: Manifest, file: Path) -> None:
    """Write the archive beside its place, durable, then put it there in one step; only its owner reads it."""
    new = made / "archive.tar"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w") as archive:
            words = msgspec.json.encode(manifest)
            head = tarfile.TarInfo(MANIFEST)
            head.size = len(words)
            archive.addfile(head, io.BytesIO(words))
            for name in manifest.files:
                archive.add(made / name, name)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)


def _unpacked(file: Path, folder: Path) -> Manifest:
    """Take the files out whose names and digests the manifest tells; anything else is no backup."""
    try:
        with tarfile.open(file, mode="r:") as archive:
            manifest = msgspec.json.decode(_read(archive, MANIFEST), type=Manifest)
            if not all(map(_is_ours, manifest.files)) or not 0 < len(manifest.files) <= FILES_MAX:
                raise NoBackup
            for name in manifest.files:
                with (folder / name).open("xb") as out:
                    os.fchmod(out.fileno(), 0o600)
                    _pour(archive, name, out)
                    os.fsync(out.fileno())
    except (tarfile.TarError, msgspec.MsgspecError, EOFError) as error:
        raise NoBackup(f"{file} is no backup of a device.") from error
    except FileNotFoundError as error:
        raise Unknown(f"There is no {file}.") from error
    for name, digest in manifest.files.items():
        if _digest(folder / name) != digest:
            raise NoBackup(f"{name} in {file} is not what was saved.")
    return manifest


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    out = io.BytesIO()
    _pour(archive, name, out)
    return out.getvalue()


def _pour(archive: tarfile.TarFile, name: str, out: io.BufferedIOBase) -> None:
    try:
        member = archive.extractfile(name)
    except KeyError as error:
        raise NoBackup(f"It lacks {name}.") from error
    if member is None:
        raise NoBackup(f"{name} is no file in it.")
    while piece := member.read(PIECE_BYTES):
        out.write(piece)
    out.flush()


def _frozen(told: Config, folder: Path, manifest: Manifest) -> str:
    """Freeze the journal for good: whoever brings the identity back finds that nothing can be appended."""
    store = Store(folder)
    if SITE_FILE in manifest.files:
        vault = unlock(folder, source_of(told))  # without its key nobody could read it either
        store_here = msgspec.structs.replace(told.store, folder=str(folder))
        encrypt_if(msgspec.structs.replace(told, store=store_here), vault)
        store.seal_by(vault)
    journal = Journal(folder)
    try:
        owner = journal.owner()
    finally:
        journal.close()
    why = f"Restored from a backup that ends at {' and '.join(map(str, manifest.heads))}: an old copy."
    sequencer = Sequencer(store, Clock(), site=owner.site, device=owner.device, public_key=owner.public_key)
    sequencer.start()
    try:
        sequencer.freeze(why)
    finally:
        sequencer.stop()
    return why
