"""Claims: what stands in a table to be asked of somebody outside, taken on by one worker at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sync.central.store import Connection, Row, Table, and_, now_of, select, update

CLAIM_MS = 90_000
"""So long one worker may be at something; then another takes it that the first one died over."""
DUE, CALLING = "due", "calling"


class Queue:
    """One table whose rows have a state, a moment at which they are due, and the claims of workers."""

    def __init__(self, table: Table, id_column: str, *, worked: Iterable[str]) -> None:
        """Work on the rows of these states."""
        self._table, self._id, self._worked = table, table.c[id_column], list(worked)

    def due(self, tx: Connection, now_ms: int, *, limit: int) -> list[tuple[str, str, int]]:
        """Return site, id and claims of what is to be done now, the longest waiting first."""
        own = self._table.c
        waits = and_(self._open(), own.next_ms <= now_ms, own.claimed_ms <= now_ms - CLAIM_MS)
        query = select(own.site_id, self._id, own.claims).where(waits).order_by(own.next_ms).limit(limit)
        return [(row[0], row[1], row[2]) for row in tx.execute(query)]

    def claim(self, tx: Connection, site: str, id_: str, *, claims: int) -> Row[Any] | None:
        """Take a row for this worker; None where another one has been at it since.

        What was due is marked as being asked for before anybody asks: a worker that dies leaves that word
        behind. What is returned still says ``due``.
        """
        own = self._table.c
        this = and_(*self._is(site, id_), own.claims == claims, self._open())
        # Held first: whoever waited would else have it for a shorter time than it takes to ask.
        if tx.execute(select(self._id).where(this).with_for_update()).first() is None:
            return None
        values = {"claims": claims + 1, "claimed_ms": now_of(tx)}
        taken = tx.execute(update(self._table).where(this).values(values))
        if taken.rowcount != 1:
            return None
        found = self.row(tx, site, id_)
        if found is not None and found.state == DUE:
            tx.execute(update(self._table).where(*self._is(site, id_)).values(state=CALLING))
        return found

    def row(self, tx: Connection, site: str, id_: str) -> Row[Any] | None:
        """Return a row that nobody else changes until the commit."""
        return tx.execute(select(self._table).where(*self._is(site, id_)).with_for_update()).first()

    def idle_row(self, tx: Connection, site: str, id_: str) -> Row[Any] | None:
        """Return a row that waits and that nobody is at, as ``row`` does; never waits for whoever is."""
        this = and_(*self._is(site, id_), self._table.c.state == DUE)
        return tx.execute(select(self._table).where(this).with_for_update(skip_locked=True)).first()

    def keep(self, tx: Connection, site: str, id_: str, *, values: dict[str, Any]) -> None:
        """Write what became of a row, and let the next worker have it."""
        tx.execute(update(self._table).where(*self._is(site, id_)).values({**values, "claimed_ms": 0}))

    def hurry(self, tx: Connection, site: str, id_: str) -> None:
        """Let a row be looked at now instead of when it would be."""
        this = and_(*self._is(site, id_), self._open())
        tx.execute(update(self._table).where(this).values(next_ms=now_of(tx)))

    def _open(self) -> Any:  # noqa: ANN401  # a clause
        return self._table.c.state.in_(self._worked)

    def _is(self, site: str, id_: str) -> tuple[Any, Any]:
        return self._table.c.site_id == site, self._id == id_
