"""Protections taken away in a life of the harness, so that the judges are seen to notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from edge.core.profiles import Cursor, Item
from edge.run import enrol
from edge.run.identity import new_private_key
from edge.store import batch, migrations, profilefile
from edge.store.profiles import Profiles
from edge.store.queries import QUERIES
from edge.vault import Vault
from sync.client.line import Line
from sync.site.book import SiteBook
from sync.wire import Ack, Batch


def answered_before_its_commit() -> None:
    """Everybody is answered, and nothing is durable."""
    batch.QUERIES = {**QUERIES, "commit": "SELECT 1"}  # type: ignore[misc]  # the harness's own copy


def acked_unsent() -> None:
    """An ack that nobody has given is believed."""
    honest = Line.post

    def gullible(self: Line, path: str, message: Any, kind: Any) -> Any:
        if not isinstance(message, Batch):
            return honest(self, path, message, kind)
        return Ack(device=message.device, lane=message.lane, ack=message.last, time_ms=1)

    Line.post = gullible  # type: ignore[assignment, method-assign]  # the harness takes it away


def cursor_before_its_items() -> None:
    """A page's cursor is committed by itself, and its items one by one after it."""

    def apply(connection: Any, vault: Vault, page: Sequence[Item], *, cursor: Cursor) -> None:
        profilefile._move(connection, vault, cursor)
        for item in page:
            profilefile._write(connection, vault, item, decoded=profilefile._decoded(item))

    profilefile.apply = apply


def built_in_place() -> None:
    """A snapshot is written into the live file, transaction by transaction."""

    def build(self: Profiles, items: Iterable[Item], cursor: Cursor, *, rows_min: int = 0) -> Path:
        live = self._writer or self._open_writer()
        profilefile._fill(live, self._vault, items, path=self._readers.path, room=0)
        raise AssertionError("it is cut before its end")

    Profiles.build = build  # type: ignore[method-assign]  # the harness takes it away


def version_before_its_steps() -> None:
    """A file says that it is up to date before it is."""
    honest = migrations.run_all

    def run_all(connection: Any, script: str) -> None:
        connection.execute(f"PRAGMA user_version = {migrations.STATE_VERSION:d}")
        connection.execute("COMMIT")
        connection.execute("BEGIN")
        honest(connection, script)

    migrations.run_all = run_all


def key_in_memory_alone() -> None:
    """A code is spent on a key that a kill takes with it."""
    enrol._key_of_this_try = lambda folder, ring: new_private_key()
    enrol.TRY_FILE = "nothing"


def created_blindly() -> None:
    """Whoever hears nothing asks for the next number, as if the first were not theirs."""
    honest = SiteBook._read_back

    def blind(self: SiteBook, uses: Any, until: float) -> Any:
        later = tuple(type(use)(**{**_fields(use), "ordinal": use.ordinal + 1}) for use in uses)
        self.claim(later, 1.0)
        return honest(self, uses, until)

    SiteBook._read_back = blind  # type: ignore[method-assign]  # the harness takes it away


def _fields(use: Any) -> dict[str, Any]:
    return {name: getattr(use, name) for name in use.__struct_fields__}


SPOILS: dict[str, Callable[[], None]] = {
    made.__name__: made
    for made in (
        answered_before_its_commit,
        acked_unsent,
        cursor_before_its_items,
        built_in_place,
        version_before_its_steps,
        key_in_memory_alone,
        created_blindly,
    )
}
