"""Urgent notices: what binds every gate at once, applied to the site's memory before anything else."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge.core.bands import Standing, merge
from edge.core.events import Acted, Kind, Lane
from edge.core.held import Change
from edge.errors import Refused
from sync.client.ports import Books, Desk
from sync.packing import UNREADABLE
from sync.wire import BandNotice, Cursor, Item

KEPT = "sync"
CURSOR = "urgent"
BAND = "band"


def applied(books: Books) -> Cursor:
    """Return how far the urgent set is applied."""
    kept = books.submit(lambda desk: desk.get(KEPT, CURSOR))
    return Cursor() if kept is None else msgspec.msgpack.decode(kept, type=Cursor)


def notices(items: Sequence[Item]) -> list[BandNotice]:
    """Read all urgent items before the first is applied; a kind from the future is left to a newer edge."""
    try:
        return [
            msgspec.msgpack.decode(item.body, type=BandNotice)
            for item in items
            if item.kind == BAND and item.body is not None
        ]
    except UNREADABLE as error:
        raise Refused(f"An urgent notice does not decode: {error}") from error


def apply(books: Books, items: Sequence[Item], to: Cursor) -> int:
    """Apply notices and move the urgent cursor in one transaction; return how many changed anything."""
    read = notices(items)
    return books.submit(lambda desk: _apply(desk, read, to))


def _apply(desk: Desk, read: Sequence[BandNotice], to: Cursor) -> int:
    changed = sum(_bind(desk, notice) for notice in read)
    desk.put(KEPT, CURSOR, msgspec.msgpack.encode(to))
    return changed


def _bind(desk: Desk, notice: BandNotice) -> bool:
    """Bind one band; a state that already holds, or a severer one, makes no new record."""
    held = desk.held(notice.band)
    known = Standing(held.epoch, held.state)
    told = merge(known, Standing(notice.epoch, notice.state))
    if told == known:
        return False
    said = Acted(reason=notice.reason, state=int(told.state), amount=told.epoch)
    desk.append(Kind.URGENT_APPLIED, said, band=notice.band, lane=Lane.PRIORITY)
    changed = msgspec.structs.replace(held, epoch=told.epoch, state=told.state, uses=())
    # 0: the record that last moved this band is none of the ordinary lane.
    desk.apply(notice.band, Change(held=changed), 0)
    return True
