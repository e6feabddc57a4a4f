"""Liking: what is thought of each article and place, and whether it is another thing than a month ago."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from edge.core.feedback import FACES, UNHAPPY_MAX
from sync.central.campaigns.lift import Arm, apart, wilson
from sync.central.journey.figures import PEOPLE_MIN
from sync.central.near.feedback import Monthly, OfLot

HAPPY_MIN = FACES[-2]
One = TypeVar("One", Monthly, OfLot)


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


class Lot(NamedTuple):
    """One lot of an article at one site: how it is liked, against last month and against all the rest."""

    article: str
    lot: str
    site: str
    liked: Liked
    against: Change | None
    """How many more of a hundred are happy than of all else that was said of this article; None: not yet."""

    @property
    def is_worse(self) -> bool:
        """Whether it is surely liked less than the rest: the whole interval lies below nothing."""
        return self.against is not None and self.against.high < 0


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


def lots(
    found: Iterable[OfLot], month: int, *, said: Mapping[tuple[str, str], int] | None = None
) -> tuple[Lot, ...]:
    """Return what is thought of each lot and site, articles in order, of each the least liked first.

    Told are articles of which a lot is known or which several sites have; of fewer than ten words nothing,
    nor what leaves fewer than ten over of all that was ``said``, as words by site and article.
    """
    whole = said or {}
    told = []
    for _, of_article in sorted(_by(found, lambda one: one.article).items()):
        parts = _by(of_article, lambda one: f"{one.lot}\0{one.site}")
        if len(parts) < 2 and not any(one.lot for one in of_article):
            continue
        shown = [
            words
            for site, at_site in _by(of_article, lambda one: one.site).items()
            for words in _tellable(at_site, said=whole.get((site, at_site[0].article), 0))
        ]
        rows = (_lot(words, of_article, month) for words in shown)
        told += sorted(rows, key=lambda one: (one.liked.high, one[1:3]))
    return tuple(told)


def _tellable(at_site: Sequence[OfLot], *, said: int) -> list[list[OfLot]]:
    """Return the lots of ten words or more; without the smallest of them where 1 to 9 words are left over.

    All that was said of the article stands beside them, so what is left over is known by taking them away.
    """
    parts = _by(at_site, lambda one: one.lot).values()
    big = sorted((one for one in parts if _arm(one).guests >= PEOPLE_MIN), key=lambda one: -_arm(one).guests)
    left = max(said, _arm(at_site).guests) - sum(_arm(one).guests for one in big)
    return big[:-1] if 0 < left < PEOPLE_MIN else big


def _lot(words: Sequence[OfLot], of_article: Iterable[OfLot], month: int) -> Lot:
    arm, first = _arm(words), words[0]
    name = f"{first.lot} {first.site}"
    liked = Liked(name, arm.guests, arm.rate, *wilson(arm), _change(words, month))
    rest = _arm(one for one in of_article if (one.lot, one.site) != (first.lot, first.site))
    against = None if rest.guests < PEOPLE_MIN else Change(*apart(arm, rest))
    return Lot(first.article, first.lot, first.site, liked, against)


def reasons(found: Iterable[Monthly], month: int) -> tuple[Wrong, ...]:
    """Return why people were not content, in whole words, the most frequent reason first."""
    told = []
    sour = (one for one in found if one.score <= UNHAPPY_MAX and one.because)
    for because, words in _by(sour, lambda one: one.because).items():
        now, before = (sum(one.times for one in words if one.month == at) for at in (month, month - 1))
        told.append(Wrong(because, sum(one.times for one in words), now, before))
    return tuple(sorted(told, key=lambda one: (-one.times, one.because)))


def _by(found: Iterable[One], key: Callable[[One], str]) -> dict[str, list[One]]:
    grouped: dict[str, list[One]] = defaultdict(list)
    for one in found:
        grouped[key(one)].append(one)
    return grouped


def _change(words: Iterable[Monthly | OfLot], month: int) -> Change | None:
    all_ = list(words)
    now, before = (_arm(one for one in all_ if one.month == at) for at in (month, month - 1))
    return None if min(now.guests, before.guests) < PEOPLE_MIN else Change(*apart(now, before))


def _arm(words: Iterable[Monthly | OfLot]) -> Arm:
    all_ = list(words)
    happy = sum(one.times for one in all_ if one.score >= HAPPY_MIN)
    return Arm(sum(one.times for one in all_), happy)
