"""Passings: parts of leases that devices of a site passed on among themselves, each booked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge.core.lease import Passing, Refusal, heard_ahead, part_of, passing_in, taken
from edge.core.payment import LeasePassed, LeaseTaken
from edge.errors import Refused
from edge.signature import is_passing_signed
from sync.central.machines.keys import keys
from sync.central.money import placed
from sync.central.money.ledger import Entry, Posting
from sync.central.money.placed import PlacedRow
from sync.central.money.pots import counted_in, is_lost, pot
from sync.central.registry.tables import parts as pieces
from sync.central.store import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    String,
    Table,
    bindparam,
    insert,
    metadata,
    or_,
    select,
    update,
)
from sync.packing import UNREADABLE

ID_CHARS_MAX = 64

# Whoever is heard first, the giver or who took the part: the part becomes a lease of its own then, and the
# giver's lease is smaller by it. The other's word finds it there and moves nothing a second time.

part_table = Table(
    "lease_part",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("part_id", String(64), primary_key=True),
    Column("of_id", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("told", Boolean, nullable=False),
    Index("lease_part_of", "site_id", "of_id"),
)


class Part(NamedTuple):
    """One part: its own lease, of which lease it is, and whether its giver's own word of it is in."""

    id: str
    of: str
    amount: int
    told: bool


class Booked(NamedTuple):
    """What a word about a part moves beside the lease that it reports on."""

    part: Part
    leases: Mapping[str, PlacedRow] = {}
    postings: tuple[Posting, ...] = ()


def by_leases(tx: Connection, site: str, ids: Iterable[str]) -> dict[str, Part]:
    """Return the parts that are one of these leases, or were taken out of one."""
    own, found = part_table.c, dict[str, Part]()
    for piece in pieces(sorted(set(ids))):
        query = select(own.part_id, own.of_id, own.amount, own.told)
        there = or_(own.part_id.in_(piece), own.of_id.in_(piece))
        found |= {row[0]: Part(*row) for row in tx.execute(query.where(own.site_id == site, there))}
    return found


def put(tx: Connection, site: str, told: Iterable[Part], *, known: Iterable[str]) -> None:
    """Store parts: new ones, and of known ones that their giver has spoken."""
    stored, moved = frozenset(known), tuple(told)
    rows = [{"site_id": site, "part_id": one.id, **_said(one)} for one in moved if one.id not in stored]
    if rows:
        tx.execute(insert(part_table), rows)
    marks = [{"own_site": site, "own_part": one.id} for one in moved if one.id in stored and one.told]
    if marks:
        tx.execute(TOLD, marks)


TOLD = (
    update(part_table)
    .where(part_table.c.site_id == bindparam("own_site"), part_table.c.part_id == bindparam("own_part"))
    .values(told=True)
)


def ahead(parts: Mapping[str, Part], lease: str) -> int:
    """Return what a lease passed on as only those have told so far who took it."""
    return sum(one.amount for one in parts.values() if one.of == lease and not one.told)


def passing_of(said: LeasePassed | LeaseTaken) -> Passing:
    """Return what a giver said of a part, or refuse what makes no sense."""
    try:
        return passing_in(said.passing)
    except UNREADABLE as error:
        raise Refused(f"A part that nobody can read: {error}.") from error


def named_in(said: Iterable[msgspec.Struct]) -> list[str]:
    """Return the leases that parts came out of, and the parts' own names, as far as they can be read."""
    found = []
    for one in said:
        if isinstance(one, LeasePassed | LeaseTaken):
            try:
                passing = passing_in(one.passing)
                found += [passing.of, passing.grant.lease]
            except UNREADABLE:
                continue  # it is set aside for that when its turn comes
    return found


def demand_signed(tx: Connection, site: str, said: LeaseTaken, *, passing: Passing) -> None:
    """Refuse a part that its giver did not sign: nobody takes out of another's lease by their own word."""
    for key in keys(tx, site, passing.giver):
        if is_passing_signed(said.passing, said.signature, key.public_key):
            return
    raise Refused(f"Part {passing.grant.lease[:64]} is not signed by {passing.giver[:64]}.")


def demand_same(part: Part, passing: Passing) -> None:
    """Refuse another content under a part's name."""
    if (part.of, part.amount) != (passing.of, passing.grant.total):
        raise Refused(f"Part {part.id[:64]} is another one here.")


def given(said: LeasePassed, passing: Passing, rows: Sequence[PlacedRow], *, at_ms: int) -> Booked:
    """Book a part by its giver's own word; ``rows`` is the giver's lease before and after that word."""
    before, after = rows
    was, now = (row.placed.late if is_lost(row) else row.placed.counters for row in (before, after))
    if (passing.of, passing.giver, passing.incarnation) != (
        said.lease.lease, before.placed.device, before.placed.incarnation,
    ) or not 0 < passing.grant.total <= now.returned - was.returned:  # fmt: skip
        raise Refused(f"Part {passing.grant.lease[:64]} never came out of its lease.")
    return _opened(before, passing, told=True, at_ms=at_ms)


def told_first(row: PlacedRow, passing: Passing, *, at_ms: int) -> Booked:
    """Book a part by the word of who took it; the giver's lease is smaller by it from now on."""
    after = heard_ahead(row.placed, passing)
    if isinstance(after, Refusal):
        raise Refused(f"Lease {row.id}: {after.value}.")
    opened = _opened(row, passing, told=False, at_ms=at_ms)
    smaller = msgspec.structs.replace(row, placed=after)
    return opened._replace(leases={**opened.leases, row.id: smaller})


def held_by(tx: Connection, site: str, row: PlacedRow, *, passing: Passing, device: str) -> PlacedRow:
    """Return a part's row once it is known who has it; it then hears of it as of any lease."""
    after = taken(row.placed, passing, device)
    if isinstance(after, Refusal):
        raise Refused(f"Lease {row.id} is another device's.")
    if row.placed.device:
        return row
    return msgspec.structs.replace(row, placed=after, serial=placed.next_serial(tx, site, device))


def _opened(row: PlacedRow, passing: Passing, *, told: bool, at_ms: int) -> Booked:
    """Return a part as a lease of its own: its money is what its giver's lease has just lost."""
    grant = passing.grant
    lost, sound = is_lost(row), 0 < len(grant.lease) <= ID_CHARS_MAX and grant.lease.isprintable()
    if (grant.wallet, grant.kind, grant.unit) != (row.placed.wallet, row.placed.kind, row.placed.unit):
        raise Refused(f"Lease {row.id} is of another wallet.")
    if not sound or grant.lease == row.id:
        raise Refused("A part has a name of its own.")
    source = "loss:in_doubt" if lost else pot(grant.wallet, grant.kind)
    funded = Posting(
        site="",
        key=f"part:{grant.lease}",
        kind="part",
        at_ms=at_ms,
        currency=counted_in(grant.kind, grant.unit, row.day),
        entries=(Entry(source, -grant.total), Entry(f"lease:{grant.lease}", grant.total)),
        device=passing.giver,
        lease=grant.lease,
        wallet=grant.wallet,
    )
    part = PlacedRow(
        placed=part_of(row.placed, passing),
        loss=grant.total if lost else 0,
        ttl_s=grant.ttl_s,
        opened_ms=at_ms,
        heard_ms=at_ms,
    )
    return Booked(Part(grant.lease, row.id, grant.total, told), {grant.lease: part}, (funded,))


def _said(one: Part) -> dict[str, object]:
    return {"of_id": one.of, "amount": one.amount, "told": one.told}
