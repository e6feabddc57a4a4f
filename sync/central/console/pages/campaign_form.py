"""The form of a campaign: what a marketer types, and the plan that it means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from edge.core.offers import Cap, Counted, Effect, Level, Message, Offer, Period, Span, Unit
from edge.core.offers import Kind as OfferKind
from edge.core.offers.message import CHARS
from edge.rules import OFFER_RULE_CHARS_MAX
from sync.central.analysis.listed import CODES
from sync.central.campaigns.checks import CONTROL_MAX, PLANNED_MAX, WINDOW_DAYS_MAX
from sync.central.console import amounts
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.offers.campaigned import ID_CHARS_MAX, Audience, Campaign, Plan

TEXTS = ("name", "headline", "body", "terms", "call")
PER_PERCENT = 100
"""Buckets of a hundredth of all guests."""
PERCENT_MAX = 100
DEFAULT = Plan(
    goal="",
    offer=Offer(id="", kind=OfferKind.DISCOUNT, campaign=""),
    control=10 * PER_PERCENT,
    planned=1_000,
)
SHOWN_A_DAY = Cap(counted=Counted.SHOWN, span=Span.DAY, most=0)
REDEEMED = Cap(counted=Counted.REDEEMED, span=Span.CAMPAIGN, most=0)


def fields(*, known: bool) -> tuple[Field, ...]:
    """Return the fields; the name of a campaign that is known already is never changed."""
    texts = (Field(name=f"said_{one}", kind=Kind.NAMES, chars_max=CHARS[one]) for one in TEXTS)
    kinds = [(one.value, f"offer_kind.{one}") for one in OfferKind]
    return (
        Field(name="campaign_id", required=True, fixed=known, chars_max=ID_CHARS_MAX),
        Field(name="goal", required=True),
        Field(name="first_date", kind=Kind.DAY, required=True),
        Field(name="last_date", kind=Kind.DAY, required=True),
        Field(name="offer_kind", kind=Kind.CHOICE, choices=kinds),
        *texts,
        Field(name="percent", kind=Kind.NUMBER, high=PERCENT_MAX),
        Field(name="less", chars_max=amounts.CHARS_MAX),
        Field(name="of_articles", kind=Kind.TAGS),
        Field(name="gives"),
        Field(name="earns", kind=Kind.NUMBER, high=100_000),
        Field(name="segments", kind=Kind.MANY, choices=[(code, f"segment.{code}") for code in CODES]),
        Field(name="cel", kind=Kind.LONG, chars_max=OFFER_RULE_CHARS_MAX),
        Field(name="at_points", kind=Kind.TAGS),
        Field(name="everybody", kind=Kind.YES),
        Field(name="shown_a_day", kind=Kind.NUMBER, high=1_000),
        Field(name="redeemed_most", kind=Kind.NUMBER, high=1_000),
        Field(name="holds_everywhere", kind=Kind.YES),
        Field(name="priority_of", kind=Kind.NUMBER, high=1_000),
        Field(name="counted", kind=Kind.CHOICE, choices=[(one.value, f"counted.{one}") for one in Unit]),
        Field(name="budget_all", chars_max=amounts.CHARS_MAX),
        Field(name="budget_each", chars_max=amounts.CHARS_MAX),
        Field(name="kept_out", kind=Kind.NUMBER, high=CONTROL_MAX // PER_PERCENT),
        Field(name="planned", kind=Kind.NUMBER, high=PLANNED_MAX),
        Field(name="window_days", kind=Kind.NUMBER, low=1, high=WINDOW_DAYS_MAX),
    )


def shown(one: Campaign | None, *, currency: str) -> dict[str, object]:
    """Return what stands in the form."""
    plan = DEFAULT if one is None else one.plan
    offer, effect = plan.offer, plan.offer.effect or Effect()
    caps = {(cap.counted, cap.span): cap.everywhere or cap.most for cap in offer.caps}
    texts = {
        f"said_{text}": {language: getattr(message, text) for language, message in offer.messages.items()}
        for text in TEXTS
    }
    return {
        "campaign_id": "" if one is None else one.id,
        "goal": plan.goal,
        "first_date": offer.period.first,
        "last_date": offer.period.last,
        "offer_kind": offer.kind.value,
        **texts,
        "percent": effect.percent or None,
        "less": amounts.shown(effect.off_minor or None, currency),
        "of_articles": " ".join(effect.articles),
        "gives": offer.gives,
        "earns": offer.points_earned or None,
        "segments": list(plan.audience.segments),
        "cel": plan.audience.rule,
        "at_points": " ".join(offer.points),
        "everybody": offer.public,
        "shown_a_day": caps.get((SHOWN_A_DAY.counted, SHOWN_A_DAY.span)),
        "redeemed_most": caps.get((REDEEMED.counted, REDEEMED.span)),
        "holds_everywhere": any(cap.everywhere for cap in offer.caps),
        "priority_of": offer.priority or None,
        "counted": plan.unit.value,
        "budget_all": _counted(plan.budget, plan.unit, currency),
        "budget_each": _counted(plan.each if plan.budget else 0, plan.unit, currency),
        "kept_out": plan.control // PER_PERCENT,
        "planned": plan.planned,
        "window_days": plan.window_days,
    }


def plan_of(said: Mapping[str, Any], *, currency: str) -> Plan:
    """Return the plan that a form means; raises ``Mistyped`` with the field that means nothing."""
    unit = Unit(said["counted"] or Unit.UNITS)
    kept_out = 0 if said["everybody"] else (said["kept_out"] or 0)
    return Plan(
        goal=said["goal"],
        offer=_offer(said, currency),
        audience=Audience(segments=said["segments"], rule=said["cel"].strip()),
        unit=unit,
        budget=_units("budget_all", said["budget_all"], unit, currency=currency),
        each=_units("budget_each", said["budget_each"], unit, currency=currency) or 1,
        control=kept_out * PER_PERCENT,
        planned=said["planned"] or 0,
        window_days=said["window_days"] or DEFAULT.window_days,
    )


def _offer(said: Mapping[str, Any], currency: str) -> Offer:
    less = amounts.meant("less", said["less"], currency) or 0
    percent = said["percent"] or 0
    asked = ((SHOWN_A_DAY, said["shown_a_day"]), (REDEEMED, said["redeemed_most"]))
    limit = "everywhere" if said["holds_everywhere"] else "most"
    if said["holds_everywhere"] and not any(most for _, most in asked):
        raise Mistyped("holds_everywhere", "wrong.no_limit")
    effect = None
    if percent or less or said["gives"]:
        articles = (said["gives"],) if said["gives"] else said["of_articles"]
        effect = Effect(
            level=Level.LINE if articles else Level.BASKET,
            percent=PERCENT_MAX if said["gives"] else percent,
            off_minor=less,
            articles=articles,
            units=1 if said["gives"] else 0,
        )
    return Offer(
        id="",
        campaign="",
        kind=OfferKind(said["offer_kind"] or OfferKind.DISCOUNT),
        messages=_messages(said),
        period=Period(first=_date(said, "first_date"), last=_date(said, "last_date")),
        points=said["at_points"],
        priority=said["priority_of"] or 0,
        caps=tuple(Cap(**asdict(cap) | {limit: most}) for cap, most in asked if most),
        effect=effect,
        gives=said["gives"],
        points_earned=said["earns"] or 0,
        public=bool(said["everybody"]),
    )


def _messages(said: Mapping[str, Any]) -> dict[str, Message]:
    """Return one text for each language in which there is any."""
    languages = dict.fromkeys(language for one in TEXTS for language in said[f"said_{one}"])
    return {
        language: Message(**{one: said[f"said_{one}"].get(language, "") for one in TEXTS})
        for language in languages
    }


def _date(said: Mapping[str, Any], name: str) -> str:
    day: dt.date | None = said[name]
    if day is None:
        raise Mistyped(name, "wrong.empty")
    return day.isoformat()


def _units(name: str, text: str, unit: Unit, *, currency: str) -> int:
    if unit is Unit.MONEY:
        return amounts.meant(name, text, currency) or 0
    if text and not text.isdecimal():
        raise Mistyped(name, "wrong.number", low=0, high=PLANNED_MAX)
    return int(text or 0)


def _counted(units: int, unit: Unit, currency: str) -> str:
    if not units:
        return ""
    return amounts.shown(units, currency) if unit is Unit.MONEY else str(units)
