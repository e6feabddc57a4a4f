"""Columns: what every table has of things that a provider is asked for, beside its own."""

from __future__ import annotations

from typing import Any

from sync.central.psp.port import REASON_CHARS_MAX
from sync.central.store import BigInteger, Column, Integer, String


def columns() -> tuple[Column[Any], ...]:
    """Return the columns that a queue works by; each of its tables has them."""
    return (
        Column("state", String(16), nullable=False),
        Column("reason", String(REASON_CHARS_MAX), nullable=False),
        Column("asks", Integer, nullable=False),
        Column("next_ms", BigInteger, nullable=False),
        Column("claims", Integer, nullable=False),
        Column("claimed_ms", BigInteger, nullable=False),
        Column("made_ms", BigInteger, nullable=False),
    )
