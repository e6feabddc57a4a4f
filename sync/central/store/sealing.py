"""Sealing: what central keeps under a key that lies elsewhere than its database."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection

from edge.errors import Refused

SEALS = "polso_seals"


class Seals(Protocol):
    """Who holds the key of sealed cells: a cell opens only where it was sealed."""

    def seal(self, plain: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return a sealed cell."""

    def open(self, sealed: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return what was sealed for this very cell."""


def seals_of(tx: Connection) -> Seals | None:
    """Return who seals for this database; None where it was opened without a key."""
    found: Seals | None = tx.info.get(SEALS)
    return found


def demand_seals(tx: Connection) -> Seals:
    """Return who seals for this database, or raise ``Refused``: nothing secret is kept in clear instead."""
    seals = seals_of(tx)
    if seals is None:
        raise Refused("This central has no key to seal by.", hint="Hand it one, as its unit file says.")
    return seals
