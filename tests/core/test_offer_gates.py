"""Gates of offers: each closes for its own reason, and they are asked in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from edge.core.facts import Fact
from edge.core.offers import (
    AboutGuest,
    AboutHistory,
    AboutStock,
    AboutVisit,
    Budget,
    Cap,
    Choice,
    Context,
    Count,
    Counted,
    Kind,
    Offer,
    Period,
    Span,
    Standing,
    Why,
    choose,
)
from edge.core.offers.judge import GATES
from tests.core.offered import ALL, an_occasion, an_offer


class Says:
    """A rule that gives one answer, or runs into one error, and remembers what it was asked with."""

    def __init__(self, answer: bool | Exception) -> None:
        self.answer = answer
        self.asked: list[Mapping[str, Fact]] = []

    def evaluate(self, context: Mapping[str, Fact]) -> bool:
        self.asked.append(context)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def why(offer: Offer, **changes: Any) -> tuple[Why, str] | None:
    """Return the reason against the only offer of an occasion."""
    chosen = choose(an_occasion(offer, **changes))
    assert (len(chosen.tiles), len(chosen.losers)) in ((1, 0), (0, 1))
    return (chosen.losers[0].why, chosen.losers[0].detail) if chosen.losers else None


def shown(choice: Choice) -> list[str]:
    return [tile.offer for tile in choice.tiles]


def told(choice: Choice) -> dict[str, tuple[Why, str]]:
    return {loser.offer: (loser.why, loser.detail) for loser in choice.losers}


CHILD = replace(ALL, child=True)
QUIET = replace(ALL, quiet=True)
CARED = replace(ALL, cared=True)
NOTHING = Standing(namespaces=("behaviour",))


@pytest.mark.parametrize(
    ("offer", "changes", "expected"),
    [
        (an_offer(), {}, None),
        (an_offer(), {"standing": CHILD}, (Why.CHILD, "")),
        (an_offer(public=True), {"standing": CHILD}, (Why.CHILD, "")),
        (an_offer(kind=Kind.SERVICE), {"standing": CHILD}, None),
        (an_offer(), {"standing": NOTHING}, (Why.NO_CONSENT, "")),
        (an_offer(), {"guest": None}, (Why.NO_CONSENT, "")),
        (an_offer(kind=Kind.SERVICE), {"standing": NOTHING}, (Why.NO_CONSENT, "")),
        (an_offer(public=True), {"standing": NOTHING}, None),
        (an_offer(public=True), {"guest": None}, None),
        (an_offer(), {"standing": QUIET}, (Why.QUIET, "")),
        (an_offer(kind=Kind.SERVICE), {"standing": QUIET}, None),
        (an_offer(public=True), {"standing": CARED}, (Why.CARED, "")),
        (an_offer(kind=Kind.SERVICE), {"standing": CARED}, None),
        (an_offer(sensitive="health"), {}, (Why.SENSITIVE, "health")),
        (an_offer(sensitive="health"), {"watched": False}, None),
        (an_offer(period=Period(first="2026-01-13")), {}, (Why.NOT_NOW, "")),
        (an_offer(period=Period(last="2026-01-11")), {}, (Why.NOT_NOW, "")),
        (an_offer(period=Period(first="2026-01-12", last="2026-01-12", weekdays=(0,))), {}, None),
        (an_offer(period=Period(weekdays=(1, 2))), {}, (Why.NOT_NOW, "")),
        (an_offer(period=Period(from_min=721)), {}, (Why.NOT_NOW, "")),
        (an_offer(period=Period(from_min=700, until_min=720)), {}, (Why.NOT_NOW, "")),
        (an_offer(period=Period(from_min=720, until_min=721)), {}, None),
        (an_offer(period=Period(from_min=1_380, until_min=800, last="2026-01-11")), {}, None),
        (an_offer(period=Period(from_min=1_380, until_min=800, last="2026-01-10")), {}, (Why.NOT_NOW, "")),
        (an_offer(period=Period(from_min=700, until_min=60, first="2026-01-12")), {}, None),
        (an_offer(period=Period(from_min=900, until_min=60)), {}, (Why.NOT_NOW, "")),
        (an_offer(sites=("town",)), {}, (Why.OTHER_SITE, "")),
        (an_offer(sites=("town", "park"), points=("kiosk-1",)), {}, None),
        (an_offer(points=("kiosk-2",)), {}, (Why.OTHER_POINT, "")),
        (an_offer(zones=("shop",)), {"zones": ("gate", "park")}, (Why.OTHER_ZONE, "")),
        (an_offer(zones=("park",)), {"zones": ("gate", "park")}, None),
        (an_offer(zones=("shop",)), {"context": Context(visit=AboutVisit(zones=("shop",)))}, None),
        (an_offer(rule="r"), {}, (Why.NO_RULE, "r")),
        (an_offer(rule="r"), {"rules": {"r": Says(True)}}, None),
        (an_offer(rule="r"), {"rules": {"r": Says(False)}}, (Why.RULE_SAYS_NO, "r")),
        (
            an_offer(rule="r"),
            {"rules": {"r": Says(KeyError("visit.zones"))}},
            (Why.MISSING_FIELD, "visit.zones"),
        ),
        (an_offer(rule="r"), {"rules": {"r": Says(KeyError())}}, (Why.MISSING_FIELD, "")),
        (
            an_offer(rule="r"),
            {"rules": {"r": Says(ZeroDivisionError())}},
            (Why.RULE_FAILED, "ZeroDivisionError"),
        ),
        (an_offer(needs=("gelato",)), {}, (Why.OUT_OF_STOCK, "gelato")),
        (
            an_offer(needs=("water", "gelato")),
            {"context": Context(stock=AboutStock(in_stock=("water", "gelato"), out=("gelato",)))},
            (Why.OUT_OF_STOCK, "gelato"),
        ),
        (an_offer(needs=("water",)), {"context": Context(stock=AboutStock(last_pieces=("water",)))}, None),
        (an_offer(needs=("water",)), {"context": Context(stock=AboutStock(call_us=("water",)))}, None),
        (an_offer(budget=Budget(id="gift:w", each=2)), {"slices": {"gift:w": 1}}, (Why.NO_BUDGET, "gift:w")),
        (an_offer(budget=Budget(id="gift:w", each=2)), {}, (Why.NO_BUDGET, "gift:w")),
        (an_offer(budget=Budget(id="gift:w", each=2)), {"slices": {"gift:w": 2}}, None),
        (an_offer(points_spent=100), {"points_left": 99}, (Why.FEW_POINTS, "")),
        (an_offer(points_spent=100), {"points_left": 100}, None),
    ],
)
def test_first_gate_that_closes_is_told(
    offer: Offer, changes: dict[str, Any], expected: tuple[Why, str] | None
) -> None:
    assert why(offer, **changes) == expected


def test_gates_close_in_the_order_of_the_reasons() -> None:
    """Everything speaks against an offer, and one thing after the other is mended."""
    offer = an_offer(
        sensitive="debt",
        period=Period(last="2020-01-01"),
        sites=("town",),
        rule="r",
        needs=("gelato",),
        budget=Budget(id="b"),
        caps=(Cap(most=0),),
    )
    mended: list[dict[str, Any]] = [
        {},
        {"public": True},
        {"sensitive": ""},
        {"period": Period()},
        {"sites": ()},
        {"rule": ""},
        {"needs": ()},
        {"budget": None},
        {"caps": ()},
    ]
    seen = []
    for step in mended:
        offer = replace(offer, **step)
        found = why(offer, guest=None)
        seen.append(found[0] if found else None)
    order = list(Why)
    assert seen[-1] is None
    ranks = [order.index(one) for one in seen if one is not None]
    assert ranks == sorted(ranks)
    assert len(seen) == len(GATES)


@pytest.mark.parametrize("counted", list(Counted))
@pytest.mark.parametrize("span", list(Span))
@pytest.mark.parametrize("screen", [False, True])
def test_cap_counts_here_and_elsewhere_together_and_each_kind_apart(
    counted: Counted, span: Span, *, screen: bool
) -> None:
    offer = an_offer(caps=(Cap(counted=counted, span=span, most=3, screen=screen),))
    count = Count(offer="a", counted=counted, span=span, here=1, elsewhere=1, screen=screen)
    assert why(offer, counts=(count,)) is None
    assert why(offer, counts=(replace(count, elsewhere=2),)) == (Why.CAP, f"{counted} {span}")
    others = (
        replace(count, here=9, screen=not screen),
        replace(count, here=9, offer="b"),
        replace(count, here=9, span=next(one for one in Span if one is not span)),
        replace(count, here=9, counted=next(one for one in Counted if one is not counted)),
    )
    assert why(offer, counts=others) is None


def test_leased_part_of_a_cap_holds_where_no_other_device_can_be_asked() -> None:
    offer = an_offer(caps=(Cap(counted=Counted.REDEEMED, span=Span.CAMPAIGN, most=5),))
    count = Count(offer="a", counted=Counted.REDEEMED, span=Span.CAMPAIGN, here=1, allowed=2)
    assert why(offer, counts=(count,)) is None
    assert why(offer, counts=(replace(count, here=2),)) == (Why.NO_SHARE, "redeemed campaign")


def test_rules_see_nothing_that_the_guest_did_not_allow() -> None:
    rule = Says(True)
    context = Context(
        guest=AboutGuest(
            segments=("interest:coffee", "behaviour:often", "nameless"),
            tier="gold",
            visits=1,
            first_visit=True,
        ),
        visit=AboutVisit(dwell_min=4),
        history=AboutHistory(codes=("bought:coffee",)),
    )
    offer = an_offer(rule="r", public=True)
    for standing in (ALL, Standing(offers=True, namespaces=("interest",)), NOTHING):
        choose(an_occasion(offer, rules={"r": rule}, context=context, standing=standing))
    everything, some, none = (dict(one) for one in rule.asked)
    assert everything["guest.segments"] == ["interest:coffee", "behaviour:often"]
    assert everything["history.codes"] == ["bought:coffee"]
    assert (everything["guest.visits"], everything["guest.first_visit"]) == (1, True)
    assert some == {"guest.segments": ["interest:coffee"], "guest.tier": "gold", "visit.dwell_min": 4}
    assert none == {}


def test_guest_without_consent_gets_what_an_unknown_visitor_gets() -> None:
    offers = (an_offer("mine"), an_offer("open", public=True), an_offer("asks", public=True, rule="r"))
    rules = {"r": Says(KeyError("guest.tier"))}
    without = choose(an_occasion(*offers, rules=rules, standing=Standing()))
    unknown = choose(an_occasion(*offers, rules=rules, guest=None))
    assert without.tiles == unknown.tiles
    assert without.losers == unknown.losers
    assert without.context == unknown.context


def test_rules_share_one_mapping_that_nobody_can_change() -> None:
    rule = Says(True)
    choose(an_occasion(an_offer("a", rule="r"), an_offer("b", rule="r"), rules={"r": rule}))
    assert rule.asked[0] is rule.asked[1]
    assert not hasattr(rule.asked[0], "__setitem__")
