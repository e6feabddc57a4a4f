"""Diaries in words: one entry as a person reads it, at the console and on a guest's own page."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from edge.core.money import spelled
from sync.central.console.ask import Ask
from sync.central.console.fields import names_of
from sync.central.journey.entry import Entry, What
from sync.central.offers import bundles
from sync.central.registry.catalogue import catalogue
from sync.central.store import Connection

GOODS = frozenset({What.BOUGHT, What.ORDERED, What.SEARCHED})
CASES = frozenset({What.CASE_OPENED, What.CASE_ANSWERED, What.CASE_CLOSED})
OFFERS = frozenset({What.OFFERED, What.REDEEMED})


class Named(NamedTuple):
    """What things are called in the reader's language, by their ids."""

    points: dict[str, str]
    articles: dict[str, str]
    offers: dict[str, str]


class Line(NamedTuple):
    """One entry in words."""

    time: str
    what: str
    about: str
    amount: str
    where: str
    via: str


def named(tx: Connection, ask: Ask) -> Named:
    """Return what things of a site are called."""
    called = partial(names_of, language=ask.words.language)
    live = (one for one in bundles.versions(tx, ask.site) if one.live_ms)
    offers = {
        offer.id: called({code: said.name for code, said in offer.messages.items()}, default=offer.id)
        for version in reversed(tuple(live))
        for offer in version.draft.bundle.offers
    }
    articles = catalogue(tx, ask.site).articles
    return Named(
        {one.id: called(one.names, default=one.id) for one in ask.layout.points},
        {one.id: called(one.names, default=one.id) for one in articles},
        offers,
    )


def line(ask: Ask, one: Entry, names: Named) -> Line:
    """Return an entry in words."""
    back = f" ({ask.words('diary.taken_back')})" if one.weight < 0 else ""
    amount = "" if one.amount_minor is None else f"{spelled(one.amount_minor, one.currency)} {one.currency}"
    return Line(
        time=ask.time(one.at_ms),
        what=said_of(ask, one.what, one.via) + back,
        about=_about(ask, one, names),
        amount=amount,
        where=names.points.get(one.point, one.point),
        via=ask.words(f"via.{one.via}"),
    )


def said_of(ask: Ask, what: str, via: str) -> str:
    """Return what happened in words: whoever held a band to a kiosk or a till came in nowhere."""
    own = f"diary.{what}.{via}"
    return ask.words(own if ask.words.has(own) else f"diary.{what}")


def _about(ask: Ask, one: Entry, names: Named) -> str:
    if one.what is What.CONSENT_CHANGED:
        return f"{_topic(ask, one.subject)}: {ask.words(one.ref)}"
    if one.what is What.TIER_ENDING:
        return ask.words("diary.until", tier=one.subject, day=one.ref)
    if one.what is What.DWELT:
        return ask.words("diary.minutes", count=one.weight)
    if one.what is What.FED_BACK:
        return ask.words("diary.of_five", score=one.subject)
    if one.what in GOODS:
        return ", ".join(names.articles.get(article, article) for article in one.subject.split())
    if one.what in OFFERS:
        return names.offers.get(one.subject, one.subject)
    if one.what is What.MADE_GOOD:
        return ask.words(f"made_good.{one.subject}")
    if one.what is What.COUPON:
        return ask.words(f"coupon_state.{one.subject}")
    if one.what in CASES:
        return ask.words(f"case.{one.subject}")
    return names.points.get(one.subject, one.subject)


def _topic(ask: Ask, topic: str) -> str:
    """Return what was allowed or taken back, and for which way where it was for one alone."""
    whole, _, way = topic.partition("@")
    said = ask.words(f"consent.{whole}")
    return f"{said} ({ask.words(f'via.{way}')})" if way else said
