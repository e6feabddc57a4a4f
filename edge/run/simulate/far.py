"""Far: what central holds of a world, read at once, because most promises ask for it."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.lease import Placed
from edge.run.simulate.platform import Central
from sync.central.machines.lanes import event_table
from sync.central.money import placed
from sync.central.money.ledger import standings, trial_balance
from sync.central.store import Connection, select

Lanes = tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]
"""Number and hash of each record of both lanes."""


class Far(NamedTuple):
    """What central holds of each device and wallet."""

    held: list[Lanes]
    placed: dict[str, Placed]
    sums: dict[str, int]
    """Of all accounts, by currency."""
    free: dict[str, int]


def look(central: Central, wallets: list[str]) -> Far:
    """Read all of it."""
    with central.store.reading() as tx:
        rows = [row for wallet in wallets for row in placed.of_wallet(tx, central.site, wallet)]
        return Far(
            held=_held(tx, central),
            placed={row.id: row.placed for row in rows},
            sums=trial_balance(tx, central.site),
            free={one.account: one.minor for one in standings(tx, central.site, prefix="wallet:")},
        )


def _held(tx: Connection, central: Central) -> list[Lanes]:
    own = event_table.c
    query = select(own.device_id, own.lane, own.seq, own.h).where(own.site_id == central.site)
    found: dict[str, Lanes] = {name: ([], []) for name in central.devices}
    for device, lane, seq, h in tx.execute(query.order_by(own.device_id, own.lane, own.seq)):
        found[device][lane].append((seq, bytes(h)))
    return [found[name] for name in central.devices]
