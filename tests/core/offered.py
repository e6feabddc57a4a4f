"""Builders of offers: each makes a valid thing in one line and lets the test say what matters."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from edge.core.basket import Line
from edge.core.facts import Moment
from edge.core.offers import (
    AboutGuest,
    AboutNow,
    Budget,
    Bundle,
    Category,
    Context,
    Effect,
    Kind,
    Level,
    Occasion,
    Offer,
    Standing,
    Unit,
)

NOON_MS = 1_768_215_600_000
"""Monday 12 January 2026, noon in Rome."""
ROME = dt.timezone(dt.timedelta(hours=1))
ALL = Standing(offers=True, namespaces=("demographic", "interest", "behaviour"))


def an_offer(id: str = "a", **changes: Any) -> Offer:
    return Offer(**({"id": id, "kind": Kind.DISCOUNT, "campaign": "winter"} | changes))


def a_line(item: str = "gelato", price_minor: int = 1_000, **changes: Any) -> Line:
    return Line(**({"item": item, "name": item, "quantity": 1, "price_minor": price_minor} | changes))


def an_occasion(*offers: Offer, **changes: Any) -> Occasion:
    """An occasion of a known guest who allows everything, for a bundle of these offers."""
    told: dict[str, Any] = {
        "exposure": "x-1",
        "draw": 999,
        "bundle": Bundle(version=7, offers=offers),
        "context": Context(guest=AboutGuest(tier="gold"), now=AboutNow(minute=720)),
        "moment": Moment(now_ms=NOON_MS),
        "timezone": ROME,
        "site": "park",
        "point": "kiosk-1",
        "guest": "g-1",
        "standing": ALL,
    }
    return Occasion(**(told | changes))


def a_basket(seed: int, offers: int) -> tuple[Bundle, tuple[Line, ...], list[Offer]]:
    """Lines, offers on them, and what of these may stand together, as the seed has it."""
    draw = random.Random(seed)  # noqa: S311  # baskets to be had again
    lines = tuple(
        a_line(
            f"article-{draw.randrange(8)}",
            draw.randrange(1, 3_000),
            quantity=draw.choice((1, 1, 2, 3, 7, -1)),
            category=draw.choice("pqrs"),
        )
        for _ in range(draw.randrange(1, 7))
    )
    bundle = Bundle(
        version=1,
        categories=(
            Category(id="season", exclusive=draw.random() < 0.3, most=draw.randrange(1, 3)),
            Category(id="member", exclusive=draw.random() < 0.2, most=2),
        ),
        basket_most=draw.randrange(1, 6),
    )
    return bundle, lines, [_drawn_offer(draw, f"o{number:02}", offers) for number in range(offers)]


def _drawn_offer(draw: random.Random, id: str, count: int) -> Offer:
    level = draw.choice(list(Level))
    effect = Effect(
        level=level,
        percent=draw.choice((0, 0, 10, 25, 33, 50)),
        off_minor=draw.choice((0, 50, 199, 1_000)),
        price_minor=draw.choice((None, None, 100)) if level is Level.LINE else None,
        articles=draw.choice(((), ("article-1", "article-2"))),
        categories=draw.choice(((), (draw.choice("pqrs"),))),
        units=draw.choice((0, 0, 1, 2)),
    )
    budget = Budget(id="m", unit=Unit.MONEY, each=draw.choice((100, 500))) if draw.random() < 0.15 else None
    foes = (f"o{draw.randrange(count):02}",) if draw.random() < 0.1 else ()
    stack = draw.choice(("", "season", "member", "guests"))
    return an_offer(id, effect=effect, budget=budget, excludes=foes, stack=stack)
