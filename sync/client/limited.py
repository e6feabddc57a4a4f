"""Limited: what other devices of the site counted of people and bands, kept where this one looks it up."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import msgspec

from edge.core.elsewhere import KEPT, PINS, Limited, Spans, kept_key
from edge.core.pins import Tried
from edge.errors import Refused
from sync.client.ports import Books, Desk
from sync.packing import UNREADABLE
from sync.wire import Item

KINDS = frozenset(Limited)
_encode = msgspec.msgpack.Encoder().encode
_BODIES: dict[bool, msgspec.msgpack.Decoder[Any]] = {
    True: msgspec.msgpack.Decoder(dict[str, Tried]),
    False: msgspec.msgpack.Decoder(dict[str, Spans]),
}


class Counted(NamedTuple):
    """What is kept of one person or band, without this device's own part: that it knows better."""

    key: str
    body: bytes


def told(items: Iterable[Item], *, own: str) -> list[Counted]:
    """Read all totals of a page before the first is kept; ``own`` is this device."""
    return [_read(item, own) for item in items if item.kind in KINDS and item.body is not None]


def apply(books: Books, counted: list[Counted]) -> None:
    """Keep them; a newer version takes the older one's place, and the same twice is the same."""
    if counted:
        books.submit(partial(_keep, counted=counted))


def _read(item: Item, own: str) -> Counted:
    what = Limited(item.kind)
    try:
        totals = _BODIES[what in PINS].decode(item.body or b"")
    except UNREADABLE as error:
        raise Refused(f"A count of {what} does not decode: {error}") from error
    totals.pop(own, None)
    return Counted(kept_key(what, item.key), _encode(totals))


def _keep(desk: Desk, counted: list[Counted]) -> None:
    for one in counted:
        desk.put(KEPT, one.key, one.body)
