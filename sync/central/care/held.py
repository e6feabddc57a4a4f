"""Held: which coupons guests hold, where each is good, and whether anybody told that it was used."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from edge.core.events import Kind
from edge.core.offers.said import Told
from sync.central.near import bearable
from sync.central.privacy import erasure, retention
from sync.central.registry import guests
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)

SHOWN_MAX = 50
OP_CHARS_MAX = 200


class State(enum.StrEnum):
    """How one stands, as far as devices have told."""

    OPEN = "open"
    USED = "used"
    OVER = "over"
    """Declined, taken back with its purchase, or another one was made in its place."""


held_table = Table(
    "coupon_held",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("exposure", String(ID_CHARS_MAX), primary_key=True),
    Column("home", String(ID_CHARS_MAX), nullable=False),
    Column("handed", Boolean, nullable=False),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("op_id", String(OP_CHARS_MAX), nullable=False),
    Column("offer", String(ID_CHARS_MAX), nullable=False),
    Column("bundle", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("coupon_held_guest", "site_id", "guest_id"),
    Index("coupon_held_op", "site_id", "op_id"),
    Index("coupon_held_at", "at_ms"),
)
_own = held_table.c
KINDS = frozenset(
    (*(Kind.OFFER_TAKEN, Kind.OFFER_DECLINED, Kind.OFFER_REDEEMED), Kind.OFFER_RETURNED, Kind.OFFER_MADE_OVER)
)
"""The events that change it."""
_BECOMES = {
    Kind.OFFER_REDEEMED: State.USED,
    Kind.OFFER_RETURNED: State.OPEN,
    Kind.OFFER_DECLINED: State.OVER,
}


class Held(NamedTuple):
    """One coupon."""

    exposure: str
    home: str
    """The device where it is good, and nowhere else."""
    handed: bool
    """It came there by its code alone, and is unknown there until somebody scans it."""
    guest: str
    """Whose it is; empty: of somebody unknown."""
    op_id: str
    """The purchase that brought it; empty: it was taken up at a kiosk."""
    offer: str
    bundle: int
    state: State


def take(tx: Connection, site: str, said: Told, *, kind: int, device: str) -> None:
    """Note what a device tells of a coupon; nobody but its home says what became of it."""
    if not bearable.names(said.exposure, said.offer, said.guest or "", said.to) or not said.exposure:
        return
    known = find(tx, site, said.exposure)
    if kind == Kind.OFFER_TAKEN:
        guest, fits = said.guest or "", len(said.op_id) <= OP_CHARS_MAX and said.op_id.isprintable()
        if known is None and fits and (not guest or guests.guests_of(tx, site, [guest])):
            one = Held(said.exposure, device, False, guest, said.op_id, said.offer, said.bundle, State.OPEN)
            put(tx, site, one)
    elif known is None or known.home != device:
        return
    elif kind == Kind.OFFER_MADE_OVER:
        move(tx, site, said.exposure, home=said.to)
    else:
        end(tx, site, said.exposure, state=_BECOMES[Kind(kind)])


def put(tx: Connection, site: str, one: Held) -> None:
    """Keep a coupon that is new."""
    row = {"site_id": site, "exposure": one.exposure, "home": one.home, "handed": one.handed,
           "guest_id": one.guest, "op_id": one.op_id, "offer": one.offer, "bundle": one.bundle,
           "state": one.state.value, "at_ms": now_of(tx)}  # fmt: skip
    tx.execute(insert(held_table).values(row))


def move(tx: Connection, site: str, exposure: str, *, home: str) -> None:
    """Note that one is good at another device from now on."""
    tx.execute(update(held_table).where(_this(site, exposure)).values(home=home, handed=True))


def end(tx: Connection, site: str, exposure: str, *, state: State) -> None:
    """Note how one stands."""
    tx.execute(update(held_table).where(_this(site, exposure)).values(state=state.value))


def find(tx: Connection, site: str, exposure: str) -> Held | None:
    """Return one, or None where nobody told of it."""
    return next(iter(_read(tx, _this(site, exposure))), None)


def open_ones(tx: Connection, site: str, people: Sequence[str], *, op_id: str = "") -> tuple[Held, ...]:
    """Return the newest of these people, and what a purchase brought, that nobody used as far as is known."""
    theirs = [_own.guest_id.in_(part) for part in parts(people)]
    bought = [and_(_own.op_id == op_id, _own.op_id != "")]
    return _read(tx, and_(_own.site_id == site, _own.state == State.OPEN.value, or_(*theirs, *bought)))


def forget(tx: Connection, site: str, guest: str) -> None:
    """Delete an erased guest's."""
    tx.execute(delete(held_table).where(and_(_own.site_id == site, _own.guest_id == guest)))


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete those of before a moment; returns how many."""
    return tx.execute(delete(held_table).where(_own.at_ms < at_ms)).rowcount


def _read(tx: Connection, where: ColumnElement[bool]) -> tuple[Held, ...]:
    columns = (_own.exposure, _own.home, _own.handed, _own.guest_id, _own.op_id, _own.offer, _own.bundle)
    query = select(*columns, _own.state).where(where).order_by(_own.at_ms.desc(), _own.exposure)
    return tuple(Held(*row[:-1], State(row[-1])) for row in tx.execute(query.limit(SHOWN_MAX)).all())


def _this(site: str, exposure: str) -> ColumnElement[bool]:
    return and_(_own.site_id == site, _own.exposure == exposure)


erasure.PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
retention.SPOKEN.append(delete_before)
