"""Conditions: the weather and the crowd at a site as somebody told it, each good for so long."""

from __future__ import annotations

import enum

import msgspec

CONDITIONS = "conditions"
"""Kind of the feed's item, keyed by nothing."""


class Weather(enum.StrEnum):
    """What the sky does."""

    SUN = "sun"
    CLOUDS = "clouds"
    FOG = "fog"
    RAIN = "rain"
    STORM = "storm"
    SNOW = "snow"
    HEAT = "heat"
    WIND = "wind"


class Crowd(enum.StrEnum):
    """How full the site is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    FULL = "full"


WEATHER_GOOD_MS = 3 * 3_600_000
CROWD_GOOD_MS = 45 * 60_000
"""A word that is older says nothing, nor does one that is so far ahead of the clock here."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of the item: the last word of each, and when it was told, in UTC milliseconds; empty: none."""

    weather: str = ""
    weather_ms: int = 0
    crowd: str = ""
    crowd_ms: int = 0

    def weather_at(self, now_ms: int) -> str | None:
        """Return the weather, while it is good; None: nobody knows."""
        return self.weather if self.weather and abs(now_ms - self.weather_ms) <= WEATHER_GOOD_MS else None

    def crowd_at(self, now_ms: int) -> str | None:
        """Return how full it is, while that is good; None: nobody knows."""
        return self.crowd if self.crowd and abs(now_ms - self.crowd_ms) <= CROWD_GOOD_MS else None


UNTOLD = Conditions()


def with_words(known: Conditions, *, weather: str, crowd: str, at_ms: int, now_ms: int) -> Conditions:
    """Return what holds once somebody told of a moment; an empty word, or an older one, changes nothing.

    A word of a time to come was told by a clock that was set back since: every other one is later.
    """
    if weather and (at_ms >= known.weather_ms or known.weather_ms > now_ms):
        known = msgspec.structs.replace(known, weather=weather, weather_ms=at_ms)
    if crowd and (at_ms >= known.crowd_ms or known.crowd_ms > now_ms):
        known = msgspec.structs.replace(known, crowd=crowd, crowd_ms=at_ms)
    return known
