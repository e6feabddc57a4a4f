"""The layout: zones, points, products and settings of a site, published whole with a rising version."""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import lru_cache
from typing import TypeVar

import msgspec

from edge.core.entitlements import Product
from edge.core.expectation import asked_by
from edge.core.passage import moves
from edge.core.places import Layout, PlaceLease, Point, Zone
from edge.errors import Refused, Unknown
from sync.central.feed import Change, item_table, publish
from sync.central.machines.devices import devices as all_devices
from sync.central.registry import shares
from sync.central.registry.expected import all_due
from sync.central.registry.past import keep_layout
from sync.central.registry.shares import Kept
from sync.central.registry.tables import thing_table
from sync.central.seals import publish_site_key
from sync.central.store import Connection, bindparam, delete, insert, now_of, select

LAYOUT = "layout"
SETTINGS = "settings"
SHARES = "shares"
POINTS_MAX = 500
"""Zones, points or products of one site, each."""
LAYOUTS_MAX = 64
"""Layouts that a worker keeps read."""
PUBLISHED = select(item_table.c.body).where(
    item_table.c.site_id == bindparam("site"), item_table.c.kind == LAYOUT, item_table.c.key == ""
)
Thing = TypeVar("Thing", Zone, Point, Product)
_KINDS: dict[type, str] = {Zone: "zone", Point: "point", Product: "product"}


def put_settings(tx: Connection, site: str, settings: Layout) -> None:
    """Store the site's own settings (time zone, currency, day, names); its lists are ignored here."""
    kept = msgspec.structs.replace(settings, zones=(), points=(), products=(), place_leases=(), gates=())
    _put(tx, site, SETTINGS, body=msgspec.msgpack.encode(kept))


def has_settings(tx: Connection, site: str) -> bool:
    """Whether the site's own settings were ever stored."""
    return bool(_bodies(tx, site, SETTINGS))


def put_thing(tx: Connection, site: str, thing: Zone | Point | Product) -> None:
    """Store one zone, point or product, new or changed; publish the layout afterwards."""
    kind = _KINDS[type(thing)]
    _put(tx, site, kind, id_=thing.id, body=msgspec.msgpack.encode(thing))
    if len(_bodies(tx, site, kind)) > POINTS_MAX:
        raise Refused(f"A site has at most {POINTS_MAX} of a {kind}.", hint="Remove one that is not used.")


def remove_thing(tx: Connection, site: str, kind: type[Zone | Point | Product], *, id_: str) -> None:
    """Remove one zone, point or product; publishing checks that nothing leans on it."""
    word = _KINDS[kind]
    there = (thing_table.c.site_id == site, thing_table.c.kind == word, thing_table.c.id == id_)
    if not tx.execute(delete(thing_table).where(*there)).rowcount:
        raise Unknown(f"There is no {word} {id_}.")


def things(tx: Connection, site: str, kind: type[Thing]) -> tuple[Thing, ...]:
    """Return all zones, points or products of a site, by id."""
    return tuple(msgspec.msgpack.decode(body, type=kind) for body in _bodies(tx, site, _KINDS[kind]))


def layout(tx: Connection, site: str, devices: Sequence[str] = ()) -> Layout:
    """Return the layout as it stands, its limited zones' places split over the gates among ``devices``."""
    bodies = _bodies(tx, site, SETTINGS)
    if not bodies:
        raise Unknown(f"Site {site} has no settings yet.", hint="Set its time zone first.")
    settings = msgspec.msgpack.decode(bodies[0], type=Layout)
    zones, points = things(tx, site, Zone), things(tx, site, Point)
    gates, told = gates_among(tx, site, devices, points=points), published(tx, site)
    return msgspec.structs.replace(
        settings,
        site=site,
        zones=zones,
        points=points,
        products=things(tx, site, Product),
        place_leases=_lent(tx, site, zones, gates=gates, told=told),
        gates=gates,
    )


def _lent(
    tx: Connection, site: str, zones: Sequence[Zone], *, gates: Sequence[str], told: Layout | None
) -> tuple[PlaceLease, ...]:
    now = () if told is None else told.place_leases
    known = shares.bounds(tx, site, told, kept=_kept(tx, site))
    return shares.split(zones, leases(zones, gates), now, bounds=known)


def _kept(tx: Connection, site: str) -> tuple[Kept, ...]:
    bodies = _bodies(tx, site, SHARES)
    return msgspec.msgpack.decode(bodies[0], type=tuple[Kept, ...]) if bodies else ()


def shared_anew(tx: Connection, site: str, devices: Sequence[str]) -> Layout | None:
    """Return what the gates are told with their shares of today's places, None where they are told so."""
    told = published(tx, site)
    if told is None:
        return None
    gates = gates_among(tx, site, devices, points=told.points)
    now = msgspec.structs.replace(
        told, gates=gates, place_leases=_lent(tx, site, told.zones, gates=gates, told=told)
    )
    return None if now == told else now


def publish_shares(tx: Connection, site: str, shared: Layout) -> int:
    """Tell the gates new shares and nothing else: what an operator has changed waits until they say so."""
    settings = msgspec.msgpack.decode(_bodies(tx, site, SETTINGS)[0], type=Layout)
    numbered = msgspec.structs.replace(settings, version=settings.version + 1)
    put_settings(tx, site, numbered)
    now = msgspec.structs.replace(shared, version=numbered.version)
    return _tell(tx, site, now, before=published(tx, site))


def gates_among(
    tx: Connection, site: str, devices: Sequence[str], *, points: Sequence[Point]
) -> tuple[str, ...]:
    """Return those of the devices at whose points people pass."""
    return standing_at(tx, site, devices, points={point.id for point in points if moves(point)})


def standing_at(tx: Connection, site: str, devices: Sequence[str], *, points: Set[str]) -> tuple[str, ...]:
    """Return those of the devices that stand at one of the points; without points it may stand anywhere."""
    known = {one.id: one.points for one in all_devices(tx, site)}
    return tuple(sorted(one for one in devices if not known.get(one) or not points.isdisjoint(known[one])))


def publish_layout(tx: Connection, site: str, devices: Sequence[str] = ()) -> int:
    """Check the layout, number it anew and publish it; returns its version."""
    now = layout(tx, site, devices)
    check(now)
    publish_site_key(tx, site)
    numbered = msgspec.structs.replace(now, version=now.version + 1)
    put_settings(tx, site, numbered)
    if asked_by(published(tx, site)) != asked_by(numbered):
        all_due(tx, site)
    return _tell(tx, site, numbered, before=published(tx, site))


def _tell(tx: Connection, site: str, numbered: Layout, *, before: Layout | None) -> int:
    known = shares.bounds(tx, site, before, kept=_kept(tx, site))
    kept = shares.keep(numbered.place_leases, known)
    _put(tx, site, SHARES, body=msgspec.msgpack.encode(kept))
    keep_layout(tx, site, numbered)
    publish(tx, site, [Change(LAYOUT, "", msgspec.msgpack.encode(numbered))])
    return numbered.version


def published(tx: Connection, site: str) -> Layout | None:
    """Return the layout that the gates were told last."""
    body = tx.execute(PUBLISHED, {"site": site}).scalar()
    return None if body is None else _read(bytes(body))


@lru_cache(maxsize=LAYOUTS_MAX)
def _read(body: bytes) -> Layout:
    """Read a layout; every post asks for it, and it seldom changes."""
    return msgspec.msgpack.decode(body, type=Layout)


def differs(wanted: Layout, told: Layout | None) -> bool:
    """Say whether publishing would change anything but the number."""
    return told is None or msgspec.structs.replace(wanted, version=told.version) != told


def check(layout: Layout) -> None:
    """Refuse a layout in which something names what is not there, or whose zones run in a circle."""
    parents = {zone.id: zone.parent for zone in layout.zones}
    named = [(f"zone {zone.id}", zone.parent) for zone in layout.zones]
    for point in layout.points:
        named += [(f"point {point.id}", zone) for zone in (point.zone, point.from_zone, point.to_zone)]
    for where, zone in named:
        if zone is not None and zone not in parents:
            raise Refused(f"{where} names zone {zone}, which does not exist.", hint="Make the zone first.")
    for start in parents:
        _climb(start, parents)
    points = set(layout.points_by_id)
    for product in layout.products:
        missing = (
            *set(product.terms.zones).difference(parents),
            *set(product.terms.points).difference(points),
        )
        if missing:
            raise Refused(
                f"Product {product.id} opens {missing[0]}, which does not exist.",
                hint="Make it first, or change the product.",
            )


def _climb(start: str, parents: dict[str, str | None]) -> None:
    at, steps = parents[start], 0
    while at is not None:
        at, steps = parents[at], steps + 1
        if steps > len(parents):
            raise Refused(f"Zone {start} lies within itself.", hint="Mend the parents of the zones.")


def leases(zones: Sequence[Zone], devices: Sequence[str]) -> tuple[PlaceLease, ...]:
    """Split each ceiling so that the shares never exceed it; the first devices take what is left over."""
    made = []
    for zone in zones:
        if zone.capacity_max is None or not devices:
            continue
        share, over = divmod(zone.capacity_max, len(devices))
        made += [
            PlaceLease(zone.id, device, share + (at < over)) for at, device in enumerate(sorted(devices))
        ]
    return tuple(made)


def _put(tx: Connection, site: str, kind: str, *, id_: str = "", body: bytes) -> None:
    there = (thing_table.c.site_id == site, thing_table.c.kind == kind, thing_table.c.id == id_)
    tx.execute(delete(thing_table).where(*there))
    row = {"site_id": site, "kind": kind, "id": id_, "body": body, "changed_ms": now_of(tx)}
    tx.execute(insert(thing_table).values(row))


def _bodies(tx: Connection, site: str, kind: str) -> list[bytes]:
    query = select(thing_table.c.body).where(thing_table.c.site_id == site, thing_table.c.kind == kind)
    return [bytes(body) for body in tx.execute(query.order_by(thing_table.c.id)).scalars()]
