"""Deals: among which devices the caps of a campaign that hold everywhere are dealt, once and for ever."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.offers import Bundle
from edge.core.offers.dealing import caps_dealt
from edge.core.places import PointKind
from edge.errors import Refused
from sync.central.machines.devices import ACTIVE, devices
from sync.central.money import restored
from sync.central.registry import layout
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    insert,
    metadata,
    now_of,
    select,
)

CAMPAIGN_CHARS_MAX = ID_CHARS_MAX
SHOWING = frozenset({PointKind.TILL, PointKind.KIOSK})
"""Kinds of points at which guests are offered something."""

deal_table = Table(
    "offer_deal",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("campaign_id", String(CAMPAIGN_CHARS_MAX), primary_key=True),
    Column("devices", LargeBinary, nullable=False),
    Column("dealt_ms", BigInteger, nullable=False),
)
_own = deal_table.c
_devices = msgspec.msgpack.Decoder(tuple[str, ...]).decode


def dealt(tx: Connection, site: str, bundle: Bundle) -> Bundle:
    """Return a bundle that is about to be published, with each deal in it; the caller holds the site's turn.

    The first time that a campaign has a cap that holds everywhere, its devices are those of that moment. A
    device that comes later has no share; one that goes takes its own along: nothing here can know whether it
    still shows anything. What a draft says of it counts nothing.
    """
    named = {offer.campaign for offer, _ in caps_dealt(bundle)}
    deals = {name: known(tx, site, name) for name in sorted(named)}
    told = {name: _fixed(tx, site, name) if deal is None else deal for name, deal in deals.items()}
    mine = {offer.id for offer, _ in caps_dealt(bundle)}
    return replace(
        bundle,
        offers=tuple(
            replace(one, dealt=told[one.campaign] if one.id in mine else ()) for one in bundle.offers
        ),
    )


def known(tx: Connection, site: str, campaign: str) -> tuple[str, ...] | None:
    """Return among which devices a campaign's caps are dealt; None: it never published any that is."""
    there = (_own.site_id == site, _own.campaign_id == campaign)
    body = tx.execute(select(_own.devices).where(*there)).scalar()
    return None if body is None else _devices(bytes(body))


def to_come(tx: Connection, site: str) -> tuple[str, ...]:
    """Return among which devices a new campaign would be dealt: those that stand where something is shown."""
    places = layout.published(tx, site)
    points = {one.id for one in (() if places is None else places.points) if one.kind in SHOWING}
    able = [one.id for one in devices(tx, site) if one.state == ACTIVE and one.kind in restored.HOLDS]
    return layout.standing_at(tx, site, able, points=points)


def _fixed(tx: Connection, site: str, campaign: str) -> tuple[str, ...]:
    if any(not one.given_up for one in restored.awaited(tx, site).values()):
        raise Refused(
            f"{campaign} cannot be dealt out yet: central was put back, and devices are still awaited.",
            hint="Wait until all were heard; one may still show by a deal that central has forgotten.",
        )
    now = to_come(tx, site)
    row = {"site_id": site, "campaign_id": campaign, "devices": msgspec.msgpack.encode(now)}
    tx.execute(insert(deal_table).values(**row, dealt_ms=now_of(tx)))
    return now
