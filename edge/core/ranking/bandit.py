"""The bandit (LinUCB): ranks arms by what was learned of each and how little that is, and learns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from edge.core.ranking.features import AND
from edge.core.ranking.model import Arm, Model

PERMILLE = 1_000
CROSSED = 0.1
"""Doubt about a crossing of features at first, where it is 1 about a single one."""
Active = Sequence[int]
"""Places of the features that are 1, rising: every sum runs over them in this order."""


class Ranked(msgspec.Struct, frozen=True):
    """Arms in the order in which they are shown."""

    arms: tuple[str, ...]
    explored: bool
    """The first was drawn evenly."""
    propensity: tuple[int, int]
    """How likely this very first one was, as so many of so many, before anything was drawn."""


def rank(model: Model, arms: Sequence[str], active: Active, *, draw: int) -> Ranked:
    """Order arms, best first; so many of a thousand times, by the draw, any of them comes first instead.

    Equal scores go by name. Of ``draw``, many even bits, the last thousandths say whether and the rest whom.
    """
    scores = {name: score(model, name, active) for name in arms}
    order = sorted(arms, key=lambda name: (-scores[name], name))
    count, explored = len(order), draw % PERMILLE < model.explored_permille
    first = sorted(arms)[draw // PERMILLE % count] if explored else order[0]
    kept = (PERMILLE - model.explored_permille) * count if first == order[0] else 0
    rest = (name for name in order if name != first)
    return Ranked((first, *rest), explored, (kept + model.explored_permille, PERMILLE * count))


def score(model: Model, name: str, active: Active) -> float:
    """Return what an arm should bring in a context, and more the less that is known of that."""
    arm = model.arms.get(name) or fresh(model)
    expected, variance = 0.0, 0.0
    for row in active:
        expected = expected + arm.weights[row]
        doubt = arm.doubt[row]
        for column in active:
            variance = variance + doubt[column]
    return expected + model.boldness * math.sqrt(max(0.0, variance))


def learned(model: Model, name: str, active: Active, *, reward: float) -> Model:
    """Return the model after one reward (0 to 1) of an arm: the update of Sherman and Morrison.

    The better a context is known, the less its old news counts (``memory``), so that what drifts is followed;
    doubt about what nothing is heard of stays as it is (directional forgetting: Kulhavy 1987).
    """
    arm = model.arms.get(name) or fresh(model)
    told = [_sum(row, active) for row in arm.doubt]
    known = _sum(told, active)
    error = (reward - _sum(arm.weights, active)) / (1.0 + known)
    shrink = _shrink(model.memory, known)
    after = Arm(
        weights=tuple(weight + one * error for weight, one in zip(arm.weights, told, strict=True)),
        doubt=tuple(
            tuple(cell - one * other * shrink for cell, other in zip(row, told, strict=True))
            for row, one in zip(arm.doubt, told, strict=True)
        ),
        seen=arm.seen + 1,
    )
    return replace(model, arms={**model.arms, name: after})


def fresh(model: Model) -> Arm:
    """Return an arm of which nothing is known; of a crossing little is expected beyond what it crosses."""
    doubts = [CROSSED if AND in name else 1.0 for name in model.features]
    rows = tuple(
        tuple(doubt if row == place else 0.0 for place in range(len(doubts)))
        for row, doubt in enumerate(doubts)
    )
    return Arm(weights=(0.0,) * len(doubts), doubt=rows)


def _shrink(memory: float, known: float) -> float:
    """Return by how much doubt falls along the news: 1 / (1 + known) where nothing is forgotten."""
    kept = memory - (1.0 - memory) / known if known > 0.0 else 0.0
    return 1.0 / (1.0 / kept + known) if kept > 0.0 else 0.0


def _sum(row: Sequence[float], active: Active) -> float:
    total = 0.0
    for place in active:
        total = total + row[place]
    return total
