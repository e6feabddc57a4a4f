"""A profile file as it is written: page by page from the feed, or whole from a snapshot."""

from __future__ import annotations

import shutil
import sqlite3
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.core.bands import BAND_ID_BYTES
from edge.core.onair import ON_AIR
from edge.core.profiles import Cursor, Item, ProfileItem
from edge.errors import Refused, StoreDamaged, StoreError
from edge.store import driver
from edge.store.database import cut_log, open_writer, set_pragma
from edge.store.folder import sync_file, sync_folder
from edge.store.migrations import PROFILES_INDEX, PROFILES_VERSION, migrate, run_all, statements
from edge.store.queries import QUERIES
from edge.store.records import Cell, Row
from edge.vault import Vault

BUILD_ROWS_MAX = 10_000
"""Rows in one transaction of a build."""
PAGE_ITEMS_MAX = 10_000
"""Items in one page of the feed."""
KEY_BYTES = 8
START_CHARS = 4
"""Characters of a name that its blind index knows; a shorter search finds nothing."""
BUILD_CACHE_KIB = 65_536
BUILDING: Mapping[str, str | int] = {
    "journal_mode": "off",
    "synchronous": 0,
    "cache_size": -BUILD_CACHE_KIB,
    "temp_store": 2,
}
"""A file that is thrown away unless it gets finished needs no journal; it is synced before it goes live."""
ROOM_BYTES = 8_388_608
"""A file beside the live one leaves as much of the disk free: the journal is written there too."""
ROOM_SHARE = 8
"""... or this part of its own size, which is more than the largest index that its last steps add."""

CURSOR = "cursor"
"""The kind under which the cursor stands sealed among what central told of the site."""

DECODE_CURSOR = msgspec.msgpack.Decoder(tuple[int, int]).decode
DECODE_ITEM = msgspec.msgpack.Decoder(ProfileItem).decode
DECODE_KEYS = msgspec.msgpack.Decoder(dict[int, bytes]).decode
ENCODE = msgspec.msgpack.Encoder().encode


def key_of_band(band: bytes) -> int:
    """Return the integer key of a band: the first 63 bits of its BandId."""
    return int.from_bytes(band[:KEY_BYTES], "big") >> 1


def folded(name: str) -> str:
    """Return a name as it is searched: without case and accents."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in bare if not unicodedata.combining(char))


def profile_cell(band: bytes, rev: int) -> bytes:
    """Return what a profile's sealed body is bound to: the clear columns of its row."""
    return b"%b\0%d" % (band, rev)


def site_cell(key: str, version: int) -> bytes:
    """Return what the sealed body of a thing of the site is bound to, beside its kind."""
    return f"{key}\0{version}".encode()


def start_of(vault: Vault, name: str) -> int | None:
    """Return the blinded first characters of a folded name that has so many."""
    return vault.blind(b"start " + name[:START_CHARS].encode()) if len(name) >= START_CHARS else None


def create(path: Path) -> sqlite3.Connection:
    """Open a profile file's one writing connection, its schema up to date."""
    connection = open_writer(path)
    try:
        migrate(connection, "profiles", PROFILES_VERSION)
        run_all(connection, PROFILES_INDEX)
    except BaseException:
        connection.close()
        raise
    return connection


def apply(connection: sqlite3.Connection, vault: Vault, page: Sequence[Item], *, cursor: Cursor) -> None:
    """Write a page and its cursor in one transaction; a page that does not decode changes nothing."""
    if len(page) > PAGE_ITEMS_MAX:
        raise Refused(f"A page has {len(page)} items; at most {PAGE_ITEMS_MAX} are taken.")
    writes = [(item, _decoded(item)) for item in page]
    connection.execute(QUERIES["begin"])
    try:
        for item, decoded in writes:
            _write(connection, vault, item, decoded=decoded)
        _move(connection, vault, cursor)
        connection.execute(QUERIES["commit"])
    except BaseException:
        if connection.in_transaction:
            connection.execute(QUERIES["rollback"])
        raise


def drop(connection: sqlite3.Connection, bands: Iterable[bytes]) -> None:
    """Delete the rows of these bands in one transaction; the cursor stays where it is."""
    connection.execute(QUERIES["begin"])
    try:
        for band in bands:
            connection.execute(QUERIES["profile_drop"], (key_of_band(band), band))
        connection.execute(QUERIES["commit"])
    except BaseException:
        if connection.in_transaction:
            connection.execute(QUERIES["rollback"])
        raise


class Least(NamedTuple):
    """What a file that is built has at the least, and what it leaves."""

    rows: int
    """Profiles in it."""
    room: int
    """Octets of the disk that stay free, however small it is."""


def build(path: Path, vault: Vault, items: Iterable[Item], *, cursor: Cursor, least: Least) -> None:
    """Write a whole file: rows, indexes, cursor, check, sync; whatever goes wrong leaves nothing behind.

    Raises ``Refused`` where there are fewer profiles than ``least``, ``StoreError`` where too little room
    would be left, and what SQLite and ``items`` raise.
    """
    discard(path)
    connection = open_writer(path, BUILDING)
    try:
        migrate(connection, "profiles", PROFILES_VERSION)
        _fill(connection, vault, items, path=path, room=least.room)
        for index in statements(PROFILES_INDEX):
            _demand_room(path, least.room)
            connection.execute(index)
        _move(connection, vault, cursor)
        _check(connection, least.rows)
        set_pragma(connection, "journal_mode", "wal")
        connection.close()
        _sync(path)
    except BaseException:
        connection.close()
        discard(path)
        raise


def standing(vault: Vault, row: Row, noted: Row) -> Cursor:
    """Return how far the feed has been applied: what the clear row says, unless the sealed one says less.

    A cursor that a flipped bit moves on would pass over a revocation in silence; one that goes back has
    applied again what is applied already. The sealed one is older where a former release wrote the clear one.
    """
    told = Cursor() if row is None else Cursor(*row)
    if noted is None:
        return told
    version, sealed = noted
    try:
        sure = Cursor(*DECODE_CURSOR(vault.open(sealed, "site", CURSOR, row=site_cell("", version))))
    except StoreDamaged:
        return told  # the flipped bit is in this one
    return told if told.epoch == sure.epoch and told.seq < sure.seq else sure


def _move(connection: sqlite3.Connection, vault: Vault, cursor: Cursor) -> None:
    """Note in the transaction that applied it how far the feed has come: clear, and sealed."""
    connection.execute(QUERIES["cursor_set"], (cursor.epoch, cursor.seq))
    sealed = vault.seal(ENCODE((cursor.epoch, cursor.seq)), "site", CURSOR, row=site_cell("", cursor.seq))
    connection.execute(QUERIES["site_set"], (CURSOR, "", cursor.seq, sealed))


def forget(connection: sqlite3.Connection) -> bool:
    """Delete every row and each byte of it; False while a reader still holds some."""
    connection.execute(QUERIES["begin"])
    for name in ("profiles_forget", "site_forget"):
        connection.execute(QUERIES[name])
    connection.execute(QUERIES["cursor_set"], (0, 0))
    connection.execute(QUERIES["commit"])
    return cut_log(connection)


def discard(path: Path) -> None:
    """Remove a profile file and what SQLite laid beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _fill(
    connection: sqlite3.Connection, vault: Vault, items: Iterable[Item], *, path: Path, room: int
) -> None:
    rest = iter(items)
    while piece := list(islice(rest, BUILD_ROWS_MAX)):
        _demand_room(path, room)
        connection.execute(QUERIES["begin"])
        for item in piece:
            _write(connection, vault, item, decoded=_decoded(item))
        connection.execute(QUERIES["commit"])


def _demand_room(path: Path, room: int) -> None:
    """Raise ``StoreError`` before a file that is built takes from the journal what it needs to go on."""
    least = max(room, path.stat().st_size // ROOM_SHARE)
    free = shutil.disk_usage(path.parent).free
    if free < least:
        raise StoreError(
            f"A new copy of the profiles was not built: {free} octets are free, {least} stay so.",
            hint="Free space on the device; it goes on with the copy that it has, and tries again by itself.",
        )


def _check(connection: sqlite3.Connection, rows_min: int) -> None:
    count = connection.execute(QUERIES["profile_count"]).fetchone()[0]
    if count < rows_min:
        raise Refused(f"The snapshot has {count} profiles where {rows_min} were promised.")
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise Refused(f"The snapshot's file is damaged: {found}")


def _sync(path: Path) -> None:
    sync_file(path)
    sync_folder(path.parent)


def _decoded(item: Item) -> ProfileItem | None:
    if item.kind != "profile" or item.body is None:
        return None
    try:
        decoded = DECODE_ITEM(item.body)
        band = bytes.fromhex(item.key)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused(f"The profile {item.key} does not decode: {error}") from error
    if decoded.profile.band.id != band or len(band) != BAND_ID_BYTES:
        raise Refused(f"The profile {item.key} speaks of another band.")
    return decoded


def _write(connection: sqlite3.Connection, vault: Vault, item: Item, *, decoded: ProfileItem | None) -> None:
    if item.kind != "profile":
        _write_site(connection, vault, item)
        return
    band = bytes.fromhex(item.key)
    key = key_of_band(band)
    if decoded is None:
        connection.execute(QUERIES["profile_drop"], (key, band))
        return
    row = _row(vault, item, decoded)
    try:
        connection.execute(QUERIES["profile_add"], row)
    except driver.DUPLICATES:
        _replace(connection, row)


def _replace(connection: sqlite3.Connection, row: tuple[Cell, ...]) -> None:
    """Put a row over an older one; the later of two bands with one key is refused."""
    held, rev = connection.execute(QUERIES["profile_rev"], (row[0],)).fetchone()
    if held != row[1]:
        connection.execute(QUERIES["refused_set"], (row[1],))
    elif isinstance(row[2], int) and row[2] >= rev:
        connection.execute(QUERIES["profile_replace"], (*row[2:], row[0]))


def _row(vault: Vault, item: Item, decoded: ProfileItem) -> tuple[Cell, ...]:
    profile, version = decoded.profile, item.version
    keys = {**decoded.keys, ON_AIR: decoded.on_air} if decoded.on_air else decoded.keys
    band, name = profile.band.id, folded(profile.name)
    return (
        key_of_band(band),
        band,
        version,
        vault.blind(b"guest " + profile.guest.encode()) if profile.guest else None,
        vault.blind(b"name " + name.encode()) if name else None,
        start_of(vault, name),
        vault.seal(ENCODE(profile), "profiles", "body", row=profile_cell(band, version)),
        vault.seal(ENCODE(keys), "profiles", "keys", row=band) if keys else None,
    )


def _write_site(connection: sqlite3.Connection, vault: Vault, item: Item) -> None:
    if item.body is None:
        connection.execute(QUERIES["site_drop"], (item.kind, item.key))
        return
    row = connection.execute(QUERIES["site_one"], (item.kind, item.key)).fetchone()
    if row is not None and row[0] > item.version:
        return
    sealed = vault.seal(item.body, "site", item.kind, row=site_cell(item.key, item.version))
    connection.execute(QUERIES["site_set"], (item.kind, item.key, item.version, sealed))
