"""Campaigns before and after: what guests will see, what a rule says of whom, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from edge.core.money import spelled
from edge.errors import Refused
from edge.rules import OFFER_RULE_CHARS_MAX
from sync.central import bundles
from sync.central.campaigned import Campaign
from sync.central.campaigns import life, previews, results, seen, tester
from sync.central.campaigns.lift import Arm, Lift, Verdict, wilson
from sync.central.campaigns.results import Results
from sync.central.console.answers import Answer, Export, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.fields import Field, Kind, meant
from sync.central.console.pages.campaigns import HERE, ONE
from sync.central.console.routes import Audience, Route, read
from sync.central.journey.figures import PEOPLE_MIN
from sync.central.registry import catalogue

PREVIEW = ("rendering", "language", "words")
CLAUSES = ("condition", "comes_to", "known")
RULES = ("example", "says", *CLAUSES)
DAYS = ("date", "shown", "taken_up", "redeemed", "returned", "took_off")
ARMS = ("arm", "guests", "planned", "bought", "rate", "low", "high")
PERCENT, SCALE = 100, 1_000
BARS_MAX = 31
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
        bundle = bundles.draft_in_force(tx, ask.site).bundle
    usual = f"{one.plan.offer.period.first}T12:00"
    point = ask.arg("point") or next(iter(one.plan.offer.points), "")
    at_ms = meant(Field(name="at", kind=Kind.MOMENT), ask.arg("at") or usual, ask.zone)
    place = seen.Place(at_ms=cast("int", at_ms), zone=ask.zone, site=ask.site, point=point)
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


def _results(ask: Ask) -> Answer:
    one, found = _read(ask)
    days = _days_sheet(ask, found)
    lift = found.lift
    values = {
        "one": one,
        "days": days,
        "bars": [(day.date, day.shown, day.shown * SCALE // most(found)) for day in found.days[-BARS_MAX:]],
        "lift": lift,
        "arms": _arms_sheet(ask, one, lift) if lift is not None else None,
        "few": lift is not None and min(lift.offered.guests, lift.withheld.guests) < PEOPLE_MIN,
        "whiskers": _whiskers(ask, lift) if lift is not None else [],
        "difference": _points(lift.difference) if lift is not None else "",
        "between": (_points(lift.low), _points(lift.high)) if lift is not None else (),
        "two_arms": found.two_arms,
        "articles": " ".join(one.plan.offer.effect.articles if one.plan.offer.effect else ()),
    }
    return Page("campaign_results.html", values)


def _read(ask: Ask) -> tuple[Campaign, Results]:
    with ask.store.reading() as tx:
        standing = life.find(tx, ask.site, ask.path["campaign"])
        one = life.published(tx, ask.site, standing.id) or standing
        return one, results.results(tx, ask.site, one)


def most(found: Results) -> int:
    """Return how often it was shown on the day on which it was shown most."""
    return max((day.shown for day in found.days), default=0) or 1


def _days_sheet(ask: Ask, found: Results) -> Sheet:
    currency = ask.layout.currency
    rows = [
        (day.date, day.shown, day.taken, day.redeemed, day.returned, spelled(day.minor, currency))
        for day in found.days
    ]
    return Sheet(name="campaign_days", columns=DAYS, rows=rows)


def _arms_sheet(ask: Ask, one: Campaign, lift: Lift) -> Sheet:
    rows = [_arm(ask, one, lift, name=name) for name in ("offered", "withheld")]
    return Sheet(name="campaign_arms", columns=ARMS, rows=rows)


def _arm(ask: Ask, one: Campaign, lift: Lift, *, name: str) -> tuple[str | int, ...]:
    """Return a row of the reading: before its time it holds how many guests there are, and no share."""
    arm: Arm = getattr(lift, name)
    label = ask.words(f"arm.{name}")
    if 0 < arm.guests < PEOPLE_MIN:
        return label, ask.words("fewer_than", count=PEOPLE_MIN), one.plan.planned, "", "", "", ""
    if lift.verdict in (Verdict.NOT_YET, Verdict.VOID):
        return label, arm.guests, one.plan.planned, "", "", "", ""
    low, high = wilson(arm)
    return label, arm.guests, one.plan.planned, arm.did, _share(arm.rate), _share(low), _share(high)


def _whiskers(ask: Ask, lift: Lift) -> list[tuple[str | int, ...]]:
    """Return name, share and where share and interval stand, in thousandths of the widest, of each arm."""
    if lift.verdict in (Verdict.NOT_YET, Verdict.VOID):
        return []
    arms: dict[str, Arm] = {name: getattr(lift, name) for name in ("offered", "withheld")}
    widest = max(wilson(arm)[1] for arm in arms.values()) or 1.0
    told = []
    for name, arm in arms.items():
        low, high = wilson(arm)
        places = (round(SCALE * one / widest) for one in (low, arm.rate, high))
        row: tuple[str | int, ...] = (ask.words(f"arm.{name}"), _share(arm.rate), *places)
        told.append(row)
    return told


def _share(rate: float) -> str:
    return f"{rate * PERCENT:.2f} %"


def _points(rate: float) -> str:
    return f"{rate * PERCENT:+.2f}"


def _results_exported(ask: Ask) -> Answer:
    one, found = _read(ask)
    sheets = [_days_sheet(ask, found)]
    return Export(f"{one.id}-results", iter(sheets))


def _arms_exported(ask: Ask) -> Answer:
    one, found = _read(ask)
    if found.lift is None:
        return Export(f"{one.id}-arms", iter([Sheet(name="campaign_arms", columns=ARMS, rows=[])]))
    return Export(f"{one.id}-arms", iter([_arms_sheet(ask, one, found.lift)]))


_BY = Audience.CAMPAIGNS
ROUTES: tuple[Route, ...] = (
    read(f"{HERE}/rules", _rules, "What a rule says of invented guests, and why.", audience=_BY),
    read(f"{HERE}/rules.csv", _rules_exported, "The same as CSV.", audience=_BY),
    read(f"{ONE}/seen", _seen, "What invented guests would see of it at any moment.", audience=_BY),
    read(f"{ONE}/seen.csv", _seen_exported, "The same as CSV.", audience=_BY),
    read(f"{ONE}/preview", _preview, "Six renderings in five languages.", audience=_BY),
    read(f"{ONE}/preview.csv", _preview_exported, "The same as CSV.", audience=_BY),
    read(f"{ONE}/results", _results, "What came of a campaign.", audience=_BY),
    read(f"{ONE}/results.csv", _results_exported, "What came of it, day by day, as CSV.", audience=_BY),
    read(f"{ONE}/arms.csv", _arms_exported, "The reading of its experiment as CSV.", audience=_BY),
)
