"""Events: what happened at the site's points, as it arrives."""

from __future__ import annotations

import re

from edge.core.decision import Outcome, Reason
from sync.central.console import happenings, looks
from sync.central.console.answers import Answer, Cell, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.fields import names_of
from sync.central.console.happenings import Happening, Wanted
from sync.central.console.listing import Listing
from sync.central.console.routes import Route, read
from sync.central.machines import devices

COLUMNS = ("time", "event", "device", "point", "outcome", "reason", "band", "guest", "who", "note")
LIVE_S = 2
HEX = re.compile(r"[0-9a-f]{1,32}")
FILTERS = ("device", "point", "outcome", "reason", "band")


def row_of(ask: Ask, one: Happening) -> tuple[Cell | str, ...]:
    """Return one event as a row."""
    point = ask.layout.points_by_id.get(one.point)
    reason, note = f"reason.{one.reason}", f"why.{one.note}"
    return (
        ask.time(one.at_ms),
        ask.words(f"event.{one.kind}"),
        one.device,
        names_of(point.names, ask.words.language, one.point) if point else one.point,
        Cell(ask.words(f"outcome.{one.outcome}"), mark=one.outcome) if one.outcome else "",
        ask.words(reason) if one.reason and ask.words.has(reason) else one.reason,
        Cell(one.band[:12], f"{ask.home}/bands/{one.band}") if one.band else "",
        Cell(one.guest, f"{ask.home}/guests/{one.guest}") if one.guest else "",
        one.who,
        ask.words(note) if ask.words.has(note) else one.note,
    )


def _page(ask: Ask, after: str) -> Sheet:
    wanted = Wanted(**{name: ask.arg(name) for name in FILTERS})
    with ask.store.reading() as tx:
        found, before = happenings.page(tx, ask.site, wanted, before=int(after) if after.isdecimal() else 0)
    rows = [row_of(ask, one) for one in found]
    return Sheet(name="events", columns=COLUMNS, rows=rows, after=str(before) if before else "")


def _band(ask: Ask) -> str:
    """Return the band whose events are asked for; anything else that somebody typed there is not kept."""
    typed = ask.arg("band")
    return typed if HEX.fullmatch(typed) else ""


EVENTS = Listing(name="events", page=_page, personal=True, live_s=LIVE_S)


def _all(ask: Ask) -> Answer:
    places = ask.layout
    with ask.store.reading() as tx:
        known = [(one.id, one.name) for one in devices.devices(tx, ask.site)]
    language = ask.words.language
    choices = {
        "device": known,
        "point": [(one.id, names_of(one.names, language, one.id)) for one in places.points],
        "outcome": [(one.value, ask.words(f"outcome.{one}")) for one in Outcome],
        "reason": [(one.value, ask.words(f"reason.{one}")) for one in Reason],
    }
    sheet = _page(ask, ask.arg("after"))
    chosen = {name: ask.arg(name) for name in FILTERS}
    # Only the newest page is alive: older ones do not change.
    live_s = 0 if ask.arg("after") else LIVE_S
    shown = looks.shown_in(ask, sheet)
    looks.look(ask, "events_seen", _band(ask), shown=shown, within_ms=looks.LIVE_MS if live_s else 0)
    return Page("events.html", {"sheet": sheet, "choices": choices, "chosen": chosen, "live_s": live_s})


ROUTES: tuple[Route, ...] = (
    read("/sites/<site>/events", _all, "Live events."),
    read("/sites/<site>/events.csv", EVENTS.export, "Events as CSV."),
)
