"""The registry's tables; ``site_id`` comes first in every key, so that a site's rows can live together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from sync.central.store import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    metadata,
)

ID_CHARS_MAX = 64
NAME_CHARS_MAX = 80
ASKED_MAX = 5_000
"""Keys named in one statement; both databases take many more."""
Record: TypeAlias = "tuple[Any, ...]"
"""A row in the order of its table's columns."""
K = TypeVar("K")


def parts(keys: Sequence[K]) -> Iterator[Sequence[K]]:
    """Cut keys into as many as one statement names."""
    return (keys[start : start + ASKED_MAX] for start in range(0, len(keys), ASKED_MAX))


guest_table = Table(
    "guest",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("name", String(NAME_CHARS_MAX), nullable=False),
    Column("language", String(8), nullable=False),
    Column("tier", String(ID_CHARS_MAX), nullable=False),
    Column("tags", Text, nullable=False),
    Column("age_band", String(16), nullable=False),
    Column("height_cm", Integer),
    Column("party_id", String(ID_CHARS_MAX), nullable=False),
    Column("party_size", Integer, nullable=False),
    Column("party_role", String(16), nullable=False),
    Column("payments", Boolean, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

band_table = Table(
    "band",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("band_id", LargeBinary(16), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX)),
    Column("label", String(NAME_CHARS_MAX), nullable=False),
    Column("chip", String(32), nullable=False),
    Column("state", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("valid_until_ms", BigInteger),
    Column("trust_min", Integer, nullable=False),
    Column("keys", LargeBinary, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index("band_guest", "site_id", "guest_id"),
)

entitlement_table = Table(
    "entitlement",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("entitlement_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("product", String(ID_CHARS_MAX), nullable=False),
    Column("status", String(16), nullable=False),
    Column("valid_until_ms", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index("entitlement_guest", "site_id", "guest_id"),
)

thing_table = Table(
    "thing",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("id", String(ID_CHARS_MAX), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)
"""Zones, points, products and the site's own settings: few, read together, sent together as one Layout."""

staff_table = Table(
    "staff",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("staff_id", String(ID_CHARS_MAX), primary_key=True),
    Column("name", String(NAME_CHARS_MAX), nullable=False),
    Column("roles", Text, nullable=False),
    Column("badge", String(64), nullable=False),
    Column("pin_hash", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

master_table = Table(
    "band_master",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("master", LargeBinary, nullable=False),
)
"""The master key of a site's bands; it never leaves central, edges get each band's own keys only."""
