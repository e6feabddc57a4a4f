"""Ops: how the device and its screens are doing, for operators, with every figure also as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec
from flask import Response, current_app
from msgspec import Meta

from edge.errors import Unknown
from edge.staff import Action, ScreenSettings
from edge.views import Counters, HealthView, StaffView
from kiosk.ask import Ask
from kiosk.assets import digest
from kiosk.desk import desk_page, name_in
from kiosk.grants import OWN_TOPIC
from kiosk.operations import Op
from kiosk.pages import page
from kiosk.routes import Audience, Route
from kiosk.stream import Order
from kiosk.streams import Streams

RECENT_MAX = 200
"""Taps in an export."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the start of a formula (OWASP: CSV injection), in full width too."""
Cells = tuple[str | int | float | None, ...]


class NewScreenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A screen that somebody is about to put up."""

    op: Op
    kind: Annotated[str, Meta(pattern="^(kiosk|gate|staff|ops|reader)$")]
    point: Annotated[str, Meta(max_length=120)]
    language: Annotated[str, Meta(max_length=8)] = ""


class ScreenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing but the operation."""

    op: Op


class SettingsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a screen is to remember from now on."""

    op: Op
    settings: ScreenSettings


class NewScreen(msgspec.Struct, frozen=True, kw_only=True):
    """The code to type at the new screen, once, within a quarter of an hour."""

    code: str


class ScreenRow(msgspec.Struct, frozen=True, kw_only=True):
    """One screen as an operator sees it."""

    id: str
    kind: str
    point: str
    language: str
    live: bool
    current: bool
    """Whether its page was drawn with the files of this version."""
    last_ms: int | None
    settings: ScreenSettings


class OpsView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the ops page that is not an event."""

    counters: Counters
    health: HealthView
    screens: tuple[ScreenRow, ...]
    streams_open: int
    streams_max: int


def ops(ask: Ask) -> Response:
    """Show the ops page."""
    return page(ask, "ops.html", page=desk_page(ask))


def screens(ask: Ask) -> Response:
    """Show every screen, with remote reload."""
    layout = ask.house.service.layout()
    points = layout.points if layout is not None else ()
    return page(
        ask,
        "ops_screens.html",
        page=desk_page(ask),
        rows=msgspec.to_builtins(rows(ask)),
        points={point.id: name_in(point.names, ask.language, point.id) for point in points},
    )


def view(ask: Ask) -> OpsView:
    """Answer counters, health and screens."""
    streams: Streams = current_app.extensions["polso-streams"]
    return OpsView(
        counters=ask.house.service.counters(),
        health=ask.house.health.view(),
        screens=rows(ask),
        streams_open=len(streams.open()),
        streams_max=streams.seats_max,
    )


def rows(ask: Ask) -> tuple[ScreenRow, ...]:
    """List all enrolled screens, and whether each one is listening now."""
    streams: Streams = current_app.extensions["polso-streams"]
    seats = {seat.key: seat for seat in streams.open()}
    found = []
    for screen in ask.house.staff.screens():
        key = f"screen:{screen.id}"
        seat = seats.get(key)
        found.append(
            ScreenRow(
                id=screen.id,
                kind=screen.kind,
                point=screen.point,
                language=screen.language,
                live=seat is not None,
                current=seat is not None and seat.version == digest(),
                last_ms=seat.since_ms if seat is not None else streams.last_ms(key),
                settings=screen.settings,
            )
        )
    return tuple(found)


def new_screen(ask: Ask) -> NewScreen:
    """Make a one-time code for a new screen."""
    body = ask.want(NewScreenBody)
    return NewScreen(code=ask.house.staff.new_screen(body.kind, body.point, language=body.language))


def reload(ask: Ask) -> Order:
    """Tell one screen to load its page anew."""
    order = Order(reason="operator")
    ask.house.feed.publish(OWN_TOPIC + known_screen(ask), "reload", order)
    return order


def set_screen(ask: Ask) -> Order:
    """Change a screen's settings; its page takes them over as soon as nobody stands before it."""
    ask.house.staff.set_screen(ask.person, known_screen(ask), ask.want(SettingsBody).settings)
    order = Order(reason="settings")
    ask.house.feed.publish(OWN_TOPIC + ask.path["screen"], "reload", order)
    return order


def revoke(ask: Ask) -> Order:
    """Forget a screen; its stream ends within a second."""
    ask.house.staff.revoke_screen(known_screen(ask))
    return Order(reason="revoked")


def known_screen(ask: Ask) -> str:
    """Return the id of the screen that the address names, or raise ``Unknown``."""
    if ask.path["screen"] not in {screen.id for screen in ask.house.staff.screens()}:
        raise Unknown("There is no such screen.")
    return ask.path["screen"]


def export(ask: Ask) -> Response:
    """Answer one table of the ops page as CSV (RFC 4180)."""
    name = ask.path["table"].removesuffix(".csv")
    if name not in TABLES:
        raise Unknown("There is no such table.")
    text = io.StringIO()
    csv.writer(text).writerows(tuple(safe_cell(cell) for cell in row) for row in TABLES[name](ask))
    response = Response(text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="polso-{name}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def safe_cell(cell: str | float | None) -> str | float:
    """Keep spreadsheets from taking a text for a formula."""
    if isinstance(cell, str) and cell.startswith(FORMULA):
        return "'" + cell
    return "" if cell is None else cell


def minutes_table(ask: Ask) -> Iterable[Cells]:
    """Taps in each of the last 60 minutes."""
    counts = ask.house.service.counters().per_minute
    yield ("minutes_ago", "taps")
    yield from ((len(counts) - 1 - n, count) for n, count in enumerate(counts))


def reasons_table(ask: Ask) -> Iterable[Cells]:
    """Outcomes by reason since the local day began."""
    yield ("reason", "taps")
    yield from sorted(ask.house.service.counters().reasons.items(), key=lambda row: -row[1])


def points_table(ask: Ask) -> Iterable[Cells]:
    """People per point."""
    counters = ask.house.service.counters()
    yield ("point", "entered", "exited", "denied")
    for point in sorted({*counters.entered, *counters.exited, *counters.denied}):
        counts = (counters.entered, counters.exited, counters.denied)
        yield (point, *(count.get(point, 0) for count in counts))


def zones_table(ask: Ask) -> Iterable[Cells]:
    """People inside now."""
    yield ("zone", "inside")
    yield from sorted(ask.house.service.counters().inside.items())


def devices_table(ask: Ask) -> Iterable[Cells]:
    """Readers, gates, printers and radios."""
    yield ("device", "kind", "point", "state", "reason", "since_ms", "mode")
    for row in ask.house.health.view().devices:
        yield (row.device, row.kind, row.point, row.state, row.reason, row.since_ms, row.mode)


def screens_table(ask: Ask) -> Iterable[Cells]:
    """Screens."""
    yield ("screen", "kind", "point", "language", "live", "current", "last_ms")
    for row in rows(ask):
        yield (row.id, row.kind, row.point, row.language, int(row.live), int(row.current), row.last_ms)


def taps_table(ask: Ask) -> Iterable[Cells]:
    """The last taps, under pseudonyms."""
    yield ("seq", "at_ms", "point", "direction", "outcome", "reason", "band", "took_ms")
    for tap in ask.house.service.recent(None, RECENT_MAX):
        yield tap_cells(tap)


def tap_cells(tap: StaffView) -> Cells:
    """One tap as a row."""
    return (
        tap.seq,
        tap.at_ms,
        tap.point,
        tap.direction,
        tap.outcome.value,
        tap.reason.value,
        tap.band_short,
        round(tap.took_ms, 3),
    )


TABLES: dict[str, Callable[[Ask], Iterable[Cells]]] = {
    "minutes": minutes_table,
    "reasons": reasons_table,
    "points": points_table,
    "zones": zones_table,
    "devices": devices_table,
    "screens": screens_table,
    "taps": taps_table,
}

_SEE = Action.SEE_OPS
ROUTES = (
    Route("GET", "/ops", ops, Audience.STAFF, "How the device is doing.", action=_SEE),
    Route("GET", "/ops/screens", screens, Audience.STAFF, "All screens.", action=Action.SEE_SCREENS),
    Route("GET", "/ops/export/<table>", export, Audience.STAFF, "One table as CSV.", action=_SEE),
    Route("GET", "/api/v1/ops", view, Audience.STAFF, "Figures.", action=_SEE, answer=OpsView),
    Route(
        "POST",
        "/api/v1/screens",
        new_screen,
        Audience.STAFF,
        "A one-time code for a new screen.",
        action=Action.ENROL_SCREEN,
        body=NewScreenBody,
        answer=NewScreen,
    ),
    Route(
        "POST",
        "/api/v1/screens/<screen>/reload",
        reload,
        Audience.STAFF,
        "Let a screen load its page anew.",
        action=Action.SEE_SCREENS,
        body=ScreenBody,
        answer=Order,
    ),
    Route(
        "POST",
        "/api/v1/screens/<screen>/settings",
        set_screen,
        Audience.STAFF,
        "Change what a screen remembers.",
        action=Action.SET_SCREEN,
        body=SettingsBody,
        answer=Order,
    ),
    Route(
        "POST",
        "/api/v1/screens/<screen>/revoke",
        revoke,
        Audience.STAFF,
        "Forget a screen.",
        action=Action.REVOKE_SCREEN,
        body=ScreenBody,
        answer=Order,
    ),
)
