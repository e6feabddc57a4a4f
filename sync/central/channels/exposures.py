"""Exposures: what central chose to offer a guest in a channel, whole, and what became of each tile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

import msgspec

from edge.core.offers.asked import Exposed
from edge.core.offers.choice import Tile, exposure_of
from sync.central.privacy import erasure, retention
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert,
    insert_many,
    metadata,
    now_of,
    select,
    tuple_,
    update,
)

choice_table = Table(
    "channel_choice",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("exposure", String(ID_CHARS_MAX), primary_key=True),
    Column("channel_id", String(32), nullable=False),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("occasion", LargeBinary(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Index("channel_choice_occasion", "site_id", "occasion"),
    Index("channel_choice_guest", "site_id", "guest_id"),
    Index("channel_choice_made", "made_ms"),
)
"""``occasion`` names what is chosen for once: a channel, a guest, a day, a version and what they allow."""
tile_table = Table(
    "channel_tile",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("exposure", String(ID_CHARS_MAX), primary_key=True),
    Column("choice", String(ID_CHARS_MAX), nullable=False),
    Column("shown_ms", BigInteger, nullable=False),
    Column("redeemed_ms", BigInteger),
    Column("ref", String(ID_CHARS_MAX), nullable=False),
    Index("channel_tile_choice", "site_id", "choice"),
)
"""Tiles that were shown; ``ref`` is by which sale one was redeemed."""
PAGE_MAX = 1_000
"""Choices that are read at once."""
_own, _tiles = choice_table.c, tile_table.c
_decode = msgspec.msgpack.Decoder(Exposed).decode


class Kept(NamedTuple):
    """A choice as it was made, by which channel it was asked for, and for whom; empty: for anybody."""

    channel: str
    guest: str
    exposed: Exposed

    def tile(self, exposure: str) -> Tile | None:
        """Return the tile of an exposure."""
        choice = self.exposed.choice
        return next((one for one in choice.tiles if exposure_of(choice, one) == exposure), None)


class Brought(NamedTuple):
    """A choice of former days, all of whose tiles were shown; of each offer when and by which sale."""

    kept: Kept
    redeemed: Mapping[str, tuple[int, str]]


class Seen(NamedTuple):
    """A tile that was shown, and the sale that it was redeemed by; empty: none yet."""

    redeemed: bool
    ref: str


class Outcome(NamedTuple):
    """A tile that a channel showed: by which choice, whose, and what came of it."""

    exposure: str
    choice: str
    offer: str
    channel: str
    guest: str
    shown_ms: int
    redeemed_ms: int | None
    ref: str


def keep(tx: Connection, site: str, kept: Kept, *, occasion: bytes) -> None:
    """Keep a choice with all that it stood on."""
    row = {"site_id": site, "exposure": kept.exposed.choice.exposure, "channel_id": kept.channel,
           "guest_id": kept.guest, "occasion": occasion, "made_ms": now_of(tx),
           "body": msgspec.msgpack.encode(kept.exposed)}  # fmt: skip
    tx.execute(insert(choice_table).values(row))


def bring(tx: Connection, site: str, those: Iterable[Brought]) -> None:
    """Keep choices that were made before this site was here, each with what became of its tiles."""
    choices, tiles = [], []
    for one in those:
        choice, at_ms = one.kept.exposed.choice, one.kept.exposed.asked.moment.now_ms
        occasion = hashlib.blake2b(choice.exposure.encode(), digest_size=16).digest()
        choices.append((site, choice.exposure, one.kept.channel, one.kept.guest, occasion,
                        msgspec.msgpack.encode(one.kept.exposed), at_ms))  # fmt: skip
        for tile in choice.tiles:
            sale_ms, ref = one.redeemed.get(tile.offer, (None, ""))
            tiles.append((site, exposure_of(choice, tile), choice.exposure, at_ms, sale_ms, ref))
    insert_many(tx, choice_table, choices)
    insert_many(tx, tile_table, tiles)


def known(tx: Connection, site: str, occasion: bytes) -> Kept | None:
    """Return what was chosen for an occasion before."""
    return _one(tx, and_(_own.site_id == site, _own.occasion == occasion))


def find(tx: Connection, site: str, exposure: str) -> Kept | None:
    """Return the choice that a tile is of."""
    return _one(tx, and_(_own.site_id == site, _own.exposure == exposure.partition(".")[0]))


def of_guest(tx: Connection, site: str, guest: str) -> tuple[Kept, ...]:
    """Return all that was chosen for a guest, the eldest first."""
    query = select(choice_table).where(_own.site_id == site, _own.guest_id == guest)
    rows = tx.execute(query.order_by(_own.made_ms, _own.exposure))
    return tuple(Kept(row.channel_id, row.guest_id, _decode(bytes(row.body))) for row in rows)


def seen(tx: Connection, site: str, exposure: str) -> Seen | None:
    """Return what became of a tile; None: it was not shown."""
    there = and_(_tiles.site_id == site, _tiles.exposure == exposure)
    row = tx.execute(select(tile_table).where(there)).first()
    return None if row is None else Seen(row.redeemed_ms is not None, row.ref)


def show(tx: Connection, site: str, exposure: str) -> None:
    """Note that a tile was shown."""
    row = {"site_id": site, "exposure": exposure, "choice": exposure.partition(".")[0]}
    tx.execute(insert(tile_table).values(**row, shown_ms=now_of(tx), ref=""))


def redeem(tx: Connection, site: str, exposure: str, *, ref: str) -> None:
    """Note by which sale a tile was redeemed."""
    there = and_(_tiles.site_id == site, _tiles.exposure == exposure)
    tx.execute(update(tile_table).where(there).values(redeemed_ms=now_of(tx), ref=ref))


def page(tx: Connection, site: str, *, after: str = "", most: int = PAGE_MAX) -> list[Kept]:
    """Return choices of a site in the order of their names, those behind one of them."""
    query = select(choice_table).where(_own.site_id == site, _own.exposure > after)
    rows = tx.execute(query.order_by(_own.exposure).limit(most))
    return [Kept(row.channel_id, row.guest_id, _decode(bytes(row.body))) for row in rows]


def newest(tx: Connection, site: str, *, most: int | None, since_ms: int = 0) -> Iterator[Kept]:
    """Yield the newest choices of a site since a moment, the eldest of them first, a few held at a time.

    ``most`` None: all of them.
    """
    keys = select(_own.exposure).where(_own.site_id == site, _own.made_ms >= since_ms)
    these = keys.order_by(_own.made_ms.desc(), _own.exposure.desc()).limit(most).subquery()
    there = and_(_own.site_id == site, _own.exposure == these.c.exposure)
    query = select(choice_table).join(these, there).order_by(_own.made_ms, _own.exposure)
    for row in tx.execute(query.execution_options(yield_per=PAGE_MAX)):
        yield Kept(row.channel_id, row.guest_id, _decode(bytes(row.body)))


def outcomes(tx: Connection, site: str, *, since_ms: int = 0) -> Iterator[Outcome]:
    """Yield every tile that was shown since a moment; a choice is read once for tiles beside each other."""
    whole = select(tile_table, _own.channel_id, _own.guest_id, _own.body).join(
        choice_table, and_(_own.site_id == _tiles.site_id, _own.exposure == _tiles.choice)
    )
    there = and_(_tiles.site_id == site, _tiles.shown_ms >= since_ms)
    ordered = whole.where(there).order_by(_tiles.shown_ms, _tiles.exposure)
    rows = tx.execute(ordered.execution_options(yield_per=PAGE_MAX))
    for _, beside in groupby(rows, lambda row: row.choice):
        kept: Kept | None = None
        for row in beside:
            kept = kept or Kept(row.channel_id, row.guest_id, _decode(bytes(row.body)))
            tile = kept.tile(row.exposure)
            if tile is not None:
                yield Outcome(row.exposure, row.choice, tile.offer, row.channel_id, row.guest_id,
                              row.shown_ms, row.redeemed_ms, row.ref)  # fmt: skip


def forget(tx: Connection, site: str, guest: str) -> None:
    """Forget what was chosen for an erased guest."""
    theirs = select(_own.exposure).where(_own.site_id == site, _own.guest_id == guest)
    tx.execute(delete(tile_table).where(_tiles.site_id == site, _tiles.choice.in_(theirs)))
    tx.execute(delete(choice_table).where(_own.site_id == site, _own.guest_id == guest))


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete what was chosen before a moment; returns how much."""
    old = select(_own.site_id, _own.exposure).where(_own.made_ms < at_ms)
    tx.execute(delete(tile_table).where(tuple_(_tiles.site_id, _tiles.choice).in_(old)))
    return tx.execute(delete(choice_table).where(_own.made_ms < at_ms)).rowcount


def _one(tx: Connection, where: ColumnElement[bool]) -> Kept | None:
    row = tx.execute(select(choice_table).where(where)).first()
    return None if row is None else Kept(row.channel_id, row.guest_id, _decode(bytes(row.body)))


erasure.PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
retention.KEPT.append(delete_before)
