"""Engine: where figures are computed, DuckDB in memory unless an operator names another, and what goes in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from sync.central.analysis.tables import SCHEMAS

ROWS_AT_ONCE = 100_000
"""Rows handed over together: what lies twice in memory at any moment."""
THREADS = 2
"""Central answers devices meanwhile."""
Row = tuple[Any, ...]
"""A row in the order of its table's schema."""


def duckdb() -> ibis.BaseBackend:
    """Return DuckDB in memory: nothing of it stays anywhere."""
    return ibis.duckdb.connect(threads=THREADS)


def load(engine: ibis.BaseBackend, rows: Mapping[str, Iterable[Row]]) -> dict[str, ir.Table]:
    """Hand rows over to an engine, in place of earlier ones, and return its tables; some may be empty."""
    named = {}
    for name, schema in SCHEMAS.items():
        engine.drop_table(name, force=True)
        engine.create_table(name, schema=schema)
        fitting = schema.to_pyarrow()
        for part in _parts(rows.get(name, ())):
            columns = [
                pa.array(column, kind)
                for column, kind in zip(zip(*part, strict=True), fitting.types, strict=True)
            ]
            engine.insert(name, pa.Table.from_arrays(columns, schema=fitting))
        named[name] = engine.table(name)
    return named


def rows_of(engine: ibis.BaseBackend, expression: ir.Table) -> list[Row]:
    """Return the rows of an expression, in their own order: no engine promises any."""
    found = engine.to_pyarrow(expression)
    return sorted(zip(*(column.to_pylist() for column in found.columns), strict=True))


def _parts(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    left = iter(rows)
    while part := list(islice(left, ROWS_AT_ONCE)):
        yield part
