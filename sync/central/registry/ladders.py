"""Ladders: the tiers of a site, and where each guest stands on them and was told to end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from edge.core.tiers import Ladder, Standing, is_sound
from edge.errors import Refused
from sync.central.registry import expected
from sync.central.registry.tables import ID_CHARS_MAX, guest_table, parts, thing_table
from sync.central.store import (
    Column,
    Connection,
    Integer,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    insert_many,
    metadata,
    now_of,
    select,
)

LADDER = "ladder"
NOTICE_DAYS_MAX = 365
standing_table = Table(
    "guest_standing",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("tier", String(ID_CHARS_MAX), nullable=False),
    Column("told_day", Integer),
)
"""``told_day`` is the local day (proleptic ordinal) on which the guest was told that the tier ends."""
_own, _thing = standing_table.c, thing_table.c


def ladder(tx: Connection, site: str) -> Ladder | None:
    """Return a site's ladder; None: a tier is the word that an operator typed, and nobody changes it."""
    body = tx.execute(select(_thing.body).where(_thing.site_id == site, _thing.kind == LADDER)).scalar()
    return None if body is None else msgspec.msgpack.decode(bytes(body), type=Ladder)


def put_ladder(tx: Connection, site: str, wanted: Ladder | None) -> None:
    """Store a site's ladder, or take it away with all that was announced by it; ``Refused`` if it is none.

    What guests lack to a tier is another thing by it, so that everybody's profile is told anew.
    """
    if wanted is not None:
        _check(wanted)
    tx.execute(delete(thing_table).where(_thing.site_id == site, _thing.kind == LADDER))
    expected.all_due(tx, site)
    if wanted is None:
        tx.execute(delete(standing_table).where(_own.site_id == site))
        return
    body = msgspec.msgpack.encode(wanted)
    row = {"site_id": site, "kind": LADDER, "id": "", "body": body, "changed_ms": now_of(tx)}
    tx.execute(insert(thing_table).values(row))


def _check(wanted: Ladder) -> None:
    if not is_sound(wanted.steps):
        raise Refused(
            "Tiers begin at 0, each at more than the one before, and no two have one name.",
            hint="Write them from the lowest to the highest.",
        )
    for step in wanted.steps:
        if not step.tier or len(step.tier) > ID_CHARS_MAX or not step.tier.isprintable():
            raise Refused(f"A tier has a name of 1 to {ID_CHARS_MAX} characters.", hint="Write one word.")
    if not 1 <= wanted.notice_days <= NOTICE_DAYS_MAX:
        raise Refused(f"A tier ends 1 to {NOTICE_DAYS_MAX} days after the guest was told.")


def standings(tx: Connection, site: str, guests: Iterable[str]) -> dict[str, Standing]:
    """Return where those of these guests stand who were ever judged."""
    found: dict[str, Standing] = {}
    for part in parts(sorted(set(guests))):
        rows = tx.execute(select(standing_table).where(_own.site_id == site, _own.guest_id.in_(part)))
        found.update((row.guest_id, Standing(row.tier, row.told_day)) for row in rows)
    return found


def put_standings(tx: Connection, site: str, now: Mapping[str, Standing]) -> None:
    """Keep where these guests stand now."""
    forget(tx, site, now)
    rows = [(site, guest, one.tier, one.told_day) for guest, one in now.items()]
    insert_many(tx, standing_table, rows)


def forget(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Forget where these guests stand."""
    for part in parts(sorted(set(guests))):
        tx.execute(delete(standing_table).where(and_(_own.site_id == site, _own.guest_id.in_(part))))


def counts(tx: Connection, site: str) -> dict[str, int]:
    """Return how many guests have each tier, as their rows say."""
    query = select(guest_table.c.tier, func.count()).where(guest_table.c.site_id == site)
    return {row[0]: int(row[1]) for row in tx.execute(query.group_by(guest_table.c.tier))}
