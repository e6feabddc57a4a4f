"""Ranking: what is learned orders what is allowed, by the same bits wherever it is counted."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.facts import Fact
from edge.core.ranking import Arm, Model, digest_of, fresh, learned, rank, score, true_of

NAMES = ("always", "segment:interest:coffee", "part:morning", "segment:interest:coffee&part:morning")
EMPTY = Model(version=1, features=NAMES)
SURE = Model(
    version=1,
    features=("always",),
    boldness=0.0,
    arms={name: Arm(weights=(one,), doubt=((1.0,),)) for name, one in {"a": 0.2, "b": 0.5, "c": 0.2}.items()},
)


def taught(model: Model, *rewards: tuple[str, tuple[int, ...], float]) -> Model:
    for name, active, reward in rewards:
        model = learned(model, name, active, reward=reward)
    return model


@pytest.mark.parametrize(
    ("facts", "active"),
    [
        ({}, (0,)),
        ({"guest.segments": ["interest:coffee", "interest:toys"]}, (0, 1)),
        ({"now.minute": 600}, (0, 2)),
        ({"guest.segments": ["interest:coffee"], "now.minute": 300}, (0, 1, 2, 3)),
        ({"guest.segments": "interest:coffee", "now.minute": 299}, (0,)),
    ],
)
def test_features_that_hold(facts: dict[str, Fact], active: tuple[int, ...]) -> None:
    assert true_of(NAMES, facts) == active


@pytest.mark.parametrize(
    ("minute", "part"),
    [
        (0, "night"),
        (719, "morning"),
        (720, "midday"),
        (900, "afternoon"),
        (1_080, "evening"),
        (1_440, "night"),
    ],
)
def test_parts_of_the_day(minute: int, part: str) -> None:
    assert true_of((f"part:{part}",), {"now.minute": minute}) == (0,)


def test_zone_and_weather_are_words_too() -> None:
    names = ("zone:shop", "zone:park", "weather:rain", "tier:gold", "season:winter")
    facts: dict[str, Fact] = {"visit.zones": ["shop"], "point.zone": "park", "site.weather": "rain"}
    assert true_of(names, facts) == (0, 1, 2)


def test_digest_tells_what_held() -> None:
    assert digest_of(NAMES, (0, 1)) == digest_of((*NAMES, "more"), (0, 1)) != digest_of(NAMES, (0, 2))


def test_best_comes_first_and_equal_ones_by_name() -> None:
    ranked = rank(SURE, ("c", "b", "a"), (0,), draw=100)
    assert (ranked.arms, ranked.explored, ranked.propensity) == (("b", "a", "c"), False, (2_800, 3_000))


def test_propensities_are_how_often_each_comes_first() -> None:
    draws = [rank(SURE, ("a", "b", "c"), (0,), draw=draw) for draw in range(3_000)]
    for name in "abc":
        mine = [ranked for ranked in draws if ranked.arms[0] == name]
        assert {ranked.propensity for ranked in mine} == {(len(mine), 3_000)}
        assert all(sorted(ranked.arms) == ["a", "b", "c"] for ranked in mine)


def test_unknown_arm_is_worth_trying_and_less_so_the_more_it_was() -> None:
    assert score(EMPTY, "a", (0, 1)) == EMPTY.boldness * math.sqrt(2.0)
    tried = taught(EMPTY, ("a", (0, 1), 0.0))
    assert score(tried, "a", (0, 1)) < score(EMPTY, "a", (0, 1))
    assert score(tried, "b", (0, 1)) == score(EMPTY, "b", (0, 1))
    assert tried.arms["a"].seen == 1


def test_of_a_crossing_little_is_expected_beyond_what_it_crosses() -> None:
    crossed = NAMES.index("segment:interest:coffee&part:morning")
    assert fresh(EMPTY).doubt[crossed][crossed] < fresh(EMPTY).doubt[0][0] == 1.0


def test_rewards_are_learned_by_context() -> None:
    lessons = [(("a", (0, 1), 1.0), ("a", (0, 2), 0.0)) for _ in range(200)]
    model = msgspec.structs.replace(taught(EMPTY, *(one for pair in lessons for one in pair)), boldness=0.0)
    assert score(model, "a", (0, 1)) > 0.95
    assert score(model, "a", (0, 2)) < 0.05


def test_update_is_the_inverse_of_the_design_matrix() -> None:
    """Without forgetting, Sherman and Morrison's update is least squares by the ridge."""
    model = Model(version=1, features=("x", "y"), memory=1.0)
    model = taught(model, ("a", (0,), 1.0), ("a", (0, 1), 0.5), ("a", (1,), 0.0))
    # A = I + e0 e0' + (1,1)(1,1)' + e1 e1' = [[3, 1], [1, 3]] and b = (1.5, 0.5)
    arm = model.arms["a"]
    assert [[round(cell, 12) for cell in row] for row in arm.doubt] == [[0.375, -0.125], [-0.125, 0.375]]
    assert [round(weight, 12) for weight in arm.weights] == [0.5, 0.0]


def test_old_news_fades_and_doubt_never_grows_beyond_the_first() -> None:
    kept = msgspec.structs.replace(EMPTY, memory=1.0, boldness=0.0)
    fading = msgspec.structs.replace(EMPTY, memory=0.99, boldness=0.0)
    news = [("a", (0,), 1.0)] * 500 + [("a", (0,), 0.0)] * 500
    assert score(taught(kept, *news), "a", (0,)) > 0.4
    assert score(taught(fading, *news), "a", (0,)) < 0.01
    arm = taught(fading, *news).arms["a"]
    assert all(arm.doubt[n][n] <= fresh(EMPTY).doubt[n][n] for n in range(4))


def test_context_of_nothing_teaches_nothing() -> None:
    model = taught(EMPTY, ("a", (), 1.0))
    assert model.arms["a"].weights == (0.0,) * 4
    assert model.arms["a"].doubt == fresh(EMPTY).doubt


LESSONS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(((0,), (0, 1), (0, 2), (0, 1, 2, 3))),
        st.sampled_from((0.0, 1.0)),
    ),
    max_size=60,
)


@given(lessons=LESSONS, active=st.sampled_from(((0,), (0, 1, 2, 3))), draw=st.integers(0, 2**64 - 1))
def test_edge_and_central_agree_bit_for_bit(
    lessons: list[tuple[str, tuple[int, ...], float]], active: tuple[int, ...], draw: int
) -> None:
    """A model that travelled half-way and one that learned in one place are the same to the last bit."""
    here = taught(EMPTY, *lessons)
    half = len(lessons) // 2
    sent = msgspec.msgpack.encode(taught(EMPTY, *lessons[:half]))
    there = taught(msgspec.msgpack.decode(sent, type=Model), *lessons[half:])
    assert msgspec.msgpack.encode(here) == msgspec.msgpack.encode(there)
    assert rank(here, "cab", active, draw=draw) == rank(there, "abc", active, draw=draw)
