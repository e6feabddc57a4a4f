"""Conditions: the weather and the crowd of a site, as rules of offers know them, and how old the word is."""

from __future__ import annotations

from typing import Any

from edge.core.conditions import Crowd, Weather
from sync.central.console import cells, desk, listing
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Cell, Form, Moved, Row, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.listing import Listing
from sync.central.console.routes import Route
from sync.central.registry import conditions

HERE = "/sites/<site>/conditions"
COLUMNS = ("what", "word", "age", "good")


def _page(ask: Ask, after: str) -> Sheet:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    now_ms = ask.store.now_ms()
    with ask.store.reading() as tx:
        told = conditions.conditions(tx, ask.site)
    rows = []
    if told.weather:
        word = ask.words(f"weather.{told.weather}")
        rows.append(
            _row(ask, "weather", word=word, at_ms=told.weather_ms, good=bool(told.weather_at(now_ms)))
        )
    if told.crowd:
        word = ask.words(f"crowd.{told.crowd}")
        rows.append(_row(ask, "crowd", word=word, at_ms=told.crowd_ms, good=bool(told.crowd_at(now_ms))))
    return Sheet(name="conditions", columns=COLUMNS, rows=rows)


def _row(ask: Ask, name: str, *, word: str, at_ms: int, good: bool) -> Row:
    state = Cell(ask.words("good.yes" if good else "good.no"), mark="granted" if good else "warned")
    return (ask.words(f"field.{name}"), word, cells.age(ask, at_ms), state)


def _form(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # as above
    fields = (
        Field(name="weather", kind=Kind.CHOICE, choices=_choices(ask, "weather", Weather)),
        Field(name="crowd", kind=Kind.CHOICE, choices=_choices(ask, "crowd", Crowd)),
    )
    return Form(name="conditions_tell", fields=fields, back=f"{ask.home}/conditions", act="tell_conditions")


def _choices(ask: Ask, name: str, words: type[Weather] | type[Crowd]) -> list[tuple[str, str]]:
    return [("", ask.words("nothing_new")), *((one.value, ask.words(f"{name}.{one}")) for one in words)]


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        before = conditions.conditions(tx, ask.site)
        after = conditions.tell(tx, ask.site, weather=said["weather"], crowd=said["crowd"])
        ask.record(tx, "conditions_told", ask.site, before=short(before), after=short(after))
    return Moved(f"{ask.home}/conditions", "conditions_told")


CONDITIONS = Listing(name="conditions", page=_page, add="tell")
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, CONDITIONS),
    *desk.routes_of(f"{HERE}/tell", Desk(_form, _save), "tell of the weather and the crowd."),
)
