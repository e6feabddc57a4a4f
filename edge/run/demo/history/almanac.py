"""The almanac: on which of the past days the park was open, how full it was, and when it rained."""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect
from functools import lru_cache
from itertools import accumulate
from random import Random

DAYS = 548
"""Eighteen months."""
OPENS_MIN, CLOSES_MIN = 570, 1_140
FULLNESS = (0, 0, 15, 55, 60, 80, 100, 120, 70, 45, 20, 40)
"""Of each month, in hundredths of a July: closed in January and February, lights in December."""
HOLIDAYS = (((4, 1), (4, 14)), ((6, 12), (9, 12)), ((10, 28), (11, 4)), ((12, 22), (12, 31)))
"""School's, as (month, day) from and to."""
RAINY_OF = 5
"""One day in so many is wet, and fewer people come."""


class Almanac:
    """The days up to and with ``last`` (proleptic ordinal), the same for the same seed."""

    def __init__(self, seed: int, last: int) -> None:
        """Look at every day once."""
        self.last, self.first = last, last - DAYS + 1
        self._until = list(accumulate(_fullness(seed, self.first + day) for day in range(DAYS)))

    def a_day(self, chance: Random) -> int:
        """Return a day on which somebody would come."""
        return self.first + bisect(self._until, chance.randrange(self._until[-1]))

    def is_open(self, day: int) -> bool:
        """Whether the park was open at all."""
        place = day - self.first
        return 0 <= place < DAYS and self._until[place] > (self._until[place - 1] if place else 0)

    def within(self, day: int) -> int:
        """Return a day, or the last one where it is later than that."""
        return min(max(day, self.first), self.last)


@lru_cache(maxsize=4)
def almanac(seed: int, last: int) -> Almanac:
    """Return the almanac of a seed up to a day."""
    return Almanac(seed, last)


def is_wet(seed: int, day: int) -> bool:
    """Whether it rained."""
    return hashlib.blake2b(f"{seed}/rain/{day}".encode(), digest_size=1).digest()[0] % RAINY_OF == 0


def _fullness(seed: int, day: int) -> int:
    date = dt.date.fromordinal(day)
    full = FULLNESS[date.month - 1]
    at = (date.month, date.day)
    if any(begins <= at <= ends for begins, ends in HOLIDAYS):
        full += full // 2
    elif date.weekday() < 5:
        full = full // 3 if date.weekday() else 0  # closed on Mondays but for the holidays
    return full // 2 if is_wet(seed, day) else full
