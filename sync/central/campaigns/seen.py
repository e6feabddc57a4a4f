"""Seen: what invented guests would see of a campaign at any moment, by the very choice that a kiosk makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from edge.core.calendar import local
from edge.core.closing import to_closing_min
from edge.core.conditions import UNTOLD, Conditions
from edge.core.facts import Moment, Rule
from edge.core.offers import AboutSite, Bundle, Context, Occasion, Standing, StockCode, about_now, choose
from edge.core.offers.control import BUCKETS, GLOBAL
from edge.core.offers.dealing import plenty
from edge.core.places import Layout
from edge.rules import compile_offer_rule
from sync.central.offers.campaigned import Campaign, with_campaigns

STRANGER = "stranger"
ALLOWS = Standing(offers=True, namespaces=("demographic", "interest", "behaviour"))
PLENTY = 10**9
"""Of each budget: a preview is of a kiosk that has some left, and its share of each cap."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one guest would see: the place of its tile, or the first reason why there is none."""

    guest: str
    place: int
    """From 1; 0: none."""
    why: str = ""
    detail: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """When and where."""

    at_ms: int
    zone: dt.tzinfo
    layout: Layout
    point: str
    conditions: Conditions = UNTOLD
    """What the site was told of weather and crowd: good, it holds in place of the examples' own."""

    @property
    def site(self) -> str:
        """Which site this is."""
        return self.layout.site

    @property
    def to_closing_min(self) -> int | None:
        """Minutes until it closes, by the hours that the site keeps."""
        return to_closing_min(self.layout, self.point, zone=self.zone, at_ms=self.at_ms)


def seen(one: Campaign, bundle: Bundle, contexts: Mapping[str, Context], *, place: Place) -> tuple[Seen, ...]:
    """Return what each guest would see if this revision were in the bundle; nobody of them is kept out."""
    others = replace(
        bundle,
        offers=tuple(offer for offer in bundle.offers if offer.id != one.id),
        rules=tuple(rule for rule in bundle.rules if rule.id != one.rule),
        experiments=tuple(trial for trial in bundle.experiments if trial.id != one.id),
    )
    whole = with_campaigns(others, [one])
    rules = {rule.id: compile_offer_rule(rule.cel) for rule in whole.rules}
    told = []
    for name, context in contexts.items():
        choice = choose(_occasion(whole, name, context=context, rules=rules, place=place))
        tile = next((tile for tile in choice.tiles if tile.offer == one.id), None)
        lost = next((loser for loser in choice.losers if loser.offer == one.id), None)
        told.append(
            Seen(
                guest=name,
                place=tile.position if tile is not None else 0,
                why=lost.why.value if lost is not None else "",
                detail=lost.detail if lost is not None else "",
            )
        )
    return tuple(told)


def _occasion(
    bundle: Bundle, name: str, *, context: Context, rules: Mapping[str, Rule], place: Place
) -> Occasion:
    now = about_now(local(place.zone, place.at_ms), place.to_closing_min)
    here = replace(context.point, id=place.point) if place.point else context.point
    told, mine = place.conditions, context.site
    there = AboutSite(
        id=place.site,
        weather=told.weather_at(place.at_ms) or mine.weather,
        crowd=told.crowd_at(place.at_ms) or mine.crowd,
    )
    needed = tuple(sorted({article for offer in bundle.offers for article in offer.needs}))
    stock = replace(context.stock, **{StockCode.IN_STOCK.value: needed})
    known = name != STRANGER
    return Occasion(
        exposure=f"example.{name}",
        draw=BUCKETS,
        bundle=bundle,
        context=replace(context, now=now, site=there, point=here, stock=stock),
        moment=Moment(now_ms=place.at_ms),
        timezone=place.zone,
        site=place.site,
        point=place.point,
        guest=name if known else None,
        standing=ALLOWS if known else Standing(),
        rules=rules,
        counts=plenty(bundle),
        slices={offer.budget.id: PLENTY for offer in bundle.offers if offer.budget is not None},
        points_left=PLENTY,
        held_buckets=dict.fromkeys((GLOBAL, *(trial.id for trial in bundle.experiments)), BUCKETS - 1),
    )
