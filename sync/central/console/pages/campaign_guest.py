"""What would this guest see: the real choice over all that is live, at any moment and point of a site."""

from __future__ import annotations

from typing import NamedTuple, cast

from edge.core.calendar import local
from edge.core.offers import Bundle, Choice, Context, Tile, in_language
from edge.core.offers.shelves import about_shelves
from edge.errors import Refused
from sync.central.campaigns import seen, tester, whole
from sync.central.console.answers import Answer, Export, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.fields import MOMENT, Field, Kind, meant, names_of
from sync.central.console.pages.campaigns import HERE
from sync.central.console.routes import Audience, Route, read
from sync.central.near import stock
from sync.central.offers import bundles
from sync.central.registry import catalogue, conditions

TILES = ("position", "offer", "headline", "how")
LOSERS = ("offer", "headline", "why_not")
ALL = ("position", "offer", "headline", "how", "why_not")
PASTED = "pasted"


class Asked(NamedTuple):
    """Who would stand where, and when."""

    who: str
    pasted: str
    at: str
    point: str


def _page(ask: Ask) -> Answer:
    asked = _asked(ask)
    who = [(name, ask.words(f"example.{name}")) for name in (*tester.EXAMPLES, PASTED)]
    points = [(one.id, names_of(one.names, ask.words.language, one.id)) for one in ask.layout.points]
    values: dict[str, object] = {"asked": asked, "who": who, "points": points, "choice": None}
    at_ms = _moment(ask, asked)
    try:
        bundle, choice = _chosen(ask, asked, at_ms)
        tiles = Sheet(name="guest_tiles", columns=TILES, rows=_tiles(ask, bundle, choice))
        losers = Sheet(name="guest_losers", columns=LOSERS, rows=_losers(ask, bundle, choice))
        values |= {"choice": choice, "tiles": tiles, "losers": losers, "tables": (tiles, losers)}
    except Refused as wrong:
        values |= {"error": str(wrong), "hint": wrong.hint}
    return Page("campaign_guest.html", values)


def _exported(ask: Ask) -> Answer:
    asked = _asked(ask)
    bundle, choice = _chosen(ask, asked, _moment(ask, asked))
    rows = [
        *((*row, "") for row in _tiles(ask, bundle, choice)),
        *(("", offer, headline, "", why) for offer, headline, why in _losers(ask, bundle, choice)),
    ]
    return Export("guest", iter([Sheet(name="guest", columns=ALL, rows=rows)]))


def _asked(ask: Ask) -> Asked:
    """Return what was asked for; at first who comes every week, now, at the first point."""
    points = [point.id for point in ask.layout.points]
    now = local(ask.zone, ask.store.now_ms()).strftime(MOMENT)
    point = ask.arg("point") if "point" in ask.request.args else next(iter(points), "")
    return Asked(ask.arg("who") or "weekly", ask.arg("context").strip(), ask.arg("at") or now, point)


def _moment(ask: Ask, asked: Asked) -> int:
    return cast("int", meant(Field(name="at", kind=Kind.MOMENT), asked.at, ask.zone))


def _chosen(ask: Ask, asked: Asked, at_ms: int) -> tuple[Bundle, Choice]:
    context = _context(asked)
    with ask.store.reading() as tx:
        bundle = bundles.draft_in_force(tx, ask.site).bundle
        goods, counted = catalogue.catalogue(tx, ask.site), stock.stock(tx, ask.site)
        told = conditions.conditions(tx, ask.site)
    shelves = about_shelves(goods.at(asked.point).articles, counted, at_ms, taken={})
    place = seen.Place(at_ms=at_ms, zone=ask.zone, layout=ask.layout, point=asked.point)
    around = whole.Around(stock=shelves, conditions=told)
    return bundle, whole.sees(bundle, asked.who, context, place=place, around=around)


def _context(asked: Asked) -> Context:
    if asked.who != PASTED:
        if asked.who not in tester.EXAMPLES:
            raise Refused("There is no such guest.", hint="Choose one of the list.")
        return tester.EXAMPLES[asked.who]
    if len(asked.pasted) > tester.CONTEXT_CHARS_MAX:
        raise Refused(
            f"A context has at most {tester.CONTEXT_CHARS_MAX} characters.", hint="Make it shorter."
        )
    return tester.context_of(asked.pasted)


def _tiles(ask: Ask, bundle: Bundle, choice: Choice) -> list[tuple[str, str, str, str]]:
    return [
        (str(tile.position), tile.offer, _headline(ask, bundle, tile.offer), ask.words(f"slot.{_how(tile)}"))
        for tile in choice.tiles
    ]


def _how(tile: Tile) -> str:
    return "new" if tile.reserved else "ranked" if tile.ranked else "priority"


def _losers(ask: Ask, bundle: Bundle, choice: Choice) -> list[tuple[str, str, str]]:
    return [
        (
            one.offer,
            _headline(ask, bundle, one.offer),
            ask.words(f"objection.{one.why}", detail=one.detail),
        )
        for one in choice.losers
    ]


def _headline(ask: Ask, bundle: Bundle, offer: str) -> str:
    message = in_language(bundle.offers_by_id[offer].messages, ask.words.language)
    return message.headline if message is not None else ""


_BY = Audience.CAMPAIGNS
ROUTES: tuple[Route, ...] = (
    read(
        f"{HERE}/guest",
        _page,
        "What a guest would see of all that is live, and why not the rest.",
        audience=_BY,
    ),
    read(f"{HERE}/guest.csv", _exported, "The same as CSV.", audience=_BY),
)
