"""Beside: items of the feed that belong into the sequencer's store and not among the profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypedDict

from edge.core.offers.elsewhere import OFFER_TIMES
from sync.client import counters, limited, offered, passages
from sync.client.ports import Books, Ports
from sync.wire import COUNTER, Item

PIECE_MAX = 500
"""Items kept in one transaction, so that no tap waits long."""

TAKEN_MAX = 2_000
"""Times of one report; a device that has more of them says nothing, and keeps what it was lent."""


class Counted(TypedDict):
    """The part of a report that tells of places."""

    layout: int
    inside: dict[str, int] | None
    taken: dict[str, int] | None


KINDS = frozenset({COUNTER, OFFER_TIMES, *limited.KINDS, *passages.KINDS})


def take(books: Books, items: Iterable[Item], *, own: str) -> None:
    """Read them all, then keep them; ``own`` is this device. Kept twice they are the same."""
    mine = [item for item in items if item.kind in KINDS]
    raised, counted = counters.told(mine), limited.told(mine, own=own)
    times = offered.told(mine, own=own)
    used, seen = passages.uses_told(mine), passages.places_told(mine)
    counters.apply(books, raised)
    for start in range(0, max(len(used), len(seen)), PIECE_MAX):
        passages.apply(books, used[start : start + PIECE_MAX], seen[start : start + PIECE_MAX])
    for start in range(0, len(counted), PIECE_MAX):
        limited.apply(books, counted[start : start + PIECE_MAX])
    for start in range(0, len(times), PIECE_MAX):
        offered.apply(books, times[start : start + PIECE_MAX])


def passed_on(books: Books, items: Iterable[Item], *, own: str) -> Iterator[Item]:
    """Yield the items of a snapshot and keep those among them on the way.

    A snapshot that proves to be cut short has kept some: they are the highest known all the same.
    """
    waiting: list[Item] = []
    for item in items:
        if item.kind in KINDS:
            waiting.append(item)
        if len(waiting) == PIECE_MAX:
            take(books, waiting, own=own)
            waiting = []
        yield item
    take(books, waiting, own=own)


def counted(ports: Ports) -> Counted:
    """Return by which layout this device decides, and whom it let in, counted after that."""
    layout = ports.profiles.layout()
    version = 0 if layout is None else layout.version
    if ports.books.frozen:
        return {"layout": version, "inside": None, "taken": None}
    inside, taken = ports.books.submit(lambda desk: (desk.inside(), desk.all_taken()))
    return {"layout": version, "inside": inside, "taken": taken if len(taken) <= TAKEN_MAX else None}
