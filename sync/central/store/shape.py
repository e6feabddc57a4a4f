"""Shape: what SQLite's planner is told of central's tables, so that it plans for a full house."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

# Untold, SQLite takes ten rows for what one site has in a table: it then walks all leases of a site in the
# order of their names rather than look three of them up and sort them. It is told once and not counted now
# and then: the same question has the same plan at the first guest and at the millionth. PostgreSQL counts by
# itself. (SQLite, "ANALYZE", section 3.2: fixed results of ANALYZE.)
ROWS = 1_000_000
SITE, SITES = "site_id", 10
"""The first column of nearly every key; a database holds one site or a few, so it tells little apart."""
FEW = frozenset({"kind", "state", "what", "via", "lane", "purpose", "closing", "given", "now", "closed"})
"""Columns of a handful of values."""
FEW_VALUES, MANY_VALUES = 10, 50_000
_INDEXES = text(
    'SELECT t.name AS tbl, i.name AS idx, i."unique" AS is_unique, c.name AS col FROM sqlite_schema t'
    " JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c"
    " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, i.name, c.seqno"
)
_TOLD = text("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'")
_BEGIN, _TAKE = text("ANALYZE schema_step"), text("ANALYZE sqlite_schema")
_FORGET = text("DELETE FROM sqlite_stat1")
_TELL = text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:tbl, :idx, :stat)")


def is_told(tx: Connection) -> bool:
    """Say whether this database was told before."""
    return bool(tx.execute(_TOLD).scalar())


def tell(tx: Connection) -> None:
    """Tell SQLite of every index there is now."""
    keys: dict[tuple[str, str, bool], list[str]] = {}
    for row in tx.execute(_INDEXES):
        keys.setdefault((row.tbl, row.idx, bool(row.is_unique)), []).append(row.col)
    tx.execute(_BEGIN)
    tx.execute(_FORGET)
    tx.execute(_TELL, [
        {"tbl": table, "idx": index, "stat": stat(columns, unique=unique)}
        for (table, index, unique), columns in keys.items()
    ])  # fmt: skip
    tx.execute(_TAKE)


def stat(columns: Sequence[str], *, unique: bool) -> str:
    """Return how many rows there are, and how many agree in the first column, the first two, and so on."""
    told = [ROWS, *_agreeing(columns)]
    return " ".join(map(str, [*told[:-1], 1] if unique else told))


def _agreeing(columns: Iterable[str]) -> Iterable[int]:
    left = ROWS
    for column in columns:
        values = SITES if column == SITE else FEW_VALUES if column in FEW else MANY_VALUES
        left = max(2, left // values)
        yield left
