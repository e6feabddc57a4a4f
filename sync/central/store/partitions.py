"""Partitions: a table of PostgreSQL in parts by site, made so, or turned over while workers use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from sqlalchemy import Connection, CursorResult, Table, text

from edge.errors import Refused, StoreError
from sync.central.store.engine import Store
from sync.central.store.guards import guard

BY_SITE = "HASH (site_id)"
PARTS = 16
"""A statement names its site and looks into one of them."""
PIECE_MAX = 20_000
"""Rows copied while writers wait: some tenths of a second."""
TRIES_MAX = 20
KIND = text("SELECT relkind::text FROM pg_class WHERE oid = to_regclass(:name)")
TABLE, PARTED = "r", "p"
PART = (
    "CREATE TABLE {name}_p{number:02} PARTITION OF {whole}"
    " FOR VALUES WITH (MODULUS {parts}, REMAINDER {number})"
)
COPY = (
    "CREATE TABLE {new} (LIKE {name} INCLUDING DEFAULTS) PARTITION BY {by_site}",
    "ALTER TABLE {new} ADD CONSTRAINT {new}_pkey PRIMARY KEY ({keys})",
    "CREATE TABLE {new}_upto AS SELECT {keys} FROM {name} WITH NO DATA",
)
FOLLOWED = {
    "insert": ("NEW", "INSERT INTO {new} SELECT * FROM written"),
    "update": ("NEW", "UPDATE {new} SET {rest} FROM written WHERE {same}"),
    "delete": ("OLD", "DELETE FROM {new} USING written WHERE {same}"),
}
"""Of each write its rows, and what it does to the copy; of what is not copied yet nothing but inserts."""
FOLLOW = (
    "CREATE FUNCTION {new}_{verb}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {act}; RETURN NULL; END $$",
    "CREATE TRIGGER {new}_{verb} AFTER {verb} ON {name} REFERENCING {rows} TABLE AS written"
    " FOR EACH STATEMENT EXECUTE FUNCTION {new}_{verb}()",
)
ALONE = "LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"
UPTO = "SELECT {keys} FROM {new}_upto"
LAST = "SELECT {keys} FROM {name} WHERE {after} ORDER BY {keys} OFFSET {skipped} LIMIT 1"
ROWS = "SELECT count(*) FROM {of} WHERE {within}"
FILL = "INSERT INTO {new} SELECT * FROM {name} WHERE {within} ON CONFLICT DO NOTHING"
"""What was written since the beginning may be there already."""
NOTE = (
    "DELETE FROM {new}_upto",
    "INSERT INTO {new}_upto SELECT {keys} FROM {name} WHERE {within} ORDER BY {backwards} LIMIT 1",
)
BEGUN = (
    "SELECT count(*) FROM (SELECT proname FROM pg_proc UNION ALL SELECT relname FROM pg_class) AS one (name)"
    " WHERE name IN ('{new}', '{new}_upto', '{new}_insert', '{new}_update', '{new}_delete')"
)
ALONE_SOON = (
    "SET LOCAL lock_timeout = '3s'",  # whoever comes behind us waits as long as we do for who reads
    "LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE",
)
GIVEN_UP = (
    *ALONE_SOON,
    "DROP FUNCTION IF EXISTS {new}_insert(), {new}_update(), {new}_delete() CASCADE",  # and their triggers
    "DROP TABLE IF EXISTS {new}, {new}_upto",
)
PLACE = (
    *ALONE_SOON,
    "DROP TABLE {name}, {new}_upto",
    "DROP FUNCTION {new}_insert(), {new}_update(), {new}_delete()",
    "ALTER TABLE {new} RENAME TO {name}",
    "ALTER INDEX {new}_pkey RENAME TO {name}_pkey",
)
Words = Mapping[str, Any]


def part_by_site(table: Table) -> None:
    """Have a table made in parts on PostgreSQL; it is declared with ``postgresql_partition_by=BY_SITE``."""
    guard(table, "postgresql", *_parts(table.name, whole=table.name))


def is_parted(store: Store, table: Table) -> bool:
    """Whether a table stands in parts in this database."""
    with store.reading() as tx:
        return _kind(tx, table.name) == PARTED


def turn_over(store: Store, table: Table, *, told: Callable[[int], None] = lambda rows: None) -> int:
    """Put a table that was made whole into parts; return the rows copied, ``told`` after each piece.

    Workers may run meanwhile: whatever they write is written to both, and they wait while a piece is copied.
    Each piece is its own commit, and where it ended is in the database: who is cut off begins again there.
    The last step puts the copy in the table's place.
    """
    if not store.is_postgres:
        raise Refused("Only PostgreSQL has partitions.", hint="On SQLite there is nothing to do.")
    names, rows = _names(table), 0
    with store.transaction() as tx:
        _begin(tx, table, names)
    piece = PIECE_MAX
    while piece >= PIECE_MAX:  # a shorter one is the last: what is written behind it is in both
        piece = _copy_piece(store, table, names)
        rows += piece
        told(rows)
    _patiently(store, lambda tx: _place(tx, table, names))
    return rows


def give_up(store: Store, table: Table) -> bool:
    """Call off what ``turn_over`` began: the table is written to by itself again; False: nothing was begun.

    Whatever is left of it goes, also where somebody dropped a part of it by hand.
    """
    if not store.is_postgres:
        raise Refused("Only PostgreSQL has partitions.", hint="On SQLite there is nothing to do.")
    names = _names(table)
    with store.reading() as tx:
        if not _run(tx, BEGUN, names).scalar_one():
            return False

    def drop(tx: Connection) -> None:
        for words in GIVEN_UP:
            _run(tx, words, names)

    _patiently(store, drop)
    return True


def _patiently(store: Store, act: Callable[[Connection], None]) -> None:
    """Do what needs a table alone, again and again while somebody reads from it."""
    for left in reversed(range(TRIES_MAX)):
        try:
            with store.transaction() as tx:
                act(tx)
        except StoreError as error:
            if not left or not _is_held(error):
                raise
        else:
            return


def _kind(tx: Connection, name: str) -> str | None:
    """Return PostgreSQL's letter for what has a name, None for nothing."""
    return tx.execute(KIND, {"name": name}).scalar()


def _names(table: Table) -> Words:
    keys = [column.name for column in table.primary_key.columns]
    new = f"{table.name}_parted"
    rest = [column.name for column in table.columns if column.name not in keys]
    return {
        "name": table.name,
        "new": new,
        "by_site": BY_SITE,
        "keys": ", ".join(keys),
        "backwards": ", ".join(f"{key} DESC" for key in keys),
        "same": " AND ".join(f"{new}.{key} = written.{key}" for key in keys),
        "rest": ", ".join(f"{name} = written.{name}" for name in rest),
    }


def _parts(name: str, *, whole: str) -> list[str]:
    return [PART.format(name=name, whole=whole, number=number, parts=PARTS) for number in range(PARTS)]


def _begin(tx: Connection, table: Table, names: Words) -> None:
    """Make the empty copy, have every write followed there, and note that nothing is copied yet."""
    if _kind(tx, table.name) != TABLE or _kind(tx, names["new"]) is not None:
        return  # begun, or even ended, before
    for words in COPY:
        _run(tx, words, names)
    for index in table.indexes:
        columns = ", ".join(column.name for column in index.columns)
        _run(
            tx,
            "CREATE INDEX {new}_{index} ON {new} ({columns})",
            {**names, "index": index.name, "columns": columns},
        )
    for part in _parts(table.name, whole=names["new"]):
        _run(tx, part, {})
    for verb, (rows, act) in FOLLOWED.items():
        for words in FOLLOW:
            _run(tx, words, {**names, "verb": verb, "rows": rows, "act": act.format(**names)})


def _copy_piece(store: Store, table: Table, names: Words) -> int:
    """Copy the next piece in the order of the key, and see that it is there; return its rows."""
    with store.transaction() as tx:
        if _kind(tx, table.name) == PARTED:
            return 0
        # Who changes a row while it is copied would change the old one here, and its former state came there.
        _run(tx, ALONE, names)
        within, said = _piece(tx, table, names)
        own = {**names, "within": within}
        rows = int(_run(tx, ROWS, {**own, "of": table.name}, said).scalar_one())
        if not rows:
            return 0
        _run(tx, FILL, own, said)
        there = int(_run(tx, ROWS, {**own, "of": names["new"]}, said).scalar_one())
        if there != rows:
            raise StoreError(
                f"Of {rows} rows {there} are in the copy.",
                hint="Call it off with `polso central partition --give-up`, then begin again.",
            )
        for words in NOTE:
            _run(tx, words, own, said if "within" in words else {})
        return rows


def _piece(tx: Connection, table: Table, names: Words) -> tuple[str, dict[str, Any]]:
    """Return the clause of the next piece, and what it is asked with."""
    keys = [column.name for column in table.primary_key.columns]
    after, said = _beyond("after", ">", _run(tx, UPTO, names).first(), keys=keys)
    last = _run(tx, LAST, {**names, "after": after, "skipped": PIECE_MAX - 1}, said).first()
    upto, also = _beyond("upto", "<=", last, keys=keys)
    return f"{after} AND {upto}", {**said, **also}


def _beyond(word: str, sign: str, row: Any, *, keys: list[str]) -> tuple[str, dict[str, Any]]:  # noqa: ANN401  # a row of whichever table
    if row is None:
        return "TRUE", {}
    said = {f"{word}_{key}": value for key, value in zip(keys, row, strict=True)}
    return f"({', '.join(keys)}) {sign} ({', '.join(f':{name}' for name in said)})", said


def _place(tx: Connection, table: Table, names: Words) -> None:
    """Put the copy in the table's place, under its names."""
    if _kind(tx, table.name) == PARTED:
        return
    for words in PLACE:
        _run(tx, words, names)
    for index in table.indexes:
        _run(tx, "ALTER INDEX {new}_{index} RENAME TO {index}", {**names, "index": index.name})


def _run(tx: Connection, words: str, names: Words, *said: Mapping[str, Any]) -> CursorResult[Any]:
    return tx.execute(text(words.format(**names)), *said)


def _is_held(error: StoreError) -> bool:
    cause = error.__cause__
    return isinstance(getattr(cause, "orig", cause), psycopg.errors.LockNotAvailable)
