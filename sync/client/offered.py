"""Offered: how often other devices showed guests an offer or redeemed it, kept where this one looks it up."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import msgspec

from edge.core.offers.elsewhere import OFFER_TIMES, Totals
from edge.errors import Refused
from sync.client.ports import Books, Desk
from sync.packing import UNREADABLE
from sync.wire import Item

_decode = msgspec.msgpack.Decoder(Totals).decode


class Told(NamedTuple):
    """What is kept of one guest, without this device's own part: that it knows better; None: nothing."""

    guest: str
    body: bytes | None


def told(items: Iterable[Item], *, own: str) -> list[Told]:
    """Read all totals of a page before the first is kept; ``own`` is this device."""
    return [_read(item, own) for item in items if item.kind == OFFER_TIMES]


def apply(books: Books, times: list[Told]) -> None:
    """Keep them; a newer version takes the older one's place, and what is gone goes here too."""
    if times:
        books.submit(partial(_keep, times=times))


def _read(item: Item, own: str) -> Told:
    if item.body is None:
        return Told(item.key, None)
    try:
        totals = _decode(item.body)
    except UNREADABLE as error:
        raise Refused(f"A guest's counts of offers do not decode: {error}") from error
    totals.pop(own, None)
    return Told(item.key, msgspec.msgpack.encode(totals) if totals else None)


def _keep(desk: Desk, times: list[Told]) -> None:
    for one in times:
        if one.body is None:
            desk.delete(OFFER_TIMES, one.guest)
        else:
            desk.put(OFFER_TIMES, one.guest, one.body)
