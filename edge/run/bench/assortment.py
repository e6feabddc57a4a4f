"""An assortment: 200 seeded offers with rules, limits, prices and a model, and how long a choice takes."""

from __future__ import annotations

import datetime as dt
import random
import time
from statistics import quantiles

from msgspec.structs import replace

from edge.core.basket import Line
from edge.core.facts import Moment
from edge.core.offers import (
    AboutGuest,
    AboutNow,
    AboutPoint,
    AboutSite,
    AboutVisit,
    Budget,
    Bundle,
    Cap,
    Category,
    Context,
    Control,
    Effect,
    Group,
    Kind,
    Level,
    Occasion,
    Offer,
    OfferRule,
    Period,
    Standing,
    choose,
    draw_of,
)
from edge.core.ranking import Model, fresh
from edge.rules import compile_offer_rule

OFFERS = 200
CHOICES, ROUNDS = 400, 3
"""Each choice is timed in each round by the processor's time; the fastest counts, without the neighbours."""
ARTICLES = tuple(f"article-{number}" for number in range(40))
KINDS = (Kind.DISCOUNT, Kind.DISCOUNT, Kind.POINTS, Kind.GIFT, Kind.NEW, Kind.UPGRADE, Kind.SERVICE)
SEGMENTS = tuple(f"interest:{name}" for name in ("coffee", "toys", "gelato", "photo"))
FEATURES = (*(f"segment:{one}" for one in SEGMENTS), "part:morning", "part:midday", "weather:rain")
RULE = (
    "'{segment}' in guest.segments && guest.points >= {points} && now.weekday in [0, 1, 2, 3, 4, 5, 6] "
    "&& now.minute > 480 && site.weather != '{weather}' && visit.party_size <= {party}"
)


def choice_ms(seed: int) -> float:
    """Return how long 99 of 100 choices take at most, in milliseconds: judged, stacked and ranked."""
    draw = random.Random(seed)  # noqa: S311  # an assortment to be had again
    bundle = _bundle(draw)
    rules = {rule.id: compile_offer_rule(rule.cel) for rule in bundle.rules}
    occasions = [replace(_occasion(draw, number, bundle), rules=rules) for number in range(CHOICES)]
    took = [float("inf")] * CHOICES
    for _ in range(ROUNDS):
        for number, occasion in enumerate(occasions):
            began = time.thread_time()
            choose(occasion)
            took[number] = min(took[number], time.thread_time() - began)
    return quantiles(took, n=100)[98] * 1e3


def _bundle(draw: random.Random) -> Bundle:
    offers = tuple(_offer(draw, number) for number in range(OFFERS))
    model = Model(version=1, features=FEATURES)
    return Bundle(
        version=1,
        offers=offers,
        rules=tuple(OfferRule(id=f"r{number}", version=1, cel=_rule(draw)) for number in range(OFFERS)),
        groups=tuple(Group(id=f"g{number}", most=2) for number in range(8)),
        categories=(
            Category(id="season", most=2),
            Category(id="member"),
            Category(id="sole", exclusive=True),
        ),
        control=Control(salt="global", share=500),
        model=Model(version=1, features=FEATURES, arms={offer.id: fresh(model) for offer in offers}),
    )


def _rule(draw: random.Random) -> str:
    return RULE.format(
        segment=draw.choice(SEGMENTS),
        points=draw.randrange(200),
        weather=draw.choice(("rain", "snow")),
        party=draw.randrange(2, 6),
    )


def _offer(draw: random.Random, number: int) -> Offer:
    kind = draw.choice(KINDS)
    level = draw.choice(tuple(Level))
    effect = Effect(level=level, percent=draw.choice((10, 20, 30)), articles=tuple(draw.sample(ARTICLES, 4)))
    return Offer(
        id=f"offer-{number:03}",
        kind=kind,
        campaign=f"campaign-{number % 12}",
        rule=f"r{number}",
        period=Period(first="2026-01-01", last="2026-12-31"),
        priority=draw.randrange(3),
        group=draw.choice(("", "", *(f"g{n}" for n in range(8)))),
        excludes=(f"offer-{draw.randrange(OFFERS):03}",) if draw.random() < 0.1 else (),
        stack=draw.choice(("", "season", "member", "sole")),
        caps=(Cap(most=3),),
        budget=Budget(id=f"gift:{number % 12}") if kind is Kind.GIFT else None,
        effect=effect if kind is Kind.DISCOUNT else None,
        worth_minor=draw.randrange(500),
    )


def _occasion(draw: random.Random, number: int, bundle: Bundle) -> Occasion:
    lines = tuple(
        Line(item=item, name=item, quantity=draw.randrange(1, 4), price_minor=draw.randrange(100, 3_000))
        for item in draw.sample(ARTICLES, 8)
    )
    segments = tuple(draw.sample(SEGMENTS, 2))
    return Occasion(
        exposure=f"x-{number}",
        draw=draw_of("bench", f"x-{number}"),
        bundle=bundle,
        context=Context(
            guest=AboutGuest(segments=segments, points=draw.randrange(300), tier="gold"),
            visit=AboutVisit(zones=("shop",), party_size=draw.randrange(1, 6)),
            now=AboutNow(minute=draw.randrange(540, 900), weekday=2),
            site=AboutSite(id="park", weather=draw.choice(("sun", "rain"))),
            point=AboutPoint(id="kiosk-1", kind="kiosk", zone="shop"),
        ),
        moment=Moment(now_ms=1_780_000_000_000),
        timezone=dt.UTC,
        site="park",
        point="kiosk-1",
        guest=f"guest-{number}",
        standing=Standing(offers=True, namespaces=("interest", "behaviour")),
        slices={f"gift:{campaign}": 5 for campaign in range(12)},
        lines=lines,
    )
