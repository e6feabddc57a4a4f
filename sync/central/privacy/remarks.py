"""Remarks: what staff wrote in their own words, taken out of events whose facts and hashes stay."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from edge.core.events import Decided, Kind
from edge.core.payment.bodies import RefundAsked, Voided
from edge.core.shift import CashMoved, ShiftClosed
from sync.central.feed import item_table
from sync.central.machines.lanes import event_table
from sync.central.store import ColumnElement, Connection, Row, Select, and_, select, tuple_, update
from sync.wire import ErasureNotice

ACTED = (
    *(Kind.UNDONE, Kind.BAND_STATE, Kind.LINKED, Kind.COUNT_CORRECTED, Kind.LOCATION_SET),
    *(Kind.APPROVAL_ASKED, Kind.APPROVAL_GIVEN, Kind.APPROVAL_REFUSED),
)
"""Kinds of events in which people write what they like; elsewhere a note is a word of the device itself."""
SPOKEN = {
    Kind.PAYMENT_VOIDED: Voided,
    Kind.REFUND_ASKED: RefundAsked,
    Kind.SHIFT_CLOSED: ShiftClosed,
    Kind.CASH_MOVED: CashMoved,
}
"""Kinds of money's events in which they do, each with its body."""
REMARKED = (*ACTED, *SPOKEN, Kind.CONFIRMED, Kind.OVERRIDDEN, Kind.FEEDBACK_GIVEN)
"""All kinds in which somebody gives a reason, if only one of a closed list, or a guest types a word."""
NOTICED = (Kind.ZONE_ENTERED, Kind.ZONE_LEFT)
"""Kinds in which a device seals who it was that was noticed: kept as short as where bands were read."""
PIECE_MAX = 1_000
"""Events looked at in one transaction, so that no batch waits long for its turn."""
WORDS = ("note", "sealed")
"""Where a body by names holds somebody's own words."""
ERASE = "erase"
"""The kind of urgent notices that tell every edge whom to forget."""
NOTE_AT = Decided.__struct_fields__.index(WORDS[0])
REASON_AT = {int(kind): body.__struct_fields__.index("reason") for kind, body in SPOKEN.items()}
"""Where a bare row holds them."""
START: tuple[Any, ...] = (0, "", 0, 0, 0)
"""Before the first event."""
_own = event_table.c
_order = (_own.hlc, _own.device_id, _own.incarnation, _own.lane, _own.seq)


def without(body: bytes, kind: int = Kind.DECIDED) -> bytes | None:
    """Return a body without its remark, all else as it was; None where it holds none or cannot be read.

    A later version's body keeps what we do not know of it.
    """
    try:
        plain = msgspec.msgpack.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if isinstance(plain, dict):
        gone = [plain.pop(word, None) for word in WORDS]
        return msgspec.msgpack.encode(plain) if any(gone) else None
    place = REASON_AT.get(kind, NOTE_AT)
    if isinstance(plain, list) and len(plain) > place and plain[place]:
        plain[place] = ""
        return msgspec.msgpack.encode(plain)
    return None


def is_clear(body: bytes) -> bool:
    """Say whether a remark stands in a body for all to read, as devices of an older version write it."""
    try:
        plain = msgspec.msgpack.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return isinstance(plain, dict) and bool(plain.get(WORDS[0]))


def erasure_key(guest: str) -> str:
    """Return under which key the feed tells that a guest is to be forgotten."""
    return hashlib.blake2b(guest.encode(), digest_size=16).hexdigest()


def erased_of(tx: Connection, site: str, ids: Sequence[bytes]) -> set[bytes]:
    """Return those of the bands whose guest was erased."""
    gone, items = set[bytes](), item_table.c
    told = select(items.body).where(items.site_id == site, items.kind == ERASE, items.body.is_not(None))
    for body in tx.execute(told).scalars():
        gone |= set(ids) & set(msgspec.msgpack.decode(bytes(body), type=ErasureNotice).bands)
    return gone


def forget_about(tx: Connection, site: str, bands: Sequence[bytes]) -> int:
    """Take away what was remarked about these bands; returns from how many events."""
    if not bands:
        return 0
    return _forget(tx, tx.execute(_events(site, _own.band.in_(list(bands)), REMARKED)).all())


def forget_before(
    tx: Connection, site: str, at_ms: int, *, after: tuple[Any, ...] = START, kinds: Sequence[Kind] = REMARKED
) -> tuple[tuple[Any, ...], int]:
    """Take away one piece of what was remarked before a moment; returns where it ended and how much went.

    It has ended once it ends where it began.
    """
    due = and_(_own.hlc < at_ms << 16, tuple_(*_order) > after)
    rows = tx.execute(_events(site, due, kinds).order_by(*_order).limit(PIECE_MAX)).all()
    end = (rows[-1].hlc, *_place(rows[-1])) if rows else after
    return end, _forget(tx, rows)


def _events(site: str, which: ColumnElement[bool], kinds: Sequence[Kind]) -> Select[Any]:
    return select(*_order, _own.site_id, _own.kind, _own.body).where(
        and_(_own.site_id == site, _own.kind.in_(kinds), which)
    )


def _forget(tx: Connection, rows: Iterable[Row[Any]]) -> int:
    gone = 0
    for row in rows:
        body = without(bytes(row.body), row.kind)
        if body is not None:
            this = and_(_own.site_id == row.site_id, tuple_(*_order[1:]) == _place(row))
            tx.execute(update(event_table).where(this).values(body=body))
            gone += 1
    return gone


def _place(row: Row[Any]) -> tuple[Any, ...]:
    return (row.device_id, row.incarnation, row.lane, row.seq)
