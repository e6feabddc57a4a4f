"""Stands: who stood before the kiosk in town, what they saw there, and what they bought of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from edge.core.consent import Purpose
from edge.core.offers.control import BUCKETS, bucket_of
from edge.run.demo.history.almanac import CLOSES_MIN, OPENS_MIN
from edge.run.demo.history.people import Person
from edge.run.demo.history.trials import TAKEN_OF_100, Row, rows


class Stand(NamedTuple):
    """One guest before the kiosk once: of what they were offered they took up these, by these sales."""

    guest: str
    day: int
    minute: int
    shown: tuple[str, ...]
    """Campaigns; who is kept out of one is not shown it."""
    took: tuple[tuple[str, str], ...]
    """Campaign and sale."""


class Bought(NamedTuple):
    """One article that somebody bought of a campaign's, at its price or, taken up there, at the lower one."""

    ref: str
    guest: str
    day: int
    minute: int
    article: str
    off_minor: int


def stands(
    one: Person, days: Sequence[int], last: int, *, chance: Random
) -> Iterator[tuple[Stand, list[Bought]]]:
    """Yield each time that an adult stood there, at most two: the first meeting of a campaign decides."""
    moments, met = sorted({days[-1], chance.choice(days)}), set[str]()
    for day in moments:
        minute = chance.randrange(OPENS_MIN + 120, CLOSES_MIN - 30)
        here = [row for row in rows(last) if row.first <= day <= row.last]
        shown = tuple(row.campaign for row in here if _treated(one, row))
        took, sales = [], list[Bought]()
        for row in (row for row in here if row.campaign not in met):
            met.add(row.campaign)
            treated = _treated(one, row)
            if chance.randrange(100) < _likely(row, treated=treated):
                ref = f"t-{row.campaign}-{one.id}"
                sales.append(Bought(ref, one.id, day, minute + 5 + len(sales), row.article,
                                    row.off_minor if treated else 0))  # fmt: skip
                took += [(row.campaign, ref)] if treated else []
        yield Stand(one.id, day, minute, shown, tuple(took)), sales


def may_see(one: Person) -> bool:
    """Whether somebody lets offers be chosen for them, and still does."""
    return any(word.topic == Purpose.OFFERS and word.turns % 2 for word in one.words)


def _treated(one: Person, row: Row) -> bool:
    return row.trial is None or bucket_of(row.trial.salt, one.id) >= BUCKETS // 2


def _likely(row: Row, *, treated: bool) -> int:
    if row.trial is None:
        return TAKEN_OF_100[row.campaign]
    return row.trial.base_of_100 + (row.trial.lift_of_100 if treated else 0)
