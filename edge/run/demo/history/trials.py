"""Trials: when each of the twelve campaigns ran, what it is about, and how many take it up in truth."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources
from io import StringIO
from typing import NamedTuple

APART_DAYS, LASTS_DAYS, RUNS_ON_DAYS = 43, 42, 90


class Trial(NamedTuple):
    """A running experiment whose truth is known: of a hundred so many buy without, and so many more with."""

    campaign: str
    article: str
    base_of_100: int
    lift_of_100: int

    @property
    def salt(self) -> str:
        """By what its arms are drawn: as in the bundle, its own name."""
        return self.campaign


TRIALS = (
    Trial("caffe-serale", "capsule-notte", 15, 12),
    Trial("gelato-famiglia", "gelato-grande", 20, 0),
)
"""One that works, and one that does nothing at all."""
TAKEN_OF_100 = {
    "benvenuto": 22, "primavera": 12, "estate-lago": 31, "bottega-aperta": 9, "rientro": 7, "castagne": 14,
    "luci": 11, "casa-nuova": 4, "assaggi-vivi": 18, "stagionale": 6,
}  # fmt: skip
"""Of a hundred who saw one of the other ten so many took it up."""


class Row(NamedTuple):
    """One campaign as the shipped file has it, and from which ordinal day to which it ran."""

    campaign: str
    article: str
    off_minor: int
    words: dict[str, str]
    first: int
    last: int
    trial: Trial | None


@lru_cache(maxsize=4)
def rows(last: int) -> tuple[Row, ...]:
    """Return the twelve in order; those of the experiments go on for a season from the last day."""
    running = {one.campaign: one for one in TRIALS}
    text = resources.files("edge.run.demo.history").joinpath("campaigns.csv").read_text(encoding="utf-8")
    made = []
    for number, row in enumerate(csv.DictReader(StringIO(text), delimiter=";")):
        begins, trial = last - 12 * APART_DAYS + number * APART_DAYS, running.get(row["id"])
        ends = begins + LASTS_DAYS if trial is None else last + RUNS_ON_DAYS
        name, article, off = row.pop("id"), row.pop("article"), int(row.pop("off"))
        made.append(Row(name, article, off, row, begins, ends, trial))
    return tuple(made)
