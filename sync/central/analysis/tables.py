"""The tables that every figure reads: whole numbers and words only, so that no engine can differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

ENTRIES = ibis.schema(
    {
        "site": "!string",
        "guest": "!string",
        "guest_key": "!int64",  # whole number made of the guest's id: breaks ties alike in every collation
        "entry_key": "!int64",  # the same of the entry's source
        "at_ms": "!int64",  # UTC milliseconds
        "day": "!int64",  # the site's local day, days since 1970-01-01
        "month": "!int64",  # the same day's month, counted from year 0
        "hour": "!int64",  # its local hour
        "kind": "!string",  # a word of the diary
        "channel": "!string",
        "place": "!string",
        "subject": "!string",  # article, offer, zone or topic
        "ref": "!string",  # basket, exposure, order or case
        "quantity": "!int64",  # pieces; of what was dwelt, minutes
        "minor": "!int64",  # money in minor units, what came back below zero
    }
)
"""One thing that happened to one guest; a basket is one entry a line."""
CONSENTS = ibis.schema({"site": "!string", "guest": "!string", "basis": "!string"})
"""What each guest lets be used: a row is a yes, nothing is a no."""
DECLARED = ibis.schema(
    {
        "site": "!string",
        "guest": "!string",
        "basis": "!string",
        "code": "!string",  # as interest:coffee or demographic:household.family
        "day": "!int64",
    }
)
"""What guests said of themselves, and the local day since when it stands."""
SCHEMAS = {"entries": ENTRIES, "consents": CONSENTS, "declared": DECLARED}


@dataclass(frozen=True, slots=True)
class Tables:
    """What one figure sees: only guests who allow what it is for; there is no other way to any row."""

    entries: ir.Table
    declared: ir.Table

    def of(self, *kinds: str) -> ir.Table:
        """Return the entries of these kinds."""
        return self.entries.filter(self.entries.kind.isin(kinds))

    def between(self, first: int, last: int) -> Tables:
        """Return the same with the entries of these local days alone, both of them included."""
        day = self.entries.day
        return replace(self, entries=self.entries.filter(day >= first, day <= last))


def allowed(named: dict[str, ir.Table], basis: str) -> Tables:
    """Return what may be read for one basis: rows of guests who said no are not in it."""
    said = named["consents"]
    yes = said.filter(said.basis == basis).select("site", "guest").distinct()
    declared = named["declared"]
    return Tables(
        # Each guest is in it once, so that a join is a filter: not every engine has semi-joins.
        entries=named["entries"].join(yes, ("site", "guest")),
        declared=declared.filter(declared.basis == basis).join(yes, ("site", "guest")),
    )


def unbound() -> dict[str, ir.Table]:
    """Return the tables without any rows behind them: enough to compile by."""
    return {name: ibis.table(schema, name=name) for name, schema in SCHEMAS.items()}
