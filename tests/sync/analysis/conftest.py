"""An engine for a test: DuckDB, for nothing of one test stays in it for the next."""

from __future__ import annotations

import ibis
import pytest

from sync.central.analysis.engine import duckdb


@pytest.fixture(scope="session")
def engine() -> ibis.BaseBackend:
    """One DuckDB for all tests: tables are made anew by whoever loads them."""
    return duckdb()
