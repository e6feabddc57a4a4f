"""On air: bands' identity keys, sealed among their other keys, and how one is agreed upon with a band."""

from __future__ import annotations

import logging
import secrets
from typing import Protocol

import msgspec

from edge.core.onair import KEY_BYTES, ON_AIR, OnAir, octets_of
from edge.core.profiles import Item, ProfileItem
from edge.errors import PolsoError, Refused
from edge.remarks import new_pair
from sync.central.registry.bands import BandCard
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    demand_seals,
    insert,
    metadata,
    now_of,
    seals_of,
    select,
)
from sync.desk import Beacon

PROFILE = "profile"
MARK = b"on_air"
"""Stands in each body that has such a key: the others, which are most, are not opened."""
_decode = msgspec.msgpack.Decoder(ProfileItem).decode
_encode = msgspec.msgpack.Encoder().encode
LOG = logging.getLogger("polso.central")

resolver_table = Table(
    "radio_resolver",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("public", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""A site's half of every agreement with a band of another maker; its private half never leaves central."""


class Agree(Protocol):
    """Agrees upon an identity key as Eddystone's registration does; hardware's knowledge, hence given in."""

    def __call__(self, private: bytes, resolver: bytes, beacon: Beacon, /) -> bytes | None:
        """Return the key; None where the band does not go by it. ``ValueError``: its public key is none."""


def resolver(tx: Connection, site: str) -> bytes:
    """Return the public half that a band must be told before it makes its own, made at the first call."""
    return _pair(tx, site)[1]


def agreed(tx: Connection, site: str, beacon: Beacon, *, agree: Agree | None) -> OnAir:
    """Return what a band of another maker was agreed upon with, its own clock beside ours."""
    if agree is None:
        raise Refused("There is no desk for radios at this central.")
    try:
        key = agree(*_pair(tx, site), beacon)
    except ValueError as error:
        raise Refused("This is no band's public key.", hint="Read it from the band again.") from error
    if key is None:
        raise Refused(
            "The band does not go by the key that its answer makes.",
            hint="Give the band the site's public half anew, then read key, clock and identity at once.",
        )
    return OnAir(key, beacon.clock_s - now_of(tx) // 1_000)


def made() -> OnAir:
    """Return a new identity key for a band of our own, whose clock counts the seconds of UTC."""
    return OnAir(secrets.token_bytes(KEY_BYTES))


def keyed(tx: Connection, site: str, card: BandCard, *, on_air: OnAir) -> BandCard:
    """Return a band's card with its identity key, sealed; it replaces the one that it had."""
    _pair(tx, site)  # opens by the key that this site was sealed by: another one seals nothing here
    sealed = demand_seals(tx).seal(octets_of(on_air), "band", "on_air", row=_row(site, card.band.id))
    return msgspec.structs.replace(card, keys={**card.keys, ON_AIR: sealed})


def outgoing(tx: Connection, site: str, item: Item) -> Item:
    """Return an item as a device is told it: what of a band's radio lies sealed in the feed, opened."""
    if item.kind != PROFILE or item.body is None or MARK not in item.body:
        return item
    told = _decode(item.body)
    opened = _opened(tx, site, told.profile.band.id, sealed=told.on_air)
    return msgspec.structs.replace(item, body=_encode(msgspec.structs.replace(told, on_air=opened)))


def prove_seals(tx: Connection) -> None:
    """Raise what keeps central from opening what is sealed; said at its start, not at somebody's desk."""
    row = tx.execute(select(resolver_table).limit(1)).first()
    if row is not None:
        demand_seals(tx).open(bytes(row.sealed), "radio_resolver", "sealed", row=row.site_id.encode())


def _pair(tx: Connection, site: str) -> tuple[bytes, bytes]:
    """Return the private and the public half of a site."""
    seals, place = demand_seals(tx), ("radio_resolver", "sealed")
    row = tx.execute(select(resolver_table).where(resolver_table.c.site_id == site)).first()
    if row is not None:
        return seals.open(bytes(row.sealed), *place, row=site.encode()), bytes(row.public)
    private, public = new_pair()
    sealed = seals.seal(private, *place, row=site.encode())
    tx.execute(insert(resolver_table).values(site_id=site, public=public, sealed=sealed))
    return private, public


def _opened(tx: Connection, site: str, band: bytes, *, sealed: bytes) -> bytes:
    seals = seals_of(tx)
    if not (seals and sealed):
        return b""
    try:
        return seals.open(sealed, "band", "on_air", row=_row(site, band))
    except PolsoError as error:
        # Who enters and pays must not wait for a key that only greets: gates get the others all the same.
        LOG.error("the identity key of a band of %s does not open: %s", site, error)
        return b""


def _row(site: str, band: bytes) -> bytes:
    return site.encode() + b"\0" + band
