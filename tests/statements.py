"""Statements: each is compiled once a run, however many stores the tests open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from sync.central.store import engine

STATEMENTS_MAX = 20_000


@contextmanager
def statements_compiled_once() -> Iterator[None]:
    """Let every store of one kind of database share what SQLAlchemy compiled: its text alone, for that kind.

    A store of the product lives for days and compiles each statement once; a test's lives for milliseconds,
    and would spend most of them compiling.
    """
    compiled: LRUCache[Any, Any] = LRUCache(STATEMENTS_MAX)

    def sharing(*address: Any, **options: Any) -> Engine:
        made = create_engine(*address, **options)
        made._compiled_cache = compiled
        return made

    with pytest.MonkeyPatch.context() as patch:
        # A compiled statement is kept by its dialect: one of each kind is as good as another.
        patch.setattr(DefaultDialect, "__hash__", lambda self: hash(type(self)))
        patch.setattr(DefaultDialect, "__eq__", lambda self, other: type(self) is type(other))
        patch.setattr(engine, "create_engine", sharing)
        yield
