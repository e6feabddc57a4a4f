"""Where the budgets of what is live lie: at central, at which device, or used up; a picture and its table."""

from __future__ import annotations

from typing import NamedTuple

from sync.central.console import cells
from sync.central.console.amounts import worded
from sync.central.console.answers import Sheet
from sync.central.console.ask import Ask
from sync.central.machines import devices
from sync.central.money import budgets
from sync.central.offers import bundles
from sync.central.offers.bundles import State
from sync.central.store import Connection

COLUMNS = ("campaign", "lies_at", "amount", "rate")
SCALE, PERCENT = 1_000, 100


class Spread(NamedTuple):
    """One budget as bars: its kind, what was given in all, and each part as name, amount and length."""

    kind: str
    given: str
    bars: tuple[tuple[str, str, int], ...]


def budget_map(tx: Connection, ask: Ask, *, currency: str) -> tuple[tuple[Spread, ...], Sheet]:
    """Return the budgets of the live bundle, each by where it lies, and all of them as one table."""
    live = next((one for one in bundles.versions(tx, ask.site) if one.state is State.LIVE), None)
    found = tuple(
        _spread(tx, ask, kind, currency=currency) for kind in (live.draft.budgets if live is not None else ())
    )
    rows = [
        (one.kind, name, told, cells.share(PERCENT * long // SCALE))
        for one in found
        for name, told, long in one.bars
    ]
    return found, Sheet(name="budget_map", columns=COLUMNS, rows=rows)


def _spread(tx: Connection, ask: Ask, kind: str, *, currency: str) -> Spread:
    known, named = budgets.spread(tx, ask.site, kind, currency=currency), devices.names(tx, ask.site)
    whole = known.free + sum(known.held.values()) + known.used
    parts = (
        (ask.words("lies.central"), known.free),
        *sorted((named.get(device) or device, units) for device, units in known.held.items()),
        (ask.words("lies.used"), known.used),
    )

    def told(units: int) -> str:
        return worded(units, currency) if budgets.is_money(kind) else str(units)

    bars = tuple((name, told(units), SCALE * units // max(whole, 1)) for name, units in parts)
    return Spread(kind, told(whole), bars)
