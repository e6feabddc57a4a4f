"""What a stolen folder tells: no key, no identifier, no ghost of what was erased."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from edge.core.bands import Band
from edge.core.profiles import Cursor, Item, Profile, ProfileItem
from edge.keys.ring import new_ring
from edge.store.database import WRITER, open_writer
from edge.store.profiles import Profiles
from edge.vault import Vault
from tests.store.house import a_passage, a_sequencer

UID = bytes.fromhex("04a1b2c3d4e5f6")
BAND_KEY = b"BAND-KEY-16-BYTE"
SITE_KEY = b"SITE-KEY-OF-THIRTY-TWO-OCTETS-OK"
NAMES = 200


def files_with(folder: Path, needle: bytes) -> list[str]:
    """Names of the files that hold these octets."""
    return [path.name for path in folder.iterdir() if needle in path.read_bytes()]


def lived_in(folder: Path) -> Vault:
    """A folder in which a band with a key has passed a gate."""
    vault = Vault.create(folder, new_ring(), SITE_KEY)
    band = vault.band_id(UID)
    item = ProfileItem(profile=Profile(band=Band(id=band), rev=1), keys={1: BAND_KEY})
    with a_sequencer(folder) as sequencer:
        profiles = Profiles(folder, vault)
        page = [Item(kind="profile", key=band.hex(), version=1, body=msgspec.msgpack.encode(item))]
        profiles.apply(page, Cursor(1, 1))
        sequencer.submit(a_passage("tap-1", band=band))
        assert profiles.keys(band) == {1: BAND_KEY}
        profiles.close()
    return vault


def test_neither_identifier_nor_keys_stand_in_any_file(tmp_path: Path) -> None:
    vault = lived_in(tmp_path)
    for secret in (UID, UID.hex().encode(), BAND_KEY, SITE_KEY):
        assert files_with(tmp_path, secret) == []
    assert files_with(tmp_path, vault.band_id(UID)), "the control: what should be there is found"


def planted(connection: sqlite3.Connection, *, erase: bool) -> None:
    """Write names and delete them again."""
    run = connection.execute
    run("CREATE TABLE guests (id INTEGER PRIMARY KEY, name TEXT)")
    for number in range(NAMES):
        run("INSERT INTO guests (name) VALUES (?)", (f"PLANTED NAME {number} " * 8,))
    run("DELETE FROM guests")
    if erase:
        run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def ghosts(folder: Path, pragmas: dict[str, str | int], *, erase: bool) -> int:
    """Copies of deleted names that are left while the file is still open."""
    connection = open_writer(folder / "state.db", pragmas)
    planted(connection, erase=erase)
    found = sum(path.read_bytes().count(b"PLANTED NAME") for path in folder.glob("state.db*"))
    connection.close()
    return found


def test_erased_rows_leave_no_ghost(tmp_path: Path) -> None:
    assert ghosts(tmp_path, dict(WRITER), erase=True) == 0


def test_without_secure_delete_or_without_the_checkpoint_ghosts_stay(tmp_path: Path) -> None:
    """The controls: each half of erasure alone."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    assert ghosts(tmp_path / "one", dict(WRITER) | {"secure_delete": 0}, erase=True) > 0
    assert ghosts(tmp_path / "other", dict(WRITER), erase=False) > 0


def test_erasure_reaches_rows_that_were_only_in_the_effects_log(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(lambda tx: tx.put("answers", "tap-1", b"PLANTED NAME" * 50))
        assert files_with(tmp_path, b"PLANTED NAME") != []
        sequencer.submit(lambda tx: tx.delete("answers", "tap-1"))
        assert sequencer.erase_ghosts()
        assert files_with(tmp_path, b"PLANTED NAME") == []
