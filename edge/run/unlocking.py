"""Unlocking the data folder: the ring from its source, an old folder moved out, a key rolled."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import msgspec

from edge.config import Config
from edge.keys.choice import choose
from edge.keys.ring import Ring, new_ring
from edge.keys.source import KeyKept, NoKey, Source, sync_of
from edge.run import identity
from edge.run.boot import BOOT_FILE, CentralKey
from edge.store import driver, resealing
from edge.store.database import cut_log, open_writer
from edge.store.folder import Folder
from edge.store.former import bring_up_to_date, rebuild
from edge.store.live import live_file
from edge.store.migrations import STATE_VERSION, migrate
from edge.vault import FILE_KEY, SITE_FILE, Vault

FORMER_KEYS = "keys"
"""Until keys came from elsewhere they lay in the folder that they open."""
LOG = logging.getLogger("polso.keys")


class _Former(msgspec.Struct, frozen=True):
    """The file that lay beside the database."""

    site: bytes
    seal: bytes

    def __repr__(self) -> str:
        """Leave the keys out."""
        return "_Former()"


def source_of(config: Config) -> Source:
    """Return the key source that a configuration names."""
    key, folder = config.key, Path(config.store.folder)
    if key.source == CentralKey.name:
        return CentralKey(Path(key.path) if key.path else BOOT_FILE, folder, config.central)
    return choose(key.source, key.path, folder, seal_with=key.seal_with)


def encrypt_if(config: Config, vault: Vault) -> None:
    """Open the folder's files as encrypted ones where the configuration says so; what is, stays."""
    folder = Path(config.store.folder)
    if config.store.encrypt or (folder / FILE_KEY).exists():
        driver.encrypt(folder, vault.file_key(folder))


def unlock(folder: Path, source: Source) -> Vault:
    """Open the folder's vault; a key that lies inside the folder is moved out first, once."""
    if (folder / FORMER_KEYS).exists():
        held = Folder(folder)
        held.take()
        try:
            _move_out(folder, source)
        finally:
            held.release()
    return Vault.load(folder, source.ring())


def unlock_or_make(folder: Path, source: Source) -> Vault:
    """Open the folder's vault, or make one for a device that stays alone."""
    if (folder / SITE_FILE).exists() or (folder / FORMER_KEYS).exists():
        return unlock(folder, source)
    return Vault.create(folder, ring_of(source))


def ring_of(source: Source) -> Ring:
    """Return the source's ring, made now where it may be and there is none."""
    if not source.has_ring():
        source.put(new_ring())
    return source.ring()


def make(folder: Path, source: Source) -> None:
    """Make the first key; a folder that was made before keys came from elsewhere is moved over to it."""
    if source.has_ring():
        raise KeyKept
    if (folder / SITE_FILE).exists():
        raise NoKey(f"{folder} was sealed with a key that is not here.")
    source.put(new_ring())


def roll(folder: Path, source: Source) -> int:
    """Seal everything with a new key and forget the old one; return the new version.

    Both keys are kept while it lasts, so that it can be killed anywhere and begun again.
    """
    held = Folder(folder)
    held.take()
    try:
        ring = source.ring().rolled()
        vault = Vault.load(folder, source.ring())
        if (folder / FILE_KEY).exists():
            driver.encrypt(folder, vault.file_key(folder))
        source.put(ring)
        _reseal(folder, vault.with_ring(ring))
        source.put(ring.alone())
    finally:
        held.release()
    give_back(folder)
    return ring.newest


def _reseal(folder: Path, vault: Vault) -> None:
    vault.save(folder)
    if (folder / identity.IDENTITY_FILE).exists():
        identity.save(folder, vault, identity.load(folder, vault))
    live = live_file(folder)
    if live.exists():
        rebuild(live, vault)
    _in_state(folder, vault, again=True)


def _in_state(folder: Path, vault: Vault, *, again: bool) -> None:
    if not (folder / "state.db").exists():
        return
    connection = open_writer(folder / "state.db")
    try:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        migrate(connection, "state", STATE_VERSION, cells=vault)
        if again and found == STATE_VERSION:
            resealing.reseal(connection, vault)
        # What was written over is still in the log: fold it, so that no old page remains.
        cut_log(connection)
    finally:
        connection.close()


def _move_out(folder: Path, source: Source) -> None:
    """Seal everything with a key from elsewhere, then wipe the one inside; if killed, it begins again."""
    former = _former(folder / FORMER_KEYS)
    ring = ring_of(source)
    vault = Vault(former.site, ring, former=former.seal)
    vault.save(folder)
    if (folder / identity.IDENTITY_FILE).exists():
        identity.save(folder, vault, identity.load(folder, vault))
    live = live_file(folder)
    if live.exists():
        bring_up_to_date(live, vault)
    _in_state(folder, vault, again=False)
    _wipe(folder / FORMER_KEYS)
    LOG.warning("the key that lay in %s is wiped; from now on it comes from %s", folder, source.name)


def _former(path: Path) -> _Former:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=_Former)
    except (OSError, msgspec.MsgspecError):
        raise NoKey(f"{path} cannot be read.", hint="Bring it back, or enrol the device anew.") from None


def _wipe(path: Path) -> None:
    """Write over a file before its name goes; flash may keep old blocks, so everything was resealed first."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, bytes(os.fstat(descriptor).st_size))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()
    sync_of(path.parent)


def give_back(folder: Path) -> None:
    """Let the folder's owner own what root wrote into it; the service's account must open it again."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in folder.iterdir():
        if stat.S_ISREG(path.lstat().st_mode):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
