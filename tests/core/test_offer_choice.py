"""Choosing offers: who is withheld, who beats whom, which tiles, and a reason for every loser."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from edge.core.facts import Moment
from edge.core.offers import (
    Bundle,
    Category,
    Choice,
    Control,
    Effect,
    Experiment,
    Group,
    Kind,
    Level,
    Standing,
    Why,
    bucket_of,
    choose,
    draw_of,
    exposures,
)
from edge.core.offers.control import BUCKETS
from edge.core.ranking import Arm, Model
from tests.core.offered import ALL, NOON_MS, a_line, an_occasion, an_offer


def shown(choice: Choice) -> list[str]:
    return [tile.offer for tile in choice.tiles]


def told(choice: Choice) -> dict[str, tuple[Why, str]]:
    return {loser.offer: (loser.why, loser.detail) for loser in choice.losers}


CHILD = replace(ALL, child=True)


def with_control(share: int = 500, **changes: Any) -> Bundle:
    offers = (an_offer("mine", experiment="e1"), an_offer("open", public=True, experiment="e1"))
    service = an_offer("word", kind=Kind.SERVICE)
    return Bundle(version=7, offers=(*offers, service), control=Control(salt="s", share=share), **changes)


def test_guest_of_the_control_group_gets_no_personal_offer_and_what_is_withheld_is_logged() -> None:
    guest = next(name for name in (f"g-{n}" for n in range(900)) if bucket_of("s", name) < 500)
    occasion = an_occasion(bundle=with_control(), guest=guest)
    choice = choose(occasion)
    assert told(choice) == {"mine": (Why.CONTROL, "")}
    assert choice.bucket == bucket_of("s", guest)
    logged = exposures(choice, occasion)
    assert [(one.id, one.offer, one.withheld) for one in logged] == [
        ("x-1.1", "open", False),
        ("x-1.2", "word", False),
        ("x-1.mine", "mine", True),
    ]
    assert {one.bucket for one in logged} == {choice.bucket}


def test_experiment_keeps_its_offers_from_its_control_arm_alone() -> None:
    bundle = with_control(0, experiments=(Experiment(id="e0", salt="t"), Experiment(id="e1", salt="t")))
    names = [f"g-{n}" for n in range(200)]
    kept = [name for name in names if bucket_of("t", name) < 5_000]
    assert 60 < len(kept) < 140
    for name in names:
        choice = choose(an_occasion(bundle=bundle, guest=name))
        assert set(choice.withheld) == ({"mine", "open"} if name in kept else set())


def test_bucket_of_first_exposure_stands_while_the_experiment_runs() -> None:
    bundle = with_control(0, experiments=(Experiment(id="e1", salt="t"),))
    assert choose(an_occasion(bundle=bundle, held_buckets={"e1": 4_999})).withheld == ("mine", "open")
    assert choose(an_occasion(bundle=bundle, held_buckets={"e1": 5_000, "": 7})).withheld == ()


def test_buckets_are_even_and_fixed_for_ever() -> None:
    found = [bucket_of("salt", f"guest-{n}") for n in range(20_000)]
    assert 900 < sum(bucket < 500 for bucket in found) < 1_100
    assert max(found) < BUCKETS
    assert (bucket_of("salt", "guest-1"), bucket_of("salt1", "guest-")) == (9_981, 6_853)
    assert draw_of("s", "x") % 1_000 == 37


def test_exclude_beats_group_then_priority_then_worth_then_id() -> None:
    offers = (
        an_offer("b", worth_minor=5, group="g"),
        an_offer("a", worth_minor=5, group="g"),
        an_offer("c", worth_minor=9, group="g"),
        an_offer("d", priority=1, excludes=("e",)),
        an_offer("e", worth_minor=99, group="g"),
        an_offer("f", excludes=("d",)),
    )
    choice = choose(an_occasion(*offers))
    assert shown(choice) == ["d", "c"]
    assert told(choice) == {
        "b": (Why.GROUP, "c"),
        "a": (Why.GROUP, "c"),
        "e": (Why.EXCLUDED, "d"),
        "f": (Why.EXCLUDED, "d"),
    }
    two = an_occasion(bundle=Bundle(version=1, offers=offers, groups=(Group(id="g", most=2),)))
    assert shown(choose(two)) == ["d", "c", "a"]


def test_worth_is_what_the_basket_says_before_what_the_offer_says() -> None:
    half = an_offer("half", effect=Effect(percent=50), group="g")
    fixed = an_offer("fixed", worth_minor=400, group="g")
    assert shown(choose(an_occasion(half, fixed, lines=(a_line(),)))) == ["half"]
    assert shown(choose(an_occasion(half, fixed, lines=(a_line(price_minor=700),)))) == ["fixed"]


def test_offers_that_do_not_stack_lose_to_the_combination_by_name() -> None:
    offers = (
        an_offer("small", stack="s", effect=Effect(percent=10)),
        an_offer("large", stack="s", effect=Effect(percent=20)),
        an_offer("coupon", effect=Effect(level=Level.COUPON, off_minor=50)),
        an_offer("other", effect=Effect(percent=50, articles=("water",))),
    )
    bundle = Bundle(version=1, offers=offers, categories=(Category(id="s"),))
    choice = choose(an_occasion(bundle=bundle, lines=(a_line(),)))
    assert choice.stack == ("large", "coupon")
    assert told(choice) == {"small": (Why.STACK, "large coupon")}
    assert not choice.greedy


def test_three_tiles_one_of_them_for_the_new() -> None:
    offers = [an_offer(f"o{n}", priority=9 - n) for n in range(4)]
    assert shown(choose(an_occasion(*offers))) == ["o0", "o1", "o2"]
    choice = choose(an_occasion(*offers, an_offer("new", kind=Kind.NEW), an_offer("newer", kind=Kind.NEW)))
    assert [(tile.offer, tile.position, tile.reserved) for tile in choice.tiles] == [
        ("o0", 1, False),
        ("o1", 2, False),
        ("new", 3, True),
    ]
    assert {offer for offer, (reason, _) in told(choice).items() if reason is Why.NO_SLOT} == {
        "o2",
        "o3",
        "newer",
    }


def test_nothing_is_an_answer() -> None:
    choice = choose(an_occasion())
    assert (choice.tiles, choice.losers, choice.winner) == ((), (), "")


def test_service_goes_first_by_priority_alone() -> None:
    word = an_offer("word", kind=Kind.SERVICE)
    assert shown(choose(an_occasion(an_offer("a"), word))) == ["a", "word"]
    assert shown(choose(an_occasion(an_offer("a"), replace(word, priority=1)))) == ["word", "a"]


def test_untrusted_clock_is_said() -> None:
    assert choose(an_occasion(moment=Moment(now_ms=NOON_MS, trusted=False))).clock_doubtful


LIKED = {"b": Arm(weights=(0.9,), doubt=((0.0,),)), "a": Arm(weights=(0.1,), doubt=((0.0,),))}
MODEL = Model(version=4, features=("always",), arms=LIKED, boldness=0.0)


def ranked(**changes: Any) -> Choice:
    offers = (an_offer("a", priority=3), an_offer("b"), an_offer("word", kind=Kind.SERVICE))
    new = an_offer("new", kind=Kind.NEW)
    bundle = Bundle(version=7, offers=changes.pop("offers", (*offers, new)), model=MODEL)
    return choose(an_occasion(bundle=bundle, **changes))


def test_model_orders_what_is_allowed_and_tells_how_likely_the_first_was() -> None:
    choice = ranked()
    assert [(tile.offer, tile.ranked, tile.propensity) for tile in choice.tiles] == [
        ("b", True, (1_900, 2_000)),
        ("a", True, None),
        ("new", False, None),
    ]
    assert choice.drawn is not None
    assert (choice.drawn.candidates, choice.drawn.model, choice.drawn.explored) == (("b", "a"), 4, False)


def test_draw_explores_evenly_and_says_so() -> None:
    explored = [ranked(draw=n * 1_000) for n in range(2)]
    assert [choice.winner for choice in explored] == ["a", "b"]
    assert [choice.tiles[0].propensity for choice in explored] == [(100, 2_000), (1_900, 2_000)]
    assert all(choice.drawn is not None and choice.drawn.explored for choice in explored)


@pytest.mark.parametrize(
    "changes",
    [
        {"standing": Standing(offers=True, namespaces=("interest",))},
        {"standing": CHILD},
        {"guest": None},
        {"ranking": False},
        {"offers": (an_offer("a", public=True), an_offer("new", kind=Kind.NEW))},
    ],
)
def test_without_consent_or_anything_to_rank_priority_decides(changes: dict[str, Any]) -> None:
    choice = ranked(**changes)
    assert choice.drawn is None
    assert not any(tile.ranked or tile.propensity for tile in choice.tiles)
    assert shown(choice)[:1] != ["b"]
