"""Promises at the console: cases by kind, and whether guests heard from us when we said."""

from __future__ import annotations

from sync.central.care.promises import Counted, promises
from sync.central.console import listing
from sync.central.console.answers import Sheet
from sync.central.console.ask import Ask
from sync.central.console.bars import Bar, filled
from sync.central.console.listing import Listing
from sync.central.console.routes import Audience, Route

COLUMNS = Counted._fields


def _page(ask: Ask, after: str) -> Sheet:
    del after  # there are no more kinds than fit on a page
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        found = promises(tx, ask.site)
    rows = [(ask.words(f"case.{one.subject}"), *one[1:]) for one in found]
    return Sheet(name="promises", columns=COLUMNS, rows=rows)


def _pictured(_: Ask, sheet: Sheet) -> list[Bar]:
    """Return of each kind how many promises were kept of those whose time is over."""
    kept, broken = COLUMNS.index("kept"), COLUMNS.index("broken")
    counts = [(str(row[0]), int(str(row[kept])), int(str(row[broken]))) for row in sheet.rows]
    return filled((name, held, held + late) for name, held, late in counts)


PROMISES = Listing(name="promises", page=_page, picture=_pictured)
ROUTES: tuple[Route, ...] = listing.routes_of("/sites/<site>/promises", PROMISES, audience=Audience.CARE)
