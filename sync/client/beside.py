"""Beside: items of the feed that belong into the sequencer's store and not among the profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypedDict

from edge.core.offers.anew import COUPON_ASK, CouponAsk
from edge.core.offers.elsewhere import OFFER_TIMES
from sync.client import asked, counters, limited, offered, passages
from sync.client.ports import Ports
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


KINDS = frozenset({COUNTER, OFFER_TIMES, COUPON_ASK, *limited.KINDS, *passages.KINDS})


class Read(NamedTuple):
    """All that is told, read and not kept yet."""

    raised: list[counters.Raised]
    counted: list[limited.Counted]
    times: list[offered.Told]
    used: list[passages.Used]
    seen: list[passages.Seen]
    asked: list[CouponAsk]


def read(items: Iterable[Item], *, own: str) -> Read:
    """Read them all or refuse; ``own`` is this device."""
    mine = [item for item in items if item.kind in KINDS]
    return Read(
        raised=counters.told(mine),
        counted=limited.told(mine, own=own),
        times=offered.told(mine, own=own),
        used=passages.uses_told(mine),
        seen=passages.places_told(mine),
        asked=asked.told(mine, own=own),
    )


def take(ports: Ports, items: Iterable[Item], *, own: str) -> None:
    """Read them all, then keep them; ``own`` is this device. Kept twice they are the same."""
    told, books = read(items, own=own), ports.books
    counters.apply(books, told.raised)
    for start in range(0, max(len(told.used), len(told.seen)), PIECE_MAX):
        end = start + PIECE_MAX
        passages.apply(books, told.used[start:end], told.seen[start:end])
    for start in range(0, len(told.counted), PIECE_MAX):
        limited.apply(books, told.counted[start : start + PIECE_MAX])
    for start in range(0, len(told.times), PIECE_MAX):
        offered.apply(books, told.times[start : start + PIECE_MAX])
    for one in told.asked:
        ports.void(one)


def passed_on(ports: Ports, items: Iterable[Item], *, own: str) -> Iterator[Item]:
    """Yield the items of a snapshot and keep those among them on the way.

    A snapshot that proves to be cut short has kept some: they are the highest known all the same.
    """
    waiting: list[Item] = []
    for item in items:
        if item.kind in KINDS:
            waiting.append(item)
        if len(waiting) == PIECE_MAX:
            take(ports, waiting, own=own)
            waiting = []
        yield item
    take(ports, waiting, own=own)


def counted(ports: Ports) -> Counted:
    """Return by which layout this device decides, and whom it let in, counted after that."""
    layout = ports.profiles.layout()
    version = 0 if layout is None else layout.version
    if ports.books.frozen:
        return {"layout": version, "inside": None, "taken": None}
    inside, taken = ports.books.submit(lambda desk: (desk.inside(), desk.all_taken()))
    return {"layout": version, "inside": inside, "taken": taken if len(taken) <= TAKEN_MAX else None}
