"""A profile file of an earlier schema or key, built anew as it would be written today."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from edge.core.profiles import Item, Profile, ProfileItem
from edge.errors import StoreDamaged
from edge.store import profilefile
from edge.store.database import open_reader, open_writer
from edge.store.folder import sync_folder
from edge.store.migrations import PROFILES_VERSION
from edge.store.profilefile import DECODE_KEYS, ENCODE, Least, profile_cell, site_cell
from edge.store.queries import QUERIES
from edge.vault import Vault

CLEAR_VERSION = 1
"""The schema whose bodies lay clear, with a digest each."""
DECODE_PROFILE = msgspec.msgpack.Decoder(Profile).decode


def bring_up_to_date(path: Path, vault: Vault) -> None:
    """Make a file that is not there; build one of an earlier schema anew, so that no old page remains."""
    if path.exists():
        connection = open_reader(path)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        finally:
            connection.close()
        if version == CLEAR_VERSION:
            rebuild(path, vault)
            return
    profilefile.create(path).close()


def rebuild(path: Path, vault: Vault) -> None:
    """Write a file anew with the newest key and put it in place of the old; whenever killed, one stands."""
    _fold(path)
    new = path.with_name(f"{path.name}.new")
    connection = open_reader(path)
    try:
        clear = connection.execute(QUERIES["cursor"]).fetchone()
        noted = connection.execute(QUERIES["site_one"], (profilefile.CURSOR, "")).fetchone()
        refused = connection.execute(QUERIES["refused_whole"]).fetchall()
        cursor = profilefile.standing(vault, clear, noted)
        # Nothing is written beside it yet, and the old one goes: a device starts with as little as it needs.
        items = _items(connection, vault)
        profilefile.build(new, vault, items, cursor=cursor, least=Least(0, room=0))
    finally:
        connection.close()
    _refuse(new, refused)
    new.replace(path)
    sync_folder(path.parent)


def _fold(path: Path) -> None:
    """Move what the write-ahead log holds into the file: the log is not replaced together with it."""
    connection = open_writer(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


def _refuse(path: Path, refused: list[tuple[bytes]]) -> None:
    if refused:
        connection = open_writer(path)
        connection.executemany(QUERIES["refused_set"], refused)
        connection.close()


def _items(connection: sqlite3.Connection, vault: Vault) -> Iterator[Item]:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    return _clear_items(connection, vault) if version < PROFILES_VERSION else _sealed_items(connection, vault)


def _sealed_items(connection: sqlite3.Connection, vault: Vault) -> Iterator[Item]:
    for band, rev, body, keys in connection.execute(QUERIES["profiles_whole"]):
        profile = vault.open(body, "profiles", "body", row=profile_cell(band, rev))
        yield _item(profile, rev, _keys(vault, band, keys))
    for kind, key, version, body in connection.execute(QUERIES["site_whole"]):
        if kind == profilefile.CURSOR:
            continue  # it is written with the clear one, and where a bit of it has flipped that one counts
        plain = vault.open(body, "site", kind, row=site_cell(key, version))
        yield Item(kind=kind, key=key, version=version, body=plain)


def _clear_items(connection: sqlite3.Connection, vault: Vault) -> Iterator[Item]:
    for band, rev, guest, name, body, keys, check in connection.execute(QUERIES["profiles_former"]):
        clear = b"%b\0%d\0%b\0%b\0" % (band, rev, (guest or "").encode(), (name or "").encode())
        _check(vault, clear + body, check)
        yield _item(body, rev, _keys(vault, band, keys))
    for kind, key, version, body, check in connection.execute(QUERIES["site_former"]):
        _check(vault, f"{kind}\0{key}\0{version}\0".encode() + body, check)
        yield Item(kind=kind, key=key, version=version, body=body)


def _check(vault: Vault, content: bytes, check: bytes) -> None:
    if not vault.former_digest_is(content, check):
        raise StoreDamaged("A row of the profiles is not what central sent.", hint="Enrol the device anew.")


def _keys(vault: Vault, band: bytes, sealed: bytes | None) -> dict[int, bytes]:
    return {} if sealed is None else DECODE_KEYS(vault.open(sealed, "profiles", "keys", row=band))


def _item(body: bytes, rev: int, keys: dict[int, bytes]) -> Item:
    profile = DECODE_PROFILE(body)
    whole = ENCODE(ProfileItem(profile=profile, keys=keys))
    return Item(kind="profile", key=profile.band.id.hex(), version=rev, body=whole)
