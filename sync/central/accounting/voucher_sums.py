"""Voucher sums: what vouchers of each kind came to, by campaign, from the ledger alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from edge.core.vouchers import PROMISES, VOUCHER_KINDS, base_of, campaign_of
from sync.central.money import ledger
from sync.central.money.ledger import Standing, entry_table, posting_table
from sync.central.store import Connection, func, select

ISSUED, USED, WORTH = "issued:", "used:", "voucher:"
SPENT = frozenset({*VOUCHER_KINDS, *PROMISES})


class Campaign(NamedTuple):
    """One campaign's units, and what they were worth in money."""

    campaign: str
    unit: str
    given: int
    """What was taken back unused is not counted."""
    used: int
    worth_minor: int
    """What the campaign has cost so far: the other side of these sales."""

    @property
    def left(self) -> int:
        """What guests still have."""
        return self.given - self.used


def campaigns(tx: Connection, site: str) -> tuple[Campaign, ...]:
    """Return every campaign of a site by its name."""
    given = _counted(ledger.standings(tx, site, prefix=ISSUED))
    used = _counted(ledger.standings(tx, site, prefix=USED))
    worth = _worth(ledger.standings(tx, site, prefix=WORTH))
    return tuple(
        Campaign(name, unit, -units, used.get((name, unit), 0), worth.get(name, 0))
        for (name, unit), units in sorted(given.items())
    )


def of_day(tx: Connection, site: str, when: tuple[int, int]) -> tuple[Campaign, ...]:
    """Return what was used, less what came back, between two moments."""
    used = _counted(_moved(tx, site, when, prefix=USED))
    worth = _worth(_moved(tx, site, when, prefix=WORTH))
    given = _counted(_moved(tx, site, when, prefix=ISSUED))
    return tuple(
        Campaign(name, unit, -given.get((name, unit), 0), used.get((name, unit), 0), worth.get(name, 0))
        for name, unit in sorted({*used, *given})
    )


def _moved(tx: Connection, site: str, when: tuple[int, int], *, prefix: str) -> tuple[Standing, ...]:
    """Return by how much every account moved between two moments whose name begins with ``prefix``."""
    own, said = entry_table.c, posting_table.c
    found = (
        select(own.account, own.currency, func.sum(own.minor))
        .join(posting_table, (said.site_id == own.site_id) & (said.key == own.key))
        .where(
            own.site_id == site,
            own.account >= prefix,
            own.account < prefix + "\U0010ffff",
            said.at_ms >= when[0],
            said.at_ms < when[1],
        )
    )
    rows = tx.execute(found.group_by(own.account, own.currency).order_by(own.account, own.currency))
    return tuple(Standing(row[0], row[1], int(row[2])) for row in rows)


def _counted(found: Iterable[Standing]) -> dict[tuple[str, str], int]:
    """Return the units of an account by campaign: the ledger counts each kind in a unit of its own."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for one in found:
        kind, _, unit = one.currency.rpartition("/")
        if base_of(kind) in SPENT:
            sums[campaign_of(kind), unit] += one.minor
    return sums


def _worth(found: Iterable[Standing]) -> dict[str, int]:
    """Return what each campaign has paid for sales."""
    sums: dict[str, int] = defaultdict(int)
    for one in found:
        sums[one.account.removeprefix(WORTH)] -= one.minor
    return sums
