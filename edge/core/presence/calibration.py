"""Calibration: with how many dBm one receiver hears a band that is held one metre away."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SAMPLES_MIN = 50
APART_DB_MIN = 10
"""Another band must be so much weaker: else nobody can say which of the two is the one held up."""
SPREAD_DB_MAX = 16
"""Between the tenth and the ninetieth of a hundred levels; more, and somebody walked about."""


class Doubt(enum.StrEnum):
    """Why a minute of listening says nothing about a receiver."""

    NOBODY = "nobody"
    """No band was heard often enough."""
    SEVERAL = "several"
    """More than one band is near."""
    UNSTEADY = "unsteady"
    """The levels went up and down."""


class Calibrated(NamedTuple):
    """What was found: the median, out of how many levels, and how far eight in ten of them lie apart."""

    ref_1m_dbm: int
    samples: int
    spread_db: int


def calibrate(heard: Iterable[Sequence[int]]) -> Calibrated | Doubt:
    """Return the level at one metre from the levels of each band that was heard, or why there is none."""
    near = sorted((sorted(levels) for levels in heard if len(levels) >= SAMPLES_MIN), key=_median)
    if not near:
        return Doubt.NOBODY
    levels, median = near[-1], _median(near[-1])
    if len(near) > 1 and median - _median(near[-2]) < APART_DB_MIN:
        return Doubt.SEVERAL
    spread_db = levels[len(levels) * 9 // 10] - levels[len(levels) // 10]
    return Doubt.UNSTEADY if spread_db > SPREAD_DB_MAX else Calibrated(median, len(levels), spread_db)


def _median(levels: Sequence[int]) -> int:
    return levels[(len(levels) - 1) // 2]
