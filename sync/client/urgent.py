"""Urgent notices: what binds every gate at once, applied to the site's memory before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from edge.core.bands import BAND_ID_BYTES, BandState, Standing, merge
from edge.core.lease import COUNTER_MAX
from edge.errors import Refused
from sync.client.heard import know, known
from sync.client.ports import Books, Desk, Lending, Ports, Shown
from sync.lending import BLOCK, BlockNotice
from sync.packing import UNREADABLE
from sync.wire import (
    ALARM,
    ITEM_BYTES_MAX,
    KEY_CHARS_MAX,
    URGENT_MAX,
    AlarmNotice,
    BandNotice,
    Cursor,
    ErasureNotice,
    Item,
)

KEPT = "sync"
CURSOR = "urgent"
BAND = "band"
ERASE = "erase"
UNCHANGED = "Nothing was changed; compare the versions of central and of this device."


def applied(books: Books) -> Cursor:
    """Return how far the urgent set is applied."""
    return books.submit(applied_on)


def applied_on(desk: Desk) -> Cursor:
    """Return the same inside a transaction."""
    kept = desk.get(KEPT, CURSOR)
    return Cursor() if kept is None else msgspec.msgpack.decode(kept, type=Cursor)


def check(items: Sequence[Item]) -> None:
    """Read all urgent items before the first is applied, or raise ``Refused``: then nothing was changed.

    A kind from the future is left to a newer edge.
    """
    if len(items) > URGENT_MAX:
        raise Refused(f"{len(items)} urgent items at once, at most {URGENT_MAX}.", hint=UNCHANGED)
    for item in items:
        if len(item.key) > KEY_CHARS_MAX or len(item.body or b"") > ITEM_BYTES_MAX:
            raise Refused(f"An item of kind {item.kind[:20]} is larger than agreed.", hint=UNCHANGED)
    bands = [notice for notice in _read(items) if notice is not None]
    blocked, gone = blocks(items), erasures(items)
    named = [*(one.band for one in bands), *(band for one in gone for band in one.bands)]
    if any(len(band) != BAND_ID_BYTES for band in named):
        raise Refused("An urgent notice about what is no band.", hint=UNCHANGED)
    epochs = [*(one.epoch for one in bands), *(one.epoch for one in blocked)]
    if any(not 0 <= epoch <= COUNTER_MAX for epoch in epochs):
        raise Refused("An urgent notice whose epoch no counter reaches.", hint=UNCHANGED)
    alarms(items)


def _read(items: Sequence[Item]) -> list[BandNotice | None]:
    try:
        return [
            msgspec.msgpack.decode(item.body, type=BandNotice)
            if item.kind == BAND and item.body is not None
            else None
            for item in items
        ]
    except UNREADABLE as error:
        raise Refused(f"An urgent notice does not decode: {error}") from error


def erasures(items: Sequence[Item]) -> list[ErasureNotice]:
    """Read whom central wants forgotten, before the first is."""
    try:
        return [
            msgspec.msgpack.decode(item.body, type=ErasureNotice)
            for item in items
            if item.kind == ERASE and item.body is not None
        ]
    except UNREADABLE as error:
        raise Refused(f"An erasure does not decode: {error}") from error


class Alarm(NamedTuple):
    """What central says of one alarm of its own: its name, what it saw (None: looked at), and its number."""

    key: str
    notice: AlarmNotice | None
    turn: int


def alarms(items: Sequence[Item]) -> list[Alarm]:
    """Read the alarms among urgent items, before the first is shown."""
    try:
        return [
            Alarm(item.key, None if item.body is None else _alarm(item.body), item.version)
            for item in items
            if item.kind == ALARM
        ]
    except UNREADABLE as error:
        raise Refused(f"An alarm does not decode: {error}") from error


def _alarm(body: bytes) -> AlarmNotice:
    notice = msgspec.msgpack.decode(body, type=AlarmNotice)
    if len(notice.band) != BAND_ID_BYTES:
        raise Refused(f"An alarm about a band of {len(notice.band)} bytes.")
    return notice


def blocks(items: Sequence[Item]) -> list[BlockNotice]:
    """Read which wallets central blocks or lets go, before the first is stopped."""
    try:
        return [
            msgspec.msgpack.decode(item.body, type=BlockNotice)
            for item in items
            if item.kind == BLOCK and item.body is not None
        ]
    except UNREADABLE as error:
        raise Refused(f"A block does not decode: {error}") from error


def stop(lending: Lending | None, items: Sequence[Item]) -> None:
    """Stop the wallets that are blocked, before the cursor moves past them; told twice they stop once."""
    for notice in blocks(items):
        if lending is not None and notice.blocked:
            lending.block(notice.wallet, notice.epoch)


def heard(ports: Ports) -> Sequence[tuple[str, int, str]]:
    """Return which wallets others say are blocked; asked before central is, for what it answers refutes them.

    Central tells a block in the transaction that makes it: what another device heard of it before this one
    asks is in the answer, or is not true.
    """
    if ports.lending is None or ports.books.frozen:
        return ()
    return ports.lending.hearsay()


def refute(lending: Lending | None, told: Sequence[tuple[str, int, str]]) -> None:
    """Let words of others count no more, once all that central said is applied."""
    if lending is not None and told:
        lending.refute(told)


def show(shown: Shown, items: Sequence[Item], *, device: str) -> None:
    """Bring what central alone could see to a device's staff, before the cursor moves past it."""
    for key, notice, turn in alarms(items):
        if notice is None or notice.concerns(device):
            shown(key, notice, turn=turn)


class Applied(NamedTuple):
    """What became of notices: how many changed anything, how many shut a band out, and where that ends."""

    changed: int
    shut_out: int
    to: Cursor
    held_back: int = 0


def apply(books: Books, items: Sequence[Item], to: Cursor, *, shut_out_max: int) -> Applied:
    """Apply notices and move the urgent cursor in one transaction, until one more would shut out too many."""
    read = list(zip(items, _read(items), strict=True))
    return books.submit(lambda desk: _apply(desk, read, to, shut_out_max=shut_out_max))


def _apply(
    desk: Desk, read: Sequence[tuple[Item, BandNotice | None]], to: Cursor, *, shut_out_max: int
) -> Applied:
    changed, shut_out, last = 0, 0, -1
    for place, (item, notice) in enumerate(read):
        worse = notice is not None and _shuts_out(desk, notice)
        if worse and shut_out == shut_out_max:
            # The rest comes again, as long as the cursor stays before it.
            stopped = Cursor(to.epoch, last) if last >= 0 else applied_on(desk)
            desk.put(KEPT, CURSOR, msgspec.msgpack.encode(stopped))
            return Applied(changed, shut_out, stopped, len(read) - place)
        shut_out += worse
        changed += notice is not None and _bind(desk, notice)
        last = item.version
    desk.put(KEPT, CURSOR, msgspec.msgpack.encode(to))
    return Applied(changed, shut_out, to)


def _shuts_out(desk: Desk, notice: BandNotice) -> bool:
    before = known(desk, notice.band)
    told = merge(before, Standing(notice.epoch, notice.state))
    return before.state is BandState.ACTIVE and told.state is not BandState.ACTIVE


def _bind(desk: Desk, notice: BandNotice) -> bool:
    """Bind one band; a state that already holds, or a severer one, makes no new record."""
    return know(desk, notice.band, Standing(notice.epoch, notice.state))
