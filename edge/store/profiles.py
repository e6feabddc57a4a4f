"""The profiles: the site's local copy of bands, guests, staff and layout, as central last told it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.core.catalogue import Catalogue
from edge.core.checkpoint import Checkpoint, decoded
from edge.core.places import Layout
from edge.core.profiles import Cursor, Item, Profile, RemarkKey, StaffMember
from edge.core.unread import UNREAD, Unread
from edge.errors import StoreDamaged, StoreError
from edge.store import driver, profilefile
from edge.store.database import cut_log, open_reader
from edge.store.former import bring_up_to_date
from edge.store.goods import Goods
from edge.store.live import live_file, remove_others
from edge.store.profilefile import DECODE_KEYS, key_of_band, profile_cell, site_cell
from edge.store.queries import QUERIES
from edge.store.readers import Readers
from edge.store.records import Row
from edge.store.searching import answers, searches
from edge.store.shelf import Shelf, Told
from edge.store.trouble import trouble_of
from edge.vault import Vault

SEARCH_MAX = 50
SEARCH_CHARS_MIN = 4
CANDIDATES_MAX = 5_000
"""Profiles opened for one search of names that begin alike; a whole name is found among any number."""
SITE_ROWS_MAX = 10_000
PLACE_MAX = 2**63 - 1

NEW_SNAPSHOT = "Ask central for a new snapshot."

DECODE_PROFILE = msgspec.msgpack.Decoder(Profile).decode
DECODE_LAYOUT = msgspec.msgpack.Decoder(Layout).decode
DECODE_STAFF = msgspec.msgpack.Decoder(StaffMember).decode
DECODE_UNREAD = msgspec.msgpack.Decoder(Unread).decode
DECODE_REMARK_KEY = msgspec.msgpack.Decoder(RemarkKey).decode


Listener = Callable[[Collection[bytes] | None], None]
"""Hears which bands central told anew, or None: all of them may be others now."""


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
        live = live_file(folder)
        try:
            bring_up_to_date(live, vault)
        except driver.DISK as error:  # whatever was begun beside the old file is gone again, and that stands
            raise trouble_of(error).error() from error
        remove_others(folder, live)
        self._readers = Readers(live, unused=profilefile.discard)
        self.goods = Goods(self._bodies)
        self._shelf = Shelf(self._bodies)
        self._told: _Told | None = None
        self._round = 0
        self._telling = threading.Lock()
        self._listeners: list[Listener] = []

    def after_change(self, listener: Listener) -> None:
        """Have ``listener(bands)`` told after each change of what is known of bands; it returns at once."""
        self._listeners.append(listener)

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
        return {} if row is None or row[0] != band else self._unsealed(row)

    def worn_keys(self, after: int, limit: int) -> tuple[dict[bytes, dict[int, bytes]], int | None]:
        """Return some bands' own keys in the file's order, and behind which place to go on; None: no more."""
        places = self._readers.all(QUERIES["profiles_by_key"], (after + 1, PLACE_MAX, limit))
        rows = (self._readers.one(QUERIES["profile_keys"], place) for place in places)
        found = {bytes(row[0]): self._unsealed(row) for row in rows if row is not None}
        return found, places[-1][0] if len(places) == limit else None

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

    def catalogue(self) -> Catalogue:
        """Return what the site's tills sell."""
        return self.goods.catalogue()

    def bundles(self) -> tuple[Told, ...]:
        """Return the bundles of offers that lie here, unchecked."""
        return self._shelf.told()

    def cursor(self) -> Cursor:
        """Return how far the feed has been applied."""
        return self._told_now().cursor

    def checkpoint(self, device: str) -> Checkpoint | None:
        """Return a device's newest checkpoint as central passed it on to the whole site."""
        row = self._readers.one(QUERIES["site_one"], ("checkpoint", device))
        return None if row is None else decoded(self._checked(("checkpoint", device, *row)))

    def remark_key(self) -> RemarkKey | None:
        """Return the site's own key for staff's words about nobody who is known; None: central gave none."""
        body = self._one("remarks")
        return None if body is None else DECODE_REMARK_KEY(body)

    def unread(self) -> Unread:
        """Return what of the feed made no sense so far."""
        body = self._one(UNREAD)
        return Unread() if body is None else DECODE_UNREAD(body)

    def siblings(self, device: str) -> int:
        """Return how many other devices of the site are known to keep checkpoints."""
        rows = self._readers.all(QUERIES["site_all"], ("checkpoint", SITE_ROWS_MAX))
        return sum(row[0] != device for row in rows)

    def count(self) -> int:
        """Return how many profiles there are; walks the whole file, so ask seldom."""
        return int(self._readers.one(QUERIES["profile_count"])[0])

    def some(self, count: int, chance: Callable[[int], bytes]) -> tuple[Profile, ...]:
        """Return at most ``count`` profiles, picked by ``chance`` (so many random octets), none twice."""
        rows = (self._readers.one(QUERIES["profile_near"], (key_of_band(chance(8)),)) for _ in range(count))
        found = {bytes(row[0]): row for row in rows if row is not None}
        return tuple(self._profile(row) for row in found.values())

    def search(self, text: str, limit: int = SEARCH_MAX) -> tuple[Profile, ...]:
        """Return profiles of a guest, or whose name or BandId (hex) begins with ``text``.

        Names lie there blinded: the index knows whole ones and first characters, the rest is looked at.
        """
        text = text.strip()
        if len(text) < SEARCH_CHARS_MIN:
            return ()
        most, found = min(limit, SEARCH_MAX), dict[int, Profile]()
        for name, bounds in searches(self._vault, text):
            for (key,) in self._readers.all(QUERIES[name], (*bounds, CANDIDATES_MAX)):
                if len(found) == most:
                    break
                row = self._readers.one(QUERIES["profile"], (key,)) if key not in found else None
                if row is not None and answers(profile := self._profile(row), text):
                    found[key] = profile
        return tuple(found.values())

    def of_guest(self, guest: str) -> tuple[Profile, ...]:
        """Return the profiles of all bands of one guest."""
        rows = self._readers.all(
            QUERIES["profiles_by_guest"], (self._vault.blind(b"guest " + guest.encode()), CANDIDATES_MAX)
        )
        whole = (self._readers.one(QUERIES["profile"], (key,)) for (key,) in rows)
        found = (self._profile(row) for row in whole if row is not None)
        return tuple(profile for profile in found if profile.guest == guest)

    def erase(self, bands: Iterable[bytes]) -> bool:
        """Take these bands' profiles away and out of the WAL; False while a reader holds it: ask again."""
        with self._writing:
            connection = self._writer or self._open_writer()
            try:
                profilefile.drop(connection, bands)
                return cut_log(connection)
            except driver.ERRORS as error:
                self._drop_writer()
                raise trouble_of(error).error() from error

    # For the one pull thread

    def apply(self, page: Sequence[Item], cursor: Cursor) -> None:
        """Apply a page and its cursor in one transaction; an older version never replaces a newer."""
        with self._writing:
            connection = self._writer or self._open_writer()
            try:
                profilefile.apply(connection, self._vault, page, cursor=cursor)
            except driver.ERRORS as error:
                self._drop_writer()
                raise trouble_of(error).error() from error
        self._forget_told(page)
        self._tell({bytes.fromhex(item.key) for item in page if item.kind == "profile"})

    def build(self, items: Iterable[Item], cursor: Cursor, *, rows_min: int = 0) -> Path:
        """Build a whole new file beside the live one, checked and durable; taps go on meanwhile.

        Fewer profiles than ``rows_min`` is a short snapshot: refused, and nothing remains of it.
        """
        path = self._folder / f"profiles.{cursor.epoch}-{cursor.seq}.db"
        if path == self._readers.path:
            raise StoreError(f"{path.name} is live already.", hint="A snapshot has a cursor of its own.")
        try:
            least = profilefile.Least(rows_min, room=profilefile.ROOM_BYTES)
            profilefile.build(path, self._vault, items, cursor=cursor, least=least)
        except driver.ERRORS as error:
            raise trouble_of(error).error() from error
        return path

    def adopt(self, path: Path, point_at: Callable[[str], None]) -> None:
        """Make a built file live: ``point_at`` (the sequencer's) is durable before any reader turns."""
        with self._writing:
            point_at(path.name)
            self._drop_writer()
            self._readers.turn_to(path)
            self._forget_told()
        self._tell(None)

    def forget(self) -> bool:
        """Delete every profile and all that is told of the site; False while a reader still holds some."""
        with self._writing:
            connection = self._writer or self._open_writer()
            try:
                gone = profilefile.forget(connection)
            except driver.ERRORS as error:
                self._drop_writer()
                raise trouble_of(error).error() from error
        self._forget_told()
        self._tell(None)
        return gone

    def _tell(self, bands: Collection[bytes] | None) -> None:
        for listener in self._listeners if bands is None or bands else ():
            listener(bands)

    def _open_writer(self) -> sqlite3.Connection:
        self._writer = profilefile.create(self._readers.path)
        return self._writer

    def _drop_writer(self) -> None:
        connection, self._writer = self._writer, None
        if connection is not None:
            with suppress(*driver.ERRORS):
                connection.close()

    def _profile(self, row: Row) -> Profile:
        band, rev, body = row
        try:
            return DECODE_PROFILE(self._vault.open(body, "profiles", "body", row=profile_cell(band, rev)))
        except StoreDamaged as error:
            raise StoreDamaged("A profile is not what central sent.", hint=NEW_SNAPSHOT) from error

    def _unsealed(self, row: Row) -> dict[int, bytes]:
        band, keys = row
        return {} if keys is None else DECODE_KEYS(self._vault.open(keys, "profiles", "keys", row=band))

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

    def _forget_told(self, page: Sequence[Item] | None = None) -> None:
        self.goods.forget(page)  # before the cursor that says so: what is reported is what is decided by
        with self._telling:
            self._round += 1
            self._told = None
        self._shelf.forget(page)

    def _read_cursor(self) -> Cursor:
        clear = self._readers.one(QUERIES["cursor"])
        noted = self._readers.one(QUERIES["site_one"], (profilefile.CURSOR, ""))
        return profilefile.standing(self._vault, clear, noted)

    def _read_layout(self) -> Layout | None:
        body = self._one("layout")
        return None if body is None else DECODE_LAYOUT(body)

    def _one(self, kind: str) -> bytes | None:
        row = self._readers.one(QUERIES["site_one"], (kind, ""))
        return None if row is None else self._checked((kind, "", *row))

    def _read_staff(self) -> tuple[StaffMember, ...]:
        return tuple(DECODE_STAFF(body) for body in self._bodies("staff"))

    def _bodies(self, kind: str) -> Iterable[bytes]:
        rows = self._readers.all(QUERIES["site_all"], (kind, SITE_ROWS_MAX))
        return (self._checked((kind, *row)) for row in rows)

    def _checked(self, row: Row) -> bytes:
        kind, key, version, body = row
        try:
            return self._vault.open(body, "site", kind, row=site_cell(key, version))
        except StoreDamaged as error:
            raise StoreDamaged(f"The {kind} is not what central sent.", hint=NEW_SNAPSHOT) from error


def passed_on(folder: Path, vault: Vault, device: str) -> Checkpoint | None:
    """Return a device's checkpoint out of the live profiles without opening them as their one owner does."""
    connection = open_reader(live_file(folder))
    try:
        row = connection.execute(QUERIES["site_one"], ("checkpoint", device)).fetchone()
    except driver.ERRORS as error:
        raise trouble_of(error).error() from error
    finally:
        connection.close()
    if row is None:
        return None
    return decoded(vault.open(row[1], "site", "checkpoint", row=site_cell(device, row[0])))
