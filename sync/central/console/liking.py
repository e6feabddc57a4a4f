"""Liking: what is thought of each article and place, and whether it is another thing than a month ago."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from edge.core.feedback import FACES, UNHAPPY_MAX
from sync.central.campaigns.lift import Arm, apart, wilson
from sync.central.journey.figures import PEOPLE_MIN
from sync.central.near.feedback import Monthly

HAPPY_MIN = FACES[-2]


class Change(NamedTuple):
    """How many more of a hundred are happy than the month before, and between which it lies with 95 %."""

    difference: float
    low: float
    high: float


class Liked(NamedTuple):
    """One thing: how many words, the share of happy ones and its interval, and the change; None: not yet."""

    name: str
    said: int
    happy: float
    low: float
    high: float
    change: Change | None


class Wrong(NamedTuple):
    """One reason of who was not content: how often in all, in a month, and in the one before it."""

    because: str
    times: int
    now: int
    before: int


def changes(found: Iterable[Monthly], month: int) -> dict[str, Change | None]:
    """Return of each article how this month differs from the last one; of fewer than ten words not yet."""
    return {name: _change(words, month) for name, words in _by(found, lambda one: one.article).items()}


def places(found: Iterable[Monthly], month: int) -> tuple[Liked, ...]:
    """Return what is thought of each place, the least liked first; of fewer than ten whole words nothing."""
    told = []
    for point, words in _by(found, lambda one: one.point).items():
        arm = _arm(words)
        if arm.guests >= PEOPLE_MIN:
            told.append(Liked(point, arm.guests, arm.rate, *wilson(arm), _change(words, month)))
    return tuple(sorted(told, key=lambda one: (one.high, one.name)))


def reasons(found: Iterable[Monthly], month: int) -> tuple[Wrong, ...]:
    """Return why people were not content, in whole words, the most frequent reason first."""
    told = []
    sour = (one for one in found if one.score <= UNHAPPY_MAX and one.because)
    for because, words in _by(sour, lambda one: one.because).items():
        now, before = (sum(one.times for one in words if one.month == at) for at in (month, month - 1))
        told.append(Wrong(because, sum(one.times for one in words), now, before))
    return tuple(sorted(told, key=lambda one: (-one.times, one.because)))


def _by(found: Iterable[Monthly], key: Callable[[Monthly], str]) -> dict[str, list[Monthly]]:
    grouped: dict[str, list[Monthly]] = defaultdict(list)
    for one in found:
        grouped[key(one)].append(one)
    return grouped


def _change(words: Iterable[Monthly], month: int) -> Change | None:
    now, before = (_arm(one for one in words if one.month == at) for at in (month, month - 1))
    return None if min(now.guests, before.guests) < PEOPLE_MIN else Change(*apart(now, before))


def _arm(words: Iterable[Monthly]) -> Arm:
    all_ = list(words)
    happy = sum(one.times for one in all_ if one.score >= HAPPY_MIN)
    return Arm(sum(one.times for one in all_), happy)
