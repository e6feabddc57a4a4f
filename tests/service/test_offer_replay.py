"""Central chooses again what an edge chose: the same tiles, reasons, buckets and odds, from what was sent."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec
import pytest

from edge.core.facts import Moment, Rule
from edge.core.offers import (
    AboutBasket,
    AboutGuest,
    AboutNow,
    AboutStock,
    Budget,
    Bundle,
    Cap,
    Context,
    Control,
    Count,
    Experiment,
    Kind,
    Occasion,
    Offer,
    OfferRule,
    Standing,
    Why,
    choose,
    draw_of,
    exposures,
)
from edge.core.offers.asked import Exposed, asked_of, occasion_of
from edge.core.ranking import Model, learned
from edge.rules.offers import LogicRule, cel_rule, offer_logic
from tests.core.offered import NOON_MS, ROME, a_basket, an_offer

RULES = (
    "guest.points > 50 && guest.tier in ['gold', 'silver']",
    "guest.visits >= 2 || now.weekday == 5",
    "'interest:coffee' in guest.segments",
    "basket.total_minor / (guest.points - 60) > 3",
    "!guest.first_visit",
)
FEATURES = ("always", "segment:interest:coffee", "part:midday", "segment:interest:coffee&part:midday")
SEGMENTS = ("interest:coffee", "behaviour:often", "demographic:family")


def a_bundle(seed: int) -> Bundle:
    draw = random.Random(seed)  # noqa: S311  # bundles to be had again
    stacking, _, effects = a_basket(seed, 14)
    offers = tuple(_offer(draw, offer) for offer in effects)
    model = Model(version=seed, features=FEATURES)
    for _ in range(60):
        name, active = draw.choice(offers).id, draw.choice(((0,), (0, 1), (0, 1, 2, 3)))
        model = learned(model, name, active, reward=draw.choice((0.0, 0.0, 1.0)))
    return msgspec.structs.replace(
        stacking,
        version=seed,
        offers=offers,
        rules=tuple(OfferRule(id=f"r{n}", version=1, cel=cel) for n, cel in enumerate(RULES)),
        control=Control(salt="all", share=800),
        experiments=(Experiment(id="e", salt="e"),),
        model=model,
    )


def _offer(draw: random.Random, offer: Offer) -> Offer:
    return msgspec.structs.replace(
        an_offer(offer.id, effect=offer.effect, excludes=offer.excludes, stack=offer.stack),
        kind=draw.choice(list(Kind)),
        rule=draw.choice(("", *(f"r{n}" for n in range(len(RULES))))),
        priority=draw.randrange(2),
        group=draw.choice(("", "g")),
        caps=(Cap(most=2),) if draw.random() < 0.3 else (),
        budget=Budget(id="b") if draw.random() < 0.2 else None,
        needs=("cup",) if draw.random() < 0.2 else (),
        public=draw.random() < 0.4,
        experiment=draw.choice(("", "", "e")),
    )


def an_asked(seed: int, bundle: Bundle, rules: Mapping[str, Rule]) -> Occasion:
    """An occasion as the seed has it: who, what is allowed, what is known, what lies on the till."""
    draw = random.Random(seed)  # noqa: S311  # guests to be had again
    return Occasion(
        exposure=f"x-{seed}",
        draw=draw_of("draws", f"x-{seed}"),
        bundle=bundle,
        context=a_context(draw),
        moment=Moment(now_ms=NOON_MS + draw.randrange(10**9), trusted=draw.random() < 0.9),
        timezone=ROME,
        site="park",
        point="kiosk-1",
        guest=draw.choice((None, f"g-{seed % 300}", f"g-{seed % 300}")),
        standing=Standing(
            offers=draw.random() < 0.8,
            namespaces=draw.choice((("interest",), ("interest", "behaviour"))),
            child=draw.random() < 0.05,
            quiet=draw.random() < 0.05,
        ),
        rules=rules,
        counts=(Count(offer="o03", here=draw.randrange(2), elsewhere=draw.randrange(2)),),
        slices={"b": draw.randrange(2)},
        lines=a_basket(draw.randrange(50), 1)[1] if draw.random() < 0.5 else (),
    )


def a_context(draw: random.Random) -> Context:
    guest = AboutGuest(
        segments=tuple(draw.sample(SEGMENTS, 2)),
        tier=draw.choice(("gold", "silver", None)),
        points=draw.choice((60, 10, 200)),
        visits=draw.choice((None, 1, 3)),
        first_visit=draw.choice((None, True, False)),
    )
    return Context(
        guest=guest,
        now=AboutNow(minute=draw.randrange(1_440), weekday=draw.randrange(7)),
        basket=AboutBasket(total_minor=draw.randrange(9_000)),
        stock=AboutStock(in_stock=draw.choice(((), ("cup",)))),
    )


def replay(seeds: range) -> set[Why]:
    """Choose at an edge by CEL, at central by JSON logic from what the journal says; return the reasons."""
    met, bundles = set(), [a_bundle(seed) for seed in range(8)]
    copies = [msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Bundle) for one in bundles]
    cel = {f"r{n}": cel_rule(text, offer_logic(text)) for n, text in enumerate(RULES)}
    logic = {f"r{n}": LogicRule(offer_logic(text)) for n, text in enumerate(RULES)}
    for seed in seeds:
        here = an_asked(seed, bundles[seed % 8], cel)
        body = msgspec.msgpack.encode(Exposed(asked=asked_of(here), choice=choose(here)))
        told = msgspec.msgpack.decode(body, type=Exposed)
        there = occasion_of(told.asked, copies[seed % 8], logic, timezone=ROME)
        again = choose(there)
        assert again == told.choice, seed
        assert exposures(again, there) == exposures(told.choice, here), seed
        met |= {loser.why for loser in again.losers}
    return met


def test_central_chooses_what_the_edge_chose_to_the_last_bit() -> None:
    assert {Why.CONTROL, Why.STACK, Why.RULE_FAILED, Why.MISSING_FIELD, Why.GROUP} <= replay(range(400))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_central_chooses_what_the_edge_chose_ten_thousand_times() -> None:
    assert len(replay(range(10_000, 20_000))) > 12
