"""The diary at the console: one guest's for a purpose that is written down, and figures of ten or more."""

from __future__ import annotations

import datetime as dt
import enum
import itertools
from collections.abc import Iterator

from edge.core.profiles import remark_owner
from sync.central.care.lookup import family
from sync.central.console import listing, looks
from sync.central.console.answers import Answer, Export, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.bars import Bar, in_order
from sync.central.console.diaries import Line, line, named, said_of
from sync.central.console.fields import Mistyped
from sync.central.console.listing import Listing
from sync.central.console.looks import Shown
from sync.central.console.routes import Audience, Route, read
from sync.central.journey import diary, ends
from sync.central.journey.figures import figures
from sync.central.journey.marks import mark_in, marked
from sync.central.registry import guests, links

HERE = "/sites/<site>/guests/<guest>/diary"
COLUMNS = Line._fields
FIGURE_COLUMNS = ("week", "what", "via", "people", "occasions")
WEEKS = 12
DAY_CHARS = len("2026-01-01")


class Purpose(enum.StrEnum):
    """Why somebody looks into a diary: the closed list."""

    CASE = "case"
    REFUND = "refund"
    LOST_BAND = "lost_band"
    GUEST_ASKS = "guest_asks"
    CHECK = "check"


def _one(ask: Ask) -> Answer:
    """Ask for the purpose; then show what waits, and all else by time."""
    guest = ask.path["guest"]
    with ask.store.reading() as tx:
        guests.guest(tx, ask.site, guest)
    purpose = ask.arg("purpose")
    if purpose not in frozenset(Purpose):
        return Page("diary.html", {"guest": guest, "purpose": "", "purposes": tuple(Purpose)})
    with ask.store.reading() as tx:
        names, waiting = named(tx, ask), ends.open_ends(tx, ask.site, remark_owner(guest, b""))
        others = family(tx, ask.site, links.together(tx, ask.site, [guest]))
    looks.look(ask, "diary_seen", guest, shown=Shown(guests=others, count=len(others), purpose=purpose))
    opened = Sheet(name="open_ends", columns=COLUMNS, rows=[line(ask, one, names) for one in waiting])
    values = {"guest": guest, "purpose": purpose, "open": opened, "sheet": _sheet(ask, ask.arg("after"))}
    values["family"] = others
    return Page("diary.html", values)


def _export(ask: Ask) -> Answer:
    purpose, guest = ask.arg("purpose"), ask.path["guest"]
    if purpose not in frozenset(Purpose):
        raise Mistyped("purpose", "wrong.choice")
    looks.look(ask, "diary_exported", guest, shown=Shown(purpose=purpose))

    def pages() -> Iterator[Sheet]:
        sheet = _sheet(ask, "")
        yield sheet
        while sheet.after:
            sheet = _sheet(ask, sheet.after)
            yield sheet

    return Export("diary", pages())


def _sheet(ask: Ask, after: str) -> Sheet:
    owner = remark_owner(ask.path["guest"], b"")
    with ask.store.reading() as tx:
        names = named(tx, ask)
        found = diary.of_guest(tx, ask.site, owner, before=mark_in(after))
    following = marked(diary.mark_of(found[-1])) if len(found) == diary.PAGE_MAX else ""
    rows = [line(ask, one, names) for one in found]
    return Sheet(name="diary", columns=COLUMNS, rows=rows, after=following, whole=True)


def _figures(ask: Ask, after: str) -> Sheet:
    spans = weeks(dt.datetime.fromtimestamp(ask.store.now_ms() / 1000, ask.zone))
    with ask.store.reading() as tx:
        found = figures(tx, ask.site, spans)
    rows = [
        (
            ask.time(one.from_ms)[:DAY_CHARS],
            said_of(ask, one.what, one.via),
            ask.words(f"via.{one.via}"),
            one.people,
            one.times,
        )
        for one in found
    ]
    return Sheet(name="journeys", columns=FIGURE_COLUMNS, rows=rows)


def weeks(now: dt.datetime) -> list[tuple[int, int]]:
    """Return when each of the last whole weeks began and ended by local time, the newest first."""
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=now.weekday())
    edges = [int((monday - dt.timedelta(weeks=back)).timestamp() * 1000) for back in range(WEEKS + 1)]
    return [(begins, ends_ms) for ends_ms, begins in itertools.pairwise(edges)]


def _pictured(_: Ask, sheet: Sheet) -> list[Bar]:
    """Return how many people did what in each week, in the order of weeks."""
    return in_order((" · ".join(map(str, row[:3])), int(str(row[3]))) for row in sheet.rows)


FIGURES = Listing(name="journeys", page=_figures, picture=_pictured)
ROUTES: tuple[Route, ...] = (
    read(HERE, _one, "One guest's diary, for a purpose.", audience=Audience.CARE),
    read(f"{HERE}.csv", _export, "One guest's diary as CSV."),
    *listing.routes_of("/sites/<site>/journeys", FIGURES, audience=Audience.FIGURES),
)
