"""Ends: what a guest began and nothing in their diary has ended yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from edge.core.orders import OVER
from sync.central.journey import diary
from sync.central.journey.entry import Entry, What
from sync.central.near import orders
from sync.central.store import Connection

OPEN_MAX = 1_000
"""Entries that are looked through for open ends: the newest."""
ENDED_BY: Mapping[What, frozenset[What]] = MappingProxyType(
    {
        What.ORDERED: frozenset({What.PICKED_UP}),
        What.RESERVED: frozenset({What.PICKED_UP, What.ENTERED}),
        What.CASE_OPENED: frozenset({What.CASE_CLOSED}),
    }
)
"""What begins something, and what ends it under the same reference."""


def open_ends(tx: Connection, site: str, owner: str) -> tuple[Entry, ...]:
    """Return what somebody waits for, the newest first: orders, booked times, cases."""
    told = diary.of_guest(tx, site, owner, limit=OPEN_MAX)
    return tuple(one for one in _begun(told) if not _is_over(tx, site, one))


def _begun(told: Iterable[Entry]) -> Iterable[Entry]:
    """Yield what was begun last of each reference, unless something later ended it."""
    ended: dict[str, set[What]] = {}
    for one in told:
        later = ended.setdefault(one.ref, set())
        if one.ref and one.what in ENDED_BY and not later & (ENDED_BY[one.what] | set(ENDED_BY)):
            yield one
        if one.weight > 0:
            later.add(one.what)


def _is_over(tx: Connection, site: str, one: Entry) -> bool:
    """Whether an order has ended in a way that no diary speaks of: nobody came, or it was given up."""
    order = orders.find(tx, site, one.ref)
    return order is not None and order.state in OVER
