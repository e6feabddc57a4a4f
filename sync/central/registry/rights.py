"""Rights: which guest holds which entitlement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edge.core.entitlements import Entitlement
from edge.core.expectation import ENDED
from edge.core.places import Layout
from edge.errors import Refused, Unknown
from sync.central.registry.tables import Record, entitlement_table, parts
from sync.central.store import Connection, and_, delete, func, insert_many, now_of, or_, select

RIGHTS_PER_GUEST_MAX = 32
PAGE_MAX = 200
OLD_MAX = 500
"""Rights judged in one transaction, so that no batch waits long for its turn."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entitlement)


def put_rights(tx: Connection, site: str, rights: Sequence[Entitlement], *, guest: str) -> None:
    """Store a guest's entitlements, new or changed; profiles are not published by this."""
    put_held(tx, site, {guest: rights})


def put_held(tx: Connection, site: str, held: Mapping[str, Sequence[Entitlement]]) -> None:
    """Store what many guests hold, by guest, new or changed; profiles are not published by this."""
    pairs = [(guest, right) for guest, rights in held.items() for right in rights]
    ids = [right.id for _, right in pairs]
    owners = holders(tx, site, ids)
    if any(owners.setdefault(right.id, guest) != guest for guest, right in pairs):
        raise Refused("A right never moves from guest to guest.", hint="Cancel it and grant a new one.")
    remove(tx, site, ids)
    add_rights(tx, site, pairs)
    if any(len(rights) > RIGHTS_PER_GUEST_MAX for rights in rights_of(tx, site, held).values()):
        raise Refused(
            f"A guest holds at most {RIGHTS_PER_GUEST_MAX} rights.", hint="Remove used-up ones first."
        )


def add_rights(tx: Connection, site: str, rights: Sequence[tuple[str, Entitlement]]) -> None:
    """Store entitlements that are known to be new, as (guest, entitlement)."""
    now_ms = now_of(tx)
    insert_many(
        tx, entitlement_table, [_row(site, right, guest=guest, now_ms=now_ms) for guest, right in rights]
    )


def right(tx: Connection, site: str, id_: str) -> tuple[str, Entitlement]:
    """Return one entitlement with its guest or raise ``Unknown``."""
    row = tx.execute(
        select(entitlement_table.c.guest_id, entitlement_table.c.body).where(
            entitlement_table.c.site_id == site, entitlement_table.c.entitlement_id == id_
        )
    ).first()
    if row is None:
        raise Unknown(f"There is no entitlement {id_}.")
    return row.guest_id, _decode.decode(bytes(row.body))


def rights_of(tx: Connection, site: str, guests: Iterable[str]) -> dict[str, tuple[Entitlement, ...]]:
    """Return the entitlements of the named guests, by guest."""
    found: dict[str, list[Entitlement]] = defaultdict(list)
    for part in parts(sorted(set(guests))):
        query = select(entitlement_table.c.guest_id, entitlement_table.c.body).where(
            entitlement_table.c.site_id == site, entitlement_table.c.guest_id.in_(part)
        )
        for guest, body in tx.execute(query.order_by(entitlement_table.c.entitlement_id)):
            found[guest].append(_decode.decode(bytes(body)))
    return {guest: tuple(rights) for guest, rights in found.items()}


def limits(tx: Connection, site: str, ids: Sequence[str], *, layout: Layout | None) -> dict[str, int | None]:
    """Return how often each of these rights opens in all; one without a limit, or unknown, is None."""
    products = {} if layout is None else layout.products_by_id
    found: dict[str, int | None] = {}
    for part in parts(ids):
        query = select(entitlement_table.c.body).where(
            entitlement_table.c.site_id == site, entitlement_table.c.entitlement_id.in_(part)
        )
        for body in tx.execute(query).scalars():
            one = _decode.decode(bytes(body))
            product = products.get(one.product)
            terms = one.terms or (product.terms if product is not None else None)
            found[one.id] = None if terms is None else terms.uses_max
    return found


def holders(tx: Connection, site: str, ids: Sequence[str]) -> dict[str, str]:
    """Return those of the entitlements that exist, each with its guest."""
    found: dict[str, str] = {}
    for part in parts(ids):
        query = select(entitlement_table.c.entitlement_id, entitlement_table.c.guest_id).where(
            entitlement_table.c.site_id == site, entitlement_table.c.entitlement_id.in_(part)
        )
        found.update((row.entitlement_id, row.guest_id) for row in tx.execute(query))
    return found


def remove(tx: Connection, site: str, ids: Sequence[str]) -> None:
    """Remove entitlements; profiles are not published by this."""
    for part in parts(ids):
        there = and_(entitlement_table.c.site_id == site, entitlement_table.c.entitlement_id.in_(part))
        tx.execute(delete(entitlement_table).where(there))


def list_rights(tx: Connection, site: str, *, after: str = "") -> tuple[tuple[str, Entitlement], ...]:
    """Return one page of (guest, entitlement), by entitlement id."""
    query = select(entitlement_table.c.guest_id, entitlement_table.c.body).where(
        entitlement_table.c.site_id == site, entitlement_table.c.entitlement_id > after
    )
    rows = tx.execute(query.order_by(entitlement_table.c.entitlement_id).limit(PAGE_MAX))
    return tuple((guest, _decode.decode(bytes(body))) for guest, body in rows)


def old(tx: Connection, site: str, before_ms: int, *, after: str) -> tuple[tuple[str, Entitlement], ...]:
    """Return one page of (guest, entitlement), by id, of which none was changed since a moment.

    Those that say of themselves that they were good beyond it are not among them.
    """
    own = entitlement_table.c
    over = or_(
        own.valid_until_ms.is_(None),
        own.valid_until_ms < before_ms,
        own.status.in_([status.value for status in ENDED]),
    )
    query = select(own.guest_id, own.body).where(
        own.site_id == site, own.entitlement_id > after, own.changed_ms < before_ms, over
    )
    rows = tx.execute(query.order_by(own.entitlement_id).limit(OLD_MAX))
    return tuple((guest, _decode.decode(bytes(body))) for guest, body in rows)


def of_product(tx: Connection, site: str, product: str) -> int:
    """Return how many entitlements there are of a product."""
    there = and_(entitlement_table.c.site_id == site, entitlement_table.c.product == product)
    return int(tx.execute(select(func.count()).select_from(entitlement_table).where(there)).scalar_one())


def count_rights(tx: Connection, site: str) -> dict[str, int]:
    """Return how many entitlements there are of each status."""
    query = select(entitlement_table.c.status, func.count()).where(entitlement_table.c.site_id == site)
    return {str(row[0]): int(row[1]) for row in tx.execute(query.group_by(entitlement_table.c.status))}


def _row(site: str, right: Entitlement, *, guest: str, now_ms: int) -> Record:
    """Return an entitlement in the order of the table's columns."""
    status, until_ms = right.status.value, right.valid_until_ms
    return (site, right.id, guest, right.product, status, until_ms, _encode(right), now_ms)
