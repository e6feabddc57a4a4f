"""Counters: what other devices of the site saw of a band binds this one, so that no message passes twice."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec

from edge.core.bands import BAND_ID_BYTES
from edge.core.held import Change
from edge.errors import Refused
from sync.client.ports import Books, Desk
from sync.packing import UNREADABLE
from sync.wire import COUNTER, COUNTER_MAX, Item

PIECE_MAX = 500
"""Bands raised in one transaction, so that no tap waits long."""
_number = msgspec.msgpack.Decoder(int)
Raised = tuple[bytes, int]


def told(items: Iterable[Item]) -> list[Raised]:
    """Read all counters of a page before the first is applied."""
    return [_read(item) for item in items if item.kind == COUNTER and item.body is not None]


def apply(books: Books, raised: list[Raised]) -> None:
    """Raise what this site remembers; a number that is not above it changes nothing, in whatever order."""
    for start in range(0, len(raised), PIECE_MAX):
        books.submit(partial(_raise, raised=raised[start : start + PIECE_MAX]))


def _read(item: Item) -> Raised:
    try:
        band, number = bytes.fromhex(item.key), _number.decode(item.body or b"")
    except (ValueError, *UNREADABLE) as error:
        raise Refused(f"A counter does not decode: {error}") from error
    if len(band) != BAND_ID_BYTES or not 0 <= number <= COUNTER_MAX:
        raise Refused(f"A counter of {number} is none of a band's.")
    return band, number


def _raise(desk: Desk, raised: list[Raised]) -> None:
    for band, number in raised:
        held = desk.held(band)
        if number > held.counter:
            # The tap that brought it was another device's: none of ours is it, judged again.
            higher = msgspec.structs.replace(held, counter=number, counter_tap="", uses=())
            desk.apply(band, Change(held=higher), 0)
