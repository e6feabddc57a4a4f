"""Feedback: what guests said of what they bought, how sure that is, and what was wrong most often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from edge.core.calendar import DAY_MS
from edge.core.consent import Channel
from edge.core.feedback import UNHAPPY_MAX
from edge.errors import Unknown
from sync.central import sites
from sync.central.campaigns.lift import Arm, wilson
from sync.central.care import changed, spoken
from sync.central.care.cases import NOTE_CHARS_MAX
from sync.central.care.changed import Change
from sync.central.console import cells, desk, liking, own_words
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, names_of
from sync.central.console.liking import HAPPY_MIN, Liked, Lot, Wrong
from sync.central.console.routes import Audience, Route, read
from sync.central.journey.figures import PEOPLE_MIN
from sync.central.near.feedback import VISIT, Score, month_of, monthly, of_lots, scores, words
from sync.central.psp import refunds
from sync.central.registry import catalogue
from sync.central.store import Connection, now_of

LOTS = ("article", "name", "lot", "site", "said", "happy", "low", "high", "month_change", "against_rest")
COLUMNS = ("article", "name", "said", "happy", "low", "high", "month_change", "because")
PLACES = ("point", "name", "said", "happy", "low", "high", "month_change")
REASONS = ("because", "year", "month_this", "month_last")
MONTHS_BACK = 11
YEAR_MS = 365 * DAY_MS
SCALE, PERCENT = 1_000, 100
BARS_MAX = 12
"""So many of the least liked are drawn; the table has all."""


class Product(NamedTuple):
    """One article, or the visit: how many words, the share of happy ones and its interval, the reason."""

    article: str
    said: int
    happy: float
    low: float
    high: float
    because: str


def products(found: tuple[Score, ...]) -> tuple[Product, ...]:
    """Return what is thought of each article, the least liked first; of fewer than ten words nothing."""
    by_article: dict[str, list[Score]] = defaultdict(list)
    for one in found:
        by_article[one.article].append(one)
    told = (_product(article, words) for article, words in by_article.items())
    return tuple(
        sorted((one for one in told if one.said >= PEOPLE_MIN), key=lambda one: (one.high, one.article))
    )


def _product(article: str, words: list[Score]) -> Product:
    said = sum(one.times for one in words)
    arm = Arm(said, sum(one.times for one in words if one.score >= HAPPY_MIN))
    reasons = Counter[str]()
    for one in words:
        if one.score <= UNHAPPY_MAX and one.because:
            reasons[one.because] += one.times
    because = min(reasons, key=lambda reason: (-reasons[reason], reason), default="")
    return Product(article, said, arm.rate, *wilson(arm), because)


def _all(ask: Ask) -> Answer:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        found, sold = products(scores(tx, ask.site)), catalogue.catalogue(tx, ask.site).by_id
        month = month_of(tx, ask.site, now_of(tx))
        since = month - MONTHS_BACK
        year, whole = monthly(tx, ask.site, since=since), words(tx, ask.site, since=since)
        near = _sites(ask, tx)
        by_lot = [one for site in near for one in of_lots(tx, site, since=since)]
        said = _said(tx, near)
        typed = spoken.newest(tx, ask.site, since_ms=ask.store.now_ms() - YEAR_MS)
    changed_since = liking.changes(year, month)
    names = {one.id: one.name(ask.words.language) for one in sold.values()} | {
        VISIT: ask.words("feedback.visit")
    }
    rows: list[tuple[Cell | str | int, ...]] = [
        (
            Cell(one.article, f"{ask.home}/feedback/{one.article}") if one.article else "",
            names.get(one.article, one.article),
            one.said,
            *_shares(one.happy, one.low, one.high),
            _against(ask, changed_since.get(one.article)),
            ask.words(f"feedback.{one.because}") if one.because else "",
        )
        for one in found
    ]
    few = own_words.visitors(year, typed, outside=_outside(ask)) < PEOPLE_MIN
    may_be_read = {one.article for one in found} - ({VISIT} if few else set())
    values = {
        "sheet": Sheet(name="feedback", columns=COLUMNS, rows=rows),
        "places": _places(ask, liking.places(whole, month)),
        "lots": _lots(ask, liking.lots(by_lot, month, said=said), names),
        "own_words": own_words.grouped(typed, may_be_read, names=names),
        "reasons": _reasons(ask, liking.reasons(whole, month)),
        "whiskers": [
            (names.get(one.article, one.article), f"{round(PERCENT * one.happy)} %",
             *(round(SCALE * share) for share in (one.low, one.happy, one.high)))
            for one in found[:BARS_MAX]
        ],
    }  # fmt: skip
    return Page("feedback.html", values)


def _sites(ask: Ask, tx: Connection) -> tuple[str, ...]:
    """Return the sites whose words may be read beside this one's: a lot goes to several of them."""
    return tuple(one for one in sites.sites(tx) if ask.may(f"/console/sites/{one}/feedback"))


def _outside(ask: Ask) -> frozenset[str]:
    """Return by which names words came by a channel and were said at no point of ours."""
    return frozenset(Channel) - {point.id for point in ask.layout.points}


def _said(tx: Connection, near: tuple[str, ...]) -> Counter[tuple[str, str]]:
    """Return how many words these sites have in all, by site and article."""
    said = Counter[tuple[str, str]]()
    for site in near:
        for one in scores(tx, site):
            said[site, one.article] += one.times
    return said


def _lots(ask: Ask, found: tuple[Lot, ...], names: Mapping[str, str]) -> Sheet:
    rows: list[tuple[Cell | str | int, ...]] = [
        (one.article, names.get(one.article, one.article), one.lot or ask.words("feedback.no_lot"), one.site,
         one.liked.said, *_shares(one.liked.happy, one.liked.low, one.liked.high),
         _against(ask, one.liked.change),
         Cell(_against(ask, one.against), mark="ill" if one.is_worse else ""))
        for one in found
    ]  # fmt: skip
    return Sheet(name="feedback_lots", columns=LOTS, rows=rows)


def _places(ask: Ask, found: tuple[Liked, ...]) -> Sheet:
    names = {point.id: names_of(point.names, ask.words.language, point.id) for point in ask.layout.points}
    rows: list[tuple[Cell | str | int, ...]] = [
        (one.name, names.get(one.name, one.name), one.said, *_shares(one.happy, one.low, one.high),
         _against(ask, one.change))
        for one in found
    ]  # fmt: skip
    return Sheet(name="feedback_places", columns=PLACES, rows=rows)


def _reasons(ask: Ask, found: tuple[Wrong, ...]) -> Sheet:
    few = ask.words("fewer_than", count=PEOPLE_MIN)

    def times(count: int) -> str | int:
        return few if 0 < count < PEOPLE_MIN else count

    rows = [
        (ask.words(f"feedback.{one.because}"), one.times, times(one.now), times(one.before))
        for one in found
        if one.times >= PEOPLE_MIN
    ]
    return Sheet(name="feedback_reasons", columns=REASONS, rows=rows)


def _shares(*shares: float) -> Iterator[Cell]:
    yield from (cells.share(round(PERCENT * share)) for share in shares)


def _against(ask: Ask, change: liking.Change | None) -> str:
    """Say how this month differs from the last one, with its interval, or that nobody can say yet."""
    if change is None:
        return ask.words("verdict.not_yet")
    told = (f"{PERCENT * one:+.0f}" for one in change)
    return ask.words("feedback.change", **dict(zip(("difference", "low", "high"), told, strict=True)))


def _form(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        article = catalogue.catalogue(tx, ask.site).by_id.get(ask.path["article"])
    if article is None:
        raise Unknown("There is no such article.")
    fields = (
        Field(name="what_changed", kind=Kind.LONG, required=True, chars_max=NOTE_CHARS_MAX),
        Field(name="op", kind=Kind.HIDDEN, required=True),
    )
    return Form(
        name="feedback_change",
        fields=fields,
        values={"op": refunds.new_id()},
        back=f"{ask.home}/feedback",
        title=article.name(ask.words.language),
        act="tell_changed",
    )


def _tell(ask: Ask, said: dict[str, Any]) -> Answer:
    change = Change(op=said["op"], article=ask.path["article"], words=said["what_changed"], by=ask.name)
    with ask.changing() as tx:
        told = changed.tell(tx, ask.site, change)
        ask.record(tx, "change_told", change.article, after=str(told))
    return Moved(f"{ask.home}/feedback", "change_told")


ROUTES: tuple[Route, ...] = (
    *desk.routes_of(
        "/sites/<site>/feedback/<article>", Desk(_form, _tell), "tell the unhappy what was changed."
    ),
    read("/sites/<site>/feedback", _all, "What guests said, article by article.", audience=Audience.FIGURES),
)
