"""Asked: the whole of a choice as the journal keeps it, so that central can choose again and compare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from edge.core.basket import Line
from edge.core.facts import Moment, Rule
from edge.core.offers.bundle import Bundle
from edge.core.offers.choice import Choice
from edge.core.offers.context import Context
from edge.core.offers.occasion import Count, Occasion, Standing


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An occasion without what central has itself: the bundle, its rules, the site's time zone."""

    exposure: str
    draw: int
    bundle: int
    context: Context
    moment: Moment
    site: str
    point: str
    zones: tuple[str, ...] = ()
    guest: str | None = None
    standing: Standing = Standing()
    watched: bool = True
    counts: tuple[Count, ...] = ()
    slices: dict[str, int] = {}
    points_left: int = 0
    lines: tuple[Line, ...] = ()
    held_buckets: dict[str, int] = {}
    ranking: bool = True
    among: tuple[str, ...] = ()


class Exposed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of OFFERS_EXPOSED: what was asked, and what was chosen."""

    asked: Asked
    choice: Choice


_SAME = tuple(name for name in Asked.__struct_fields__ if name not in ("bundle", "slices", "held_buckets"))


def asked_of(occasion: Occasion) -> Asked:
    """Return an occasion as the journal keeps it."""
    same = {name: getattr(occasion, name) for name in _SAME}
    return Asked(
        bundle=occasion.bundle.version,
        slices=dict(occasion.slices),
        held_buckets=dict(occasion.held_buckets),
        **same,
    )


def occasion_of(asked: Asked, bundle: Bundle, rules: Mapping[str, Rule], *, timezone: dt.tzinfo) -> Occasion:
    """Return the occasion again: with the same bundle and rules the same choice comes out."""
    same = {name: getattr(asked, name) for name in _SAME}
    return Occasion(
        bundle=bundle,
        rules=rules,
        timezone=timezone,
        slices=asked.slices,
        held_buckets=asked.held_buckets,
        **same,
    )
