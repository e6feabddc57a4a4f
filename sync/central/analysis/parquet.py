"""Parquet: rows as a file for systems that read columns (Apache Parquet, written by Arrow)."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from sync.central.analysis.engine import Row

MOMENT = pa.timestamp("ms", tz="UTC")


def written(columns: Sequence[str], rows: Sequence[Row], *, moments: Collection[str]) -> bytes:
    """Return rows under their columns; moments come as UTC milliseconds."""
    kinds = [MOMENT if name in moments else None for name in columns]
    arrays = [pa.array([row[place] for row in rows], type=kind) for place, kind in enumerate(kinds)]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=list(columns)), file)
    return file.getvalue()
