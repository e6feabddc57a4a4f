"""Asked: the whole of a choice as the journal keeps it, so that central can choose again and compare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from edge.core.basket import Line
from edge.core.events import BODY_BYTES_MAX
from edge.core.facts import Moment, Rule
from edge.core.offers.bundle import Bundle
from edge.core.offers.choice import LATE, Choice, Why
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


def fitted(asked: Asked, choice: Choice) -> Exposed:
    """Return what the journal is told of a choice, in as many octets as an event has, if that can be.

    Two hundred offers with long names have more to say for themselves than that, and a screen is answered all
    the same. First the details of reasons go, then what no lift is read from: reasons before the control
    group is asked, and who else could have been first. The same choice is always cut the same.
    """
    told = (Exposed(asked=asked, choice=cut(choice)) for cut in (_whole, _brief, _least))
    fits = (one for one in told if len(msgspec.msgpack.encode(one)) <= BODY_BYTES_MAX)
    return next(fits, Exposed(asked=asked, choice=choice))


def _whole(choice: Choice) -> Choice:
    return choice


def _brief(choice: Choice) -> Choice:
    losers = (one if one.why is Why.CONTROL else replace(one, detail="") for one in choice.losers)
    return replace(choice, losers=tuple(losers))


def _least(choice: Choice) -> Choice:
    brief = _brief(choice)
    losers = tuple(one for one in brief.losers if one.why in LATE or one.why is Why.CONTROL)
    drawn = None if choice.drawn is None else replace(choice.drawn, candidates=())
    return replace(brief, losers=losers, drawn=drawn)
