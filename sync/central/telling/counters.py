"""Counters: the highest tap counter that any device of a site saw of each band, told to all of them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sync.central.feed import Change, item_table, publish
from sync.central.registry.tables import parts
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, and_, select
from sync.wire import COUNTER, COUNTER_MAX

_encode = msgspec.msgpack.Encoder().encode
_number = msgspec.msgpack.Decoder(int)


def merge(tx: Connection, site: str, told: Mapping[bytes, int]) -> int:
    """Raise what the site knows to what one device saw; return how many bands moved.

    The maximum is the same in whatever order devices come, and however often each tells it. What the feed
    holds is the memory: a device that was away reads the newest of each band, once.
    """
    wanted = {band.hex(): number for band, number in told.items() if 0 < number <= COUNTER_MAX}
    if not wanted:
        return 0
    take_turn(tx, site)  # or a lower number could be published over a higher one
    known = _known(tx, site, list(wanted))
    higher = {key: number for key, number in wanted.items() if number > known.get(key, 0)}
    if higher:
        publish(tx, site, [Change(COUNTER, key, _encode(number)) for key, number in higher.items()])
    return len(higher)


def _known(tx: Connection, site: str, keys: list[str]) -> dict[str, int]:
    own, found = item_table.c, {}
    for part in parts(keys):
        these = and_(own.site_id == site, own.kind == COUNTER, own.key.in_(part))
        rows = tx.execute(select(own.key, own.body).where(these))
        found.update({row.key: _number.decode(bytes(row.body)) for row in rows if row.body is not None})
    return found
