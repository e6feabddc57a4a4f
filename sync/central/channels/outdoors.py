"""Outdoors: what a weather service or a counter of people tells of a site by a channel."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from edge.core.conditions import Crowd, Weather
from sync.central.channels.book import Member
from sync.central.channels.messages import Moment, ms_of
from sync.central.registry import conditions
from sync.central.store import Connection, now_of


class Telling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is so at a moment; what is not said stays as it was told before."""

    at: Moment
    weather: Weather | UnsetType = UNSET
    crowd: Crowd | UnsetType = UNSET


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """What rules of offers know now; nothing where nobody told, or too long ago."""

    weather: str | None
    crowd: str | None


def tell(tx: Connection, channel: Member, said: Telling) -> Holds:
    """Take a channel's word on its site; an older one than is known changes nothing."""
    now = conditions.tell(
        tx,
        channel.site,
        weather=said.weather or "",
        crowd=said.crowd or "",
        at_ms=ms_of(said.at),
    )
    return Holds(weather=now.weather_at(now_of(tx)), crowd=now.crowd_at(now_of(tx)))
