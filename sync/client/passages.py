"""Passages: what other devices of the site let in binds this one, so no right opens two gates for long."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec

from edge.core.bands import BAND_ID_BYTES
from edge.core.entitlements import Use
from edge.core.held import Change
from edge.core.passages import Whereabouts, heard, news
from edge.errors import Refused
from sync.client.ports import Books, Desk
from sync.packing import UNREADABLE
from sync.wire import USES, WHEREABOUTS, Item

KINDS = frozenset({USES, WHEREABOUTS})
_uses = msgspec.msgpack.Decoder(tuple[Use, ...])
_place = msgspec.msgpack.Decoder(Whereabouts)
Used = tuple[str, tuple[Use, ...]]
Seen = tuple[bytes, Whereabouts]


def uses_told(items: Iterable[Item]) -> list[Used]:
    """Read all uses of a page before the first is kept."""
    return [_read_uses(item) for item in items if item.kind == USES and item.body is not None]


def places_told(items: Iterable[Item]) -> list[Seen]:
    """Read where all bands of a page passed before the first is kept."""
    return [_read_place(item) for item in items if item.kind == WHEREABOUTS and item.body is not None]


def apply(books: Books, used: list[Used], seen: list[Seen]) -> None:
    """Keep them; what this device knows better stays, and the same twice is the same."""
    books.submit(partial(_keep, used=used, seen=seen))


def _read_uses(item: Item) -> Used:
    try:
        uses = _uses.decode(item.body or b"")
    except UNREADABLE as error:
        raise Refused(f"The uses of a right do not decode: {error}") from error
    if any(use.entitlement != item.key for use in uses):
        raise Refused("Uses of another right than the one that is named.")
    return item.key, uses


def _read_place(item: Item) -> Seen:
    try:
        band, place = bytes.fromhex(item.key), _place.decode(item.body or b"")
    except (ValueError, *UNREADABLE) as error:
        raise Refused(f"Where a band passed does not decode: {error}") from error
    if len(band) != BAND_ID_BYTES:
        raise Refused("A place of what is no band.")
    return band, place


def _keep(desk: Desk, used: list[Used], seen: list[Seen]) -> None:
    for right, uses in used:
        fresh = news(desk.held(b"", (right,)).uses, uses)
        if fresh:
            desk.apply(None, Change(uses=fresh), 0)
    for band, place in seen:
        held = desk.held(band)
        after = heard(held, place)
        if after is not held:
            desk.apply(band, Change(held=after), 0)
