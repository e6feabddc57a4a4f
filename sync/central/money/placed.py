"""Placed leases: central's rows of what it has set aside, one per lease, never one that all share."""

from __future__ import annotations

import functools
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from edge.core.lease import Counters, LeaseKind, Placed, PlacedState
from sync.central.money import aside
from sync.central.registry.tables import parts
from sync.central.store import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    bindparam,
    insert,
    metadata,
    select,
    text,
    update,
)

KIND_CHARS_MAX = 64
WHY_CHARS_MAX = 64
LEFT = "left"
"""Why a lease was asked back whose guest has gone."""
LIVING = (PlacedState.OPEN, PlacedState.IN_DOUBT)
"""States in which a device may still hold something."""

placed_table = Table(
    "lease",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("lease_id", String(64), primary_key=True),
    Column("wallet_id", String(64), nullable=False),
    Column("kind", String(KIND_CHARS_MAX), nullable=False),
    Column("unit", String(16), nullable=False),
    Column("band", String(32), nullable=False),
    Column("day", Integer),
    Column("device_id", String(64), nullable=False),
    Column("incarnation", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("closing", Boolean, nullable=False),
    Column("why", String(WHY_CHARS_MAX), nullable=False),
    Column("granted", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("voided", BigInteger, nullable=False),
    Column("minted", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("late", LargeBinary, nullable=False),
    Column("loss", BigInteger, nullable=False),
    Column("recovered", BigInteger, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("ttl_s", BigInteger, nullable=False),
    Column("doubt_ms", BigInteger, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("heard_ms", BigInteger, nullable=False),
    Index("lease_wallet", "site_id", "wallet_id", "kind"),
    Index("lease_device", "site_id", "device_id", "serial"),
    Index("lease_state", "site_id", "state", "doubt_ms"),
)
serial_table = Table(
    "lease_serial",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("serial", BigInteger, nullable=False),
)
"""The last number of each device's grants and closes: a row of its own, held by whoever tells it more."""
_late = msgspec.msgpack.Decoder(Counters)


class PlacedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A lease as central keeps it: the protocol's own part, and what central alone must know of it."""

    placed: Placed
    day: int | None = None
    why: str = ""
    loss: int = 0
    """What was booked as lost when it was written off: D."""
    recovered: int = 0
    """What of that came back since."""
    serial: int = 0
    ttl_s: int = 0
    opened_ms: int = 0
    heard_ms: int = 0

    @property
    def id(self) -> str:
        """The lease's name."""
        return self.placed.lease

    @property
    def living(self) -> bool:
        """Whether a device may still hold something of it."""
        return self.placed.state in LIVING


def new_id() -> str:
    """Return a name for a lease; it holds letters, so that no guard takes it for a card's number."""
    return f"l{secrets.token_hex(8)}"


def by_id(tx: Connection, site: str, ids: Iterable[str], *, held: bool = False) -> dict[str, PlacedRow]:
    """Return those of the leases that exist; ``held``: nobody else moves them until the commit."""
    found: dict[str, PlacedRow] = {}
    for part in parts(sorted(set(ids))):
        found |= {one.id: one for one in _rows(tx, placed_table.c.lease_id.in_(part), site=site, held=held)}
    return found


def of_wallet(
    tx: Connection, site: str, wallet: str, *, kind: str | None = None, held: bool = False
) -> tuple[PlacedRow, ...]:
    """Return every lease of a wallet, of one kind or of all; without a wallet: what devices hold as such."""
    named = {} if kind is None else {"kind": kind}
    found = tx.execute(_of_wallet(bool(named), held), {"site": site, "wallet": wallet, **named})
    return tuple(map(_row, found))


@functools.cache
def _of_wallet(of_kind: bool, held: bool) -> Select[Any]:
    """Build each shape once: no other question is asked as often."""
    own = placed_table.c
    query = select(placed_table).where(own.site_id == bindparam("site"), own.wallet_id == bindparam("wallet"))
    if of_kind:
        query = query.where(own.kind == bindparam("kind"))
    if held:  # whoever holds several takes them in one order, so that two never wait for each other
        return query.order_by(own.lease_id).with_for_update()
    return query.order_by(own.serial, own.lease_id)


def names_of(tx: Connection, site: str, wallets: Iterable[str]) -> list[str]:
    """Return the names of all leases that these wallets ever had: also of a settled one a device may tell."""
    own, found = placed_table.c, list[str]()
    for part in parts(sorted(set(wallets))):
        query = select(own.lease_id).where(own.site_id == site, own.wallet_id.in_(part))
        found += tx.execute(query).scalars()
    return found


def of_wallets(
    tx: Connection, site: str, wallets: Iterable[str], *, kind: str, left_since_ms: int | None = None
) -> dict[str, list[PlacedRow]]:
    """Return by wallet the leases of one kind that devices may hold, and those given back by who left."""
    own, found = placed_table.c, dict[str, list[PlacedRow]]()
    there: ColumnElement[bool] = own.state.in_([state.value for state in LIVING])
    if left_since_ms is not None:
        there |= (own.why == LEFT) & (own.heard_ms > left_since_ms)
    for part in parts(sorted(set(wallets))):
        for one in _rows(tx, own.wallet_id.in_(part) & (own.kind == kind) & there, site=site):
            found.setdefault(one.placed.wallet, []).append(one)
    return found


def every(tx: Connection, site: str) -> tuple[PlacedRow, ...]:
    """Return every lease that a site ever had."""
    return tuple(_rows(tx, placed_table.c.lease_id != "", site=site))


def of_device(
    tx: Connection, site: str, device: str, *, after: int = 0, limit: int | None = None
) -> tuple[PlacedRow, ...]:
    """Return what was granted to a device or asked back from it after a number, in order."""
    own = placed_table.c
    told = own.state != PlacedState.SETTLED.value  # what was given up is still wanted back
    there = (own.device_id == device) & (own.serial > after) & told
    query = select(placed_table).where(own.site_id == site, there).order_by(own.serial, own.lease_id)
    return tuple(_row(row) for row in tx.execute(query.limit(limit)))


def in_states(
    tx: Connection, site: str, states: Sequence[PlacedState], *, due_ms: int | None = None
) -> tuple[PlacedRow, ...]:
    """Return the leases that are in one of these states, and whose time was over by ``due_ms``."""
    own = placed_table.c
    there = own.state.in_([state.value for state in states])
    return tuple(_rows(tx, there if due_ms is None else there & (own.doubt_ms <= due_ms), site=site))


def next_serial(tx: Connection, site: str, device: str) -> int:
    """Take the next number of what a device is told; its row is held until the commit."""
    return int(tx.execute(NUMBER, {"site": site, "device": device, "more": 1}).scalar_one())


def hold_serials(tx: Connection, site: str, devices: Iterable[str]) -> None:
    """Hold the numbers of several devices in one order: whoever tells two of them more does this first."""
    for device in sorted(set(devices)):
        tx.execute(NUMBER, {"site": site, "device": device, "more": 0})


def add(tx: Connection, site: str, rows: Sequence[PlacedRow]) -> None:
    """Store leases that are new."""
    if rows:
        tx.execute(insert(placed_table), [_values(site, one) for one in rows])
        aside.moved(tx, site, _held_by(rows))


def put(tx: Connection, site: str, rows: Sequence[PlacedRow]) -> None:
    """Store leases that moved."""
    if not rows:
        return
    more = _held_by(rows)
    for part in parts([one.id for one in rows]):
        for row in tx.execute(HELD_OF, {"site": site, "ids": part}):
            more[row.device_id, row.unit] -= int(row.minor)
    tx.execute(MOVE, [{**_values(site, one), "own_site": site, "own_lease": one.id} for one in rows])
    aside.moved(tx, site, more)


def _held_by(rows: Iterable[PlacedRow]) -> Counter[tuple[str, str]]:
    """Return how much money these leases come to, by device and unit."""
    found = Counter[tuple[str, str]]()
    for row in rows:
        if row.living and row.placed.kind == LeaseKind.MONEY:
            found[row.placed.device, row.placed.unit] += row.placed.counters.spendable
    return found


_held = placed_table.c
HELD_OF = (
    select(
        _held.device_id,
        _held.unit,
        (_held.granted + _held.minted + _held.voided - _held.spent - _held.returned).label("minor"),
    )
    .where(_held.site_id == bindparam("site"), _held.lease_id.in_(bindparam("ids", expanding=True)))
    .where(_held.kind == LeaseKind.MONEY.value, _held.state.in_([state.value for state in LIVING]))
)
NUMBER = text(
    "INSERT INTO lease_serial (site_id, device_id, serial) VALUES (:site, :device, :more)"
    " ON CONFLICT (site_id, device_id) DO UPDATE SET serial = lease_serial.serial + :more RETURNING serial"
)
_FIXED = ("site_id", "lease_id", "wallet_id", "kind", "unit", "band", "opened_ms")
MOVE = (
    update(placed_table)
    .where(placed_table.c.site_id == bindparam("own_site"), placed_table.c.lease_id == bindparam("own_lease"))
    .values({column.name: bindparam(column.name) for column in placed_table.c if column.name not in _FIXED})
)


def _rows(
    tx: Connection, there: ColumnElement[bool], *, site: str, held: bool = False
) -> Iterable[PlacedRow]:
    own, query = placed_table.c, select(placed_table).where(placed_table.c.site_id == site, there)
    if held:  # whoever holds several takes them in one order, so that two never wait for each other
        return [_row(row) for row in tx.execute(query.order_by(own.lease_id).with_for_update())]
    return [_row(row) for row in tx.execute(query.order_by(own.serial, own.lease_id))]


def _values(site: str, one: PlacedRow) -> dict[str, Any]:
    placed, counters = one.placed, one.placed.counters
    return {
        "site_id": site,
        "lease_id": placed.lease,
        "wallet_id": placed.wallet,
        "kind": placed.kind,
        "unit": placed.unit,
        "band": placed.band,
        "day": one.day,
        "device_id": placed.device,
        "incarnation": placed.incarnation,
        "state": placed.state.value,
        "closing": placed.closing,
        "why": one.why[:WHY_CHARS_MAX],
        "granted": counters.granted,
        "spent": counters.spent,
        "voided": counters.voided,
        "minted": counters.minted,
        "returned": counters.returned,
        "late": msgspec.msgpack.encode(placed.late),
        "loss": one.loss,
        "recovered": one.recovered,
        "serial": one.serial,
        "ttl_s": one.ttl_s,
        "doubt_ms": placed.doubt_ms,
        "opened_ms": one.opened_ms,
        "heard_ms": one.heard_ms,
    }


def _row(row: Row[Any]) -> PlacedRow:
    counters = Counters(
        granted=row.granted, spent=row.spent, voided=row.voided, minted=row.minted, returned=row.returned
    )
    placed = Placed(
        lease=row.lease_id,
        wallet=row.wallet_id,
        kind=row.kind,
        unit=row.unit,
        device=row.device_id,
        incarnation=row.incarnation,
        counters=counters,
        state=PlacedState(row.state),
        closing=row.closing,
        doubt_ms=row.doubt_ms,
        late=_late.decode(bytes(row.late)),
        band=row.band,
    )
    return PlacedRow(
        placed=placed,
        day=row.day,
        why=row.why,
        loss=row.loss,
        recovered=row.recovered,
        serial=row.serial,
        ttl_s=row.ttl_s,
        opened_ms=row.opened_ms,
        heard_ms=row.heard_ms,
    )
