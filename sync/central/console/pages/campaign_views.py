"""Campaigns before they are live: what guests will see, and what a rule says of whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from edge.errors import Refused
from edge.rules import OFFER_RULE_CHARS_MAX
from sync.central.campaigns import life, previews, seen, tester
from sync.central.console.answers import Answer, Export, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.fields import Field, Kind, meant
from sync.central.console.pages.campaigns import HERE, ONE
from sync.central.console.routes import Audience, Route, read
from sync.central.offers import bundles
from sync.central.offers.campaigned import Campaign
from sync.central.registry import catalogue, conditions

PREVIEW = ("rendering", "language", "words")
CLAUSES = ("condition", "comes_to", "known")
RULES = ("example", "says", *CLAUSES)
SEEN = ("example", "sees", "why")
SAMPLE = '"behaviour:weekly" in guest.segments && guest.visits > 10'
ITS_OWN = "pasted"
"""The context that somebody pasted, among the examples."""


def _preview(ask: Ask) -> Answer:
    one, made = _previews(ask)
    return Page("campaign_preview.html", {"one": one, "previews": made, "channels": previews.CHANNELS})


def _previews(ask: Ask) -> tuple[Campaign, tuple[previews.Preview, ...]]:
    currency = ask.layout.currency
    with ask.store.reading() as tx:
        one = life.find(tx, ask.site, ask.path["campaign"])
        goods = catalogue.catalogue(tx, ask.site)
    return one, previews.previews(one, goods, currency=currency)


def _preview_exported(ask: Ask) -> Answer:
    one, made = _previews(ask)
    rows = [
        (ask.words(f"rendering.{channel}"), preview.language, "\n".join(preview.shown[channel]))
        for channel in previews.CHANNELS
        for preview in made
    ]
    sheet = Sheet(name="campaign_preview", columns=PREVIEW, rows=rows)
    return Export(f"{one.id}-preview", iter([sheet]))


def _seen(ask: Ask) -> Answer:
    one, sheet, at, point = _looked(ask)
    points = [point.id for point in ask.layout.points]
    return Page(
        "campaign_seen.html", {"one": one, "sheet": sheet, "at": at, "point": point, "points": points}
    )


def _looked(ask: Ask) -> tuple[Campaign, Sheet, str, str]:
    """Return what invented guests would see at the moment and point that were asked for."""
    with ask.store.reading() as tx:
        one = life.find(tx, ask.site, ask.path["campaign"])
        bundle, told = bundles.draft_in_force(tx, ask.site).bundle, conditions.conditions(tx, ask.site)
    usual = f"{one.plan.offer.period.first}T12:00"
    point = ask.arg("point") or next(iter(one.plan.offer.points), "")
    at_ms = meant(Field(name="at", kind=Kind.MOMENT), ask.arg("at") or usual, ask.zone)
    place = seen.Place(
        at_ms=cast("int", at_ms), zone=ask.zone, layout=ask.layout, point=point, conditions=told
    )
    rows = [
        (
            ask.words(f"example.{told.guest}"),
            ask.words("seen.tile", place=told.place) if told.place else ask.words("says.no"),
            ask.words(f"objection.{told.why}", detail=told.detail) if told.why else "",
        )
        for told in seen.seen(one, bundle, tester.EXAMPLES, place=place)
    ]
    return one, Sheet(name="campaign_seen", columns=SEEN, rows=rows), ask.arg("at") or usual, point


def _seen_exported(ask: Ask) -> Answer:
    one, sheet, _, _ = _looked(ask)
    return Export(f"{one.id}-seen", iter([sheet]))


def _rules(ask: Ask) -> Answer:
    cel, pasted = _typed(ask)
    values: dict[str, object] = {"cel": cel, "context": pasted, "told": (), "sheet": None}
    try:
        told = _tried(cel, pasted)
        clauses = tuple(Sheet(name=one.guest, columns=CLAUSES, rows=_clauses(ask, one)) for one in told)
        values |= {
            "told": tuple(zip(told, clauses, strict=True)),
            "tables": clauses,
            "sheet": _rules_sheet(ask, told),
        }
    except Refused as wrong:
        values |= {"error": str(wrong), "hint": wrong.hint}
    return Page("campaign_rules.html", values)


def _tried(cel: str, pasted: str) -> tuple[tester.Said, ...]:
    if len(cel) > OFFER_RULE_CHARS_MAX or len(pasted) > tester.CONTEXT_CHARS_MAX:
        raise Refused(
            f"A rule has at most {OFFER_RULE_CHARS_MAX} characters, a context {tester.CONTEXT_CHARS_MAX}.",
            hint="Make it shorter.",
        )
    own = {ITS_OWN: tester.context_of(pasted)} if pasted else {}
    return tester.tried(cel, {**own, **tester.EXAMPLES})


def _rules_sheet(ask: Ask, told: Sequence[tester.Said]) -> Sheet:
    rows = [
        (ask.words(f"example.{one.guest}"), ask.words(f"says.{one.says}"), *clause)
        for one in told
        for clause in _clauses(ask, one)
    ]
    return Sheet(name="campaign_rules", columns=RULES, rows=rows)


def _clauses(ask: Ask, one: tester.Said) -> list[tuple[str, str, str]]:
    """Return the conditions of a rule as rows: each, what it comes to for a guest, and what is read."""
    return [
        (
            clause.text,
            " ".join(filter(None, (ask.words(f"says.{clause.says}"), clause.detail))),
            clause.known,
        )
        for clause in one.clauses
    ]


def _rules_exported(ask: Ask) -> Answer:
    return Export("rules", iter([_rules_sheet(ask, _tried(*_typed(ask)))]))


def _typed(ask: Ask) -> tuple[str, str]:
    """Return the rule and the context that somebody typed; whoever has typed nothing yet sees a rule."""
    asked = ask.request.args
    return asked.get("cel", SAMPLE).strip(), asked.get("context", "").strip()


_BY = Audience.CAMPAIGNS
ROUTES: tuple[Route, ...] = (
    read(f"{HERE}/rules", _rules, "What a rule says of invented guests, and why.", audience=_BY),
    read(f"{HERE}/rules.csv", _rules_exported, "The same as CSV.", audience=_BY),
    read(f"{ONE}/seen", _seen, "What invented guests would see of it at any moment.", audience=_BY),
    read(f"{ONE}/seen.csv", _seen_exported, "The same as CSV.", audience=_BY),
    read(f"{ONE}/preview", _preview, "Six renderings in five languages.", audience=_BY),
    read(f"{ONE}/preview.csv", _preview_exported, "The same as CSV.", audience=_BY),
)
