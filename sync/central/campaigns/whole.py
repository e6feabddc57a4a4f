"""Whole: what somebody would see of all that is live, by the choice of a kiosk, and why not the rest."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.calendar import local
from edge.core.conditions import Conditions
from edge.core.facts import Moment
from edge.core.offers import (
    AboutPoint,
    AboutSite,
    AboutStock,
    Bundle,
    Choice,
    Context,
    Occasion,
    Standing,
    about_now,
    choose,
)
from edge.core.offers.control import BUCKETS, GLOBAL
from edge.core.offers.dealing import plenty
from edge.rules import compile_offer_rule
from sync.central.campaigns.seen import ALLOWS, PLENTY, STRANGER, Place


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a site says of itself: its shelves, and what was told of weather and crowd."""

    stock: AboutStock
    conditions: Conditions


def sees(bundle: Bundle, name: str, context: Context, *, place: Place, around: Around) -> Choice:
    """Return what a guest of this context would be shown there and then, with the reason of each loser.

    Whatever is said of a guest is taken from the context, and all else from the site. There is enough in each
    budget and left of each cap, nobody is kept out and nothing explored: that is drawn for each guest, and
    this one is invented.
    """
    known = name != STRANGER
    return choose(
        Occasion(
            exposure=f"example.{name}",
            draw=BUCKETS,
            bundle=bundle,
            context=_there(context, place, around),
            moment=Moment(now_ms=place.at_ms),
            timezone=place.zone,
            site=place.site,
            point=place.point,
            zones=tuple(filter(None, (_point(place).zone,))),
            guest=name if known else None,
            standing=ALLOWS if known else Standing(),
            counts=plenty(bundle),
            rules={rule.id: compile_offer_rule(rule.cel) for rule in bundle.rules},
            slices={offer.budget.id: PLENTY for offer in bundle.offers if offer.budget is not None},
            points_left=PLENTY,
            held_buckets=dict.fromkeys((GLOBAL, *(trial.id for trial in bundle.experiments)), BUCKETS - 1),
        )
    )


def _there(context: Context, place: Place, around: Around) -> Context:
    told = around.conditions
    point, zone = _point(place), _point(place).zone
    return replace(
        context,
        visit=replace(context.visit, zones=(zone,)) if zone and context.visit.zones else context.visit,
        now=about_now(local(place.zone, place.at_ms), place.to_closing_min),
        site=AboutSite(id=place.site, weather=told.weather_at(place.at_ms), crowd=told.crowd_at(place.at_ms)),
        point=point,
        stock=around.stock,
    )


def _point(place: Place) -> AboutPoint:
    here = place.layout.points_by_id.get(place.point)
    return AboutPoint() if here is None else AboutPoint(id=here.id, kind=here.kind.value, zone=here.zone)
