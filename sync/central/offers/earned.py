"""Earned points: what each redeemed offer brings its guest, pending until the goods cannot come back."""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edge.core.offers.said import Told
from edge.core.retention import DAY_MS
from edge.errors import Unknown
from sync.central.near import bearable
from sync.central.offers import bundles
from sync.central.privacy.erasure import PLACES
from sync.central.registry import guests
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    metadata,
    now_of,
    select,
    update,
)

LOG = logging.getLogger("polso.central")
PAGE_MAX = 500
OP_CHARS_MAX = 64


class State(enum.StrEnum):
    """Where the points of one redemption stand."""

    PENDING = "pending"
    CREDITED = "credited"
    RETURNED = "returned"
    """The sale came back before anything was credited, or all of what was is back."""


earned_table = Table(
    "earned_points",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("exposure", String(ID_CHARS_MAX), primary_key=True),
    Column("op_id", String(OP_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("offer", String(ID_CHARS_MAX), nullable=False),
    Column("points", Integer, nullable=False),
    Column("point_minor", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("given", Integer, nullable=False),
    Column("back", Integer, nullable=False),
    Column("moves", Integer, nullable=False),
    Column("wallet", String(ID_CHARS_MAX), nullable=False),
    Column("counted", String(ID_CHARS_MAX), nullable=False),
    Column("look_ms", BigInteger),
    Column("changed_ms", BigInteger, nullable=False),
    Index("earned_points_due", "site_id", "look_ms"),
    Index("earned_points_op", "site_id", "op_id"),
)
_own = earned_table.c


class Earned(NamedTuple):
    """What one redemption brought; ``look_ms`` is when it is looked at next, None: there is nothing to do."""

    exposure: str
    op_id: str
    guest: str
    offer: str
    points: int
    """What stands of it; nothing once the sale was taken back whole."""
    point_minor: int
    state: State
    given: int
    """What of it lies in the guest's wallet by this, whether or not they have spent it."""
    back: int
    """What was taken out of it again."""
    moves: int
    wallet: str
    kind: str
    look_ms: int | None


class Sum(NamedTuple):
    """What one offer has brought so far, in points."""

    offer: str
    pending: int
    credited: int
    returned: int


def take(tx: Connection, site: str, said: Told) -> None:
    """Note what a redemption brings; by the offer as central signed it, whatever the device says of it.

    The days begin now: no device's clock makes them shorter. A tile that has brought something brings no
    more, unless that sale was taken back.
    """
    if said.earned <= 0 or not said.guest or not _is_bearable(said):
        return
    if not guests.guests_of(tx, site, [said.guest]):
        return  # erased meanwhile
    try:
        bundle = bundles.version_of(tx, site, said.bundle).draft.bundle
        offer = bundle.offers_by_id[said.offer]
    except (Unknown, KeyError):
        LOG.warning("earned.unknown bundle=%d offer=%s", said.bundle, said.offer)
        return
    if offer.points_earned <= 0 or _stands(tx, site, said):
        return
    now_ms = now_of(tx)
    row = {"site_id": site, "exposure": said.exposure, "op_id": said.op_id, "guest_id": said.guest,
           "offer": offer.id, "points": offer.points_earned, "point_minor": bundle.point_minor,
           "state": State.PENDING.value, "given": 0, "back": 0, "moves": 0, "wallet": "", "counted": "",
           "look_ms": now_ms + offer.points_after_days * DAY_MS, "changed_ms": now_ms}  # fmt: skip
    tx.execute(insert(earned_table).values(row))


def look_again(tx: Connection, site: str, ops: Sequence[str]) -> None:
    """Have the points of baskets looked at of which something came back; pending ones are, when due."""
    for part in parts(ops):
        there = and_(_own.site_id == site, _own.op_id.in_(part), _own.state == State.CREDITED.value)
        tx.execute(update(earned_table).where(there).values(look_ms=now_of(tx)))


def come_back(tx: Connection, site: str, said: Told) -> None:
    """Take that a sale was taken back whole: what was pending never comes, what was credited goes."""
    same = and_(_own.site_id == site, _own.exposure == said.exposure, _own.op_id == said.op_id)
    pending = and_(same, _own.state == State.PENDING.value)
    over = {"state": State.RETURNED.value, "look_ms": None, "changed_ms": now_of(tx)}
    tx.execute(update(earned_table).where(pending).values(over))
    credited = and_(same, _own.state == State.CREDITED.value)
    tx.execute(update(earned_table).where(credited).values(points=0, look_ms=now_of(tx)))


def due(tx: Connection, site: str, *, after: tuple[str, str] = ("", "")) -> tuple[Earned, ...]:
    """Return one page of what is to be looked at now, behind the one that was looked at last."""
    behind = (_own.exposure > after[0]) | ((_own.exposure == after[0]) & (_own.op_id > after[1]))
    return _rows(tx, and_(_own.site_id == site, _own.look_ms <= now_of(tx), behind))


def find(tx: Connection, site: str, one: Earned) -> Earned | None:
    """Return one again, as it stands in this transaction."""
    same = and_(_own.site_id == site, _own.exposure == one.exposure, _own.op_id == one.op_id)
    return next(iter(_rows(tx, same)), None)


def put(tx: Connection, site: str, one: Earned) -> None:
    """Keep how one stands now."""
    same = and_(_own.site_id == site, _own.exposure == one.exposure, _own.op_id == one.op_id)
    after = {"state": one.state.value, "given": one.given, "back": one.back, "moves": one.moves,
             "wallet": one.wallet, "counted": one.kind, "look_ms": one.look_ms,
             "changed_ms": now_of(tx)}  # fmt: skip
    tx.execute(update(earned_table).where(same).values(after))


def sums(tx: Connection, site: str) -> Iterator[Sum]:
    """Yield what each offer has brought, in the order of their names."""
    added = (func.sum(_own.points), func.sum(_own.given), func.sum(_own.back))
    query = select(_own.offer, _own.state, *added).where(_own.site_id == site)
    found = tx.execute(query.group_by(_own.offer, _own.state).order_by(_own.offer)).all()
    for offer in dict.fromkeys(row[0] for row in found):
        mine = [row for row in found if row[0] == offer]
        pending = sum(int(row[2]) for row in mine if row[1] == State.PENDING)
        yield Sum(offer, pending, sum(int(row[3]) for row in mine), sum(int(row[4]) for row in mine))


def of_guest(tx: Connection, site: str, guest: str) -> tuple[Earned, ...]:
    """Return what offers brought a guest, as far as it is kept."""
    return _rows(tx, and_(_own.site_id == site, _own.guest_id == guest))


def forget(tx: Connection, site: str, guest: str) -> None:
    """Delete what an erased guest has earned."""
    tx.execute(delete(earned_table).where(and_(_own.site_id == site, _own.guest_id == guest)))


def delete_before(tx: Connection, before_ms: int) -> int:
    """Delete what has been settled for longer than a moment; say how much went."""
    old = and_(_own.look_ms.is_(None), _own.changed_ms < before_ms)
    return tx.execute(delete(earned_table).where(old)).rowcount


def _is_bearable(said: Told) -> bool:
    fits = bearable.names(said.exposure, said.offer, said.guest or "") and len(said.op_id) <= OP_CHARS_MAX
    return fits and said.op_id.isprintable() and bool(said.exposure and said.op_id)


def _stands(tx: Connection, site: str, said: Told) -> bool:
    """Whether this tile's points stand already, or this very basket has had them."""
    own = and_(_own.site_id == site, _own.exposure == said.exposure)
    stands = (_own.state != State.RETURNED.value) | (_own.op_id == said.op_id)
    return tx.execute(select(_own.offer).where(and_(own, stands)).limit(1)).first() is not None


def _rows(tx: Connection, where: ColumnElement[bool]) -> tuple[Earned, ...]:
    columns = (_own.exposure, _own.op_id, _own.guest_id, _own.offer, _own.points, _own.point_minor,
               _own.state, _own.given, _own.back, _own.moves, _own.wallet, _own.counted,
               _own.look_ms)  # fmt: skip
    query = select(*columns).where(where).order_by(_own.exposure, _own.op_id).limit(PAGE_MAX)
    return tuple(Earned._make(row)._replace(state=State(row.state)) for row in tx.execute(query))


PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
