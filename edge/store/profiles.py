"""The profiles: the site's local copy of bands, guests, staff and layout, as central last told it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.core.places import Layout
from edge.core.profiles import Cursor, Item, Profile, StaffMember
from edge.errors import StoreDamaged, StoreError
from edge.store import profilefile
from edge.store.database import open_reader
from edge.store.profilefile import DECODE_KEYS, key_of_band, profile_name, site_name
from edge.store.queries import QUERIES
from edge.store.readers import Readers
from edge.store.records import Row
from edge.store.trouble import trouble_of
from edge.vault import Vault

SEARCH_MAX = 50
SEARCH_CHARS_MIN = 4
SITE_ROWS_MAX = 10_000
FIRST_FILE = "profiles.0-0.db"
LAST_CHAR = "\U0010ffff"

DECODE_PROFILE = msgspec.msgpack.Decoder(Profile).decode
DECODE_LAYOUT = msgspec.msgpack.Decoder(Layout).decode
DECODE_STAFF = msgspec.msgpack.Decoder(StaffMember).decode


class _Told(NamedTuple):
    layout: Layout | None
    staff: tuple[StaffMember, ...]
    cursor: Cursor


class Profiles:
    """Answers taps from any thread; one pull thread applies what central sends, or swaps the file whole.

    Which file is live stands in ``state.db``: anything else named like a profile file is removed at start.
    """

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Open the live file of ``folder``, made if there is none yet."""
        self._folder = folder
        self._vault = vault
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        live = folder / _live_name(folder)
        if not live.exists():
            profilefile.create(live).close()
        _remove_others(folder, live)
        self._readers = Readers(live, unused=profilefile.discard)
        self._told: _Told | None = None
        self._round = 0
        self._telling = threading.Lock()

    def close(self) -> None:
        """Close every connection of this file."""
        with self._writing:
            self._drop_writer()
        self._readers.close()

    # For every thread

    def get(self, band: bytes) -> Profile | None:
        """Return what central says of a band; ``StoreDamaged`` where the row is not what was written."""
        row = self._readers.one(QUERIES["profile"], (key_of_band(band),))
        if row is None or row[0] != band:
            return None
        return self._profile(row)

    def keys(self, band: bytes) -> dict[int, bytes]:
        """Return a band's own keys by key number, unsealed; empty for an unknown band."""
        row = self._readers.one(QUERIES["profile_keys"], (key_of_band(band),))
        if row is None or row[0] != band or row[1] is None:
            return {}
        return DECODE_KEYS(self._vault.open(row[1], "profiles", "keys", row=band))

    def was_refused(self, band: bytes) -> bool:
        """Say whether another band holds this one's place (odds near 5e-8 among a million)."""
        return self._readers.one(QUERIES["refused"], (band,)) is not None

    def refused(self) -> int:
        """Return how many bands were refused because another holds their key: an alarm."""
        return int(self._readers.one(QUERIES["refused_count"])[0])

    def layout(self) -> Layout | None:
        """Return the site's layout as last applied."""
        return self._told_now().layout

    def staff(self) -> tuple[StaffMember, ...]:
        """Return the staff that may work here."""
        return self._told_now().staff

    def cursor(self) -> Cursor:
        """Return how far the feed has been applied."""
        return self._told_now().cursor

    def count(self) -> int:
        """Return how many profiles there are; walks the whole file, so ask seldom."""
        return int(self._readers.one(QUERIES["profile_count"])[0])

    def search(self, text: str, limit: int = SEARCH_MAX) -> tuple[Profile, ...]:
        """Return profiles whose guest, name or BandId (hex) begins with ``text``; too short finds nothing."""
        text = text.strip()
        if len(text) < SEARCH_CHARS_MIN:
            return ()
        found: dict[int, None] = {}
        for name, bounds in _searches(text):
            rows = self._readers.all(QUERIES[name], (*bounds, min(limit, SEARCH_MAX)))
            found.update(dict.fromkeys(row[0] for row in rows))
        whole = (self._readers.one(QUERIES["profile"], (key,)) for key in list(found)[:limit])
        return tuple(self._profile(row) for row in whole if row is not None)

    # For the one pull thread

    def apply(self, page: Sequence[Item], cursor: Cursor) -> None:
        """Apply a page and its cursor in one transaction; an older version never replaces a newer."""
        with self._writing:
            connection = self._writer or self._open_writer()
            try:
                profilefile.apply(connection, self._vault, page, cursor=cursor)
            except sqlite3.Error as error:
                self._drop_writer()
                raise trouble_of(error).error() from error
        self._forget_told()

    def build(self, items: Iterable[Item], cursor: Cursor, *, rows_min: int = 0) -> Path:
        """Build a whole new file beside the live one, checked and durable; taps go on meanwhile.

        Fewer profiles than ``rows_min`` is a short snapshot: refused, and nothing remains of it.
        """
        path = self._folder / f"profiles.{cursor.epoch}-{cursor.seq}.db"
        if path == self._readers.path:
            raise StoreError(f"{path.name} is live already.", hint="A snapshot has a cursor of its own.")
        try:
            profilefile.build(path, self._vault, items, cursor=cursor, rows_min=rows_min)
        except sqlite3.Error as error:
            raise trouble_of(error).error() from error
        return path

    def adopt(self, path: Path, point_at: Callable[[str], None]) -> None:
        """Make a built file live: ``point_at`` (the sequencer's) is durable before any reader turns."""
        with self._writing:
            point_at(path.name)
            self._drop_writer()
            self._readers.turn_to(path)
            self._forget_told()

    def _open_writer(self) -> sqlite3.Connection:
        self._writer = profilefile.create(self._readers.path)
        return self._writer

    def _drop_writer(self) -> None:
        connection, self._writer = self._writer, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _profile(self, row: Row) -> Profile:
        band, rev, guest, name, body, check = row
        if self._vault.digest(profile_name(band, rev, guest=guest, name=name) + body) != check:
            raise StoreDamaged("A profile is not what central sent.", hint="Ask central for a new snapshot.")
        return DECODE_PROFILE(body)

    def _told_now(self) -> _Told:
        """Return what every tap asks for, read once after each change."""
        told = self._told
        if told is None:
            with self._telling:
                began = self._round
            told = _Told(self._read_layout(), self._read_staff(), self._read_cursor())
            with self._telling:
                # A page that came meanwhile makes this answer old: good for now, not to be kept.
                self._told = told if began == self._round else None
        return told

    def _forget_told(self) -> None:
        with self._telling:
            self._round += 1
            self._told = None

    def _read_cursor(self) -> Cursor:
        row = self._readers.one(QUERIES["cursor"])
        return Cursor() if row is None else Cursor(row[0], row[1])

    def _read_layout(self) -> Layout | None:
        row = self._readers.one(QUERIES["site_one"], ("layout", ""))
        return None if row is None else DECODE_LAYOUT(self._checked(("layout", "", *row)))

    def _read_staff(self) -> tuple[StaffMember, ...]:
        rows = self._readers.all(QUERIES["site_all"], ("staff", SITE_ROWS_MAX))
        return tuple(DECODE_STAFF(self._checked(("staff", *row))) for row in rows)

    def _checked(self, row: Row) -> bytes:
        kind, key, version, body, check = row
        if self._vault.digest(site_name(kind, key, version=version) + body) != check:
            raise StoreDamaged(
                f"The {kind} is not what central sent.", hint="Ask central for a new snapshot."
            )
        return bytes(body)


def _searches(text: str) -> Iterable[tuple[str, tuple[str | int, str | int]]]:
    yield "profiles_by_guest", (text, text + LAST_CHAR)
    folded = profilefile.folded(text)
    yield "profiles_by_name", (folded, folded + LAST_CHAR)
    with suppress(ValueError):
        low = int(text[:16].ljust(16, "0"), 16)
        high = int(text[:16].ljust(16, "f"), 16)
        yield "profiles_by_key", (low >> 1, high >> 1)


def _live_name(folder: Path) -> str:
    state = folder / "state.db"
    if not state.exists():
        return FIRST_FILE
    connection = open_reader(state)
    try:
        row = connection.execute(QUERIES["pointer"]).fetchone()
    except sqlite3.Error as error:
        raise trouble_of(error).error() from error
    finally:
        connection.close()
    return FIRST_FILE if row is None else str(row[0])


def _remove_others(folder: Path, live: Path) -> None:
    for path in folder.glob("profiles.*"):
        if not path.name.startswith(live.name):
            path.unlink(missing_ok=True)
