"""Eligibility: whether an offer may be made at all, by gates in a fixed order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType

from msgspec.structs import replace

from edge.core.calendar import date_text, local
from edge.core.facts import Fact
from edge.core.offers.choice import Loser, Why
from edge.core.offers.context import Context, StockCode, facts_of, stock_of, unknown
from edge.core.offers.control import buckets, withheld_by
from edge.core.offers.occasion import Count, Occasion
from edge.core.offers.offer import Cap, Kind, Offer, Period

SHOWABLE = (StockCode.IN_STOCK, StockCode.LAST_PIECES, StockCode.CALL_US)
"""How an article must stand for an offer of it to be made: a line that was cut for half an hour ends none."""
UNCOUNTED = Count(offer="")


class Judge:
    """The gates of one occasion; what several offers ask for is found out once."""

    def __init__(self, occasion: Occasion) -> None:
        self.occasion = occasion
        self.context = _seen(occasion)
        self.facts: Mapping[str, Fact] = MappingProxyType(facts_of(self.context))
        """One mapping for all rules, never changed: a rule room may prepare it once."""
        self.stock = stock_of(self.context)
        self.wall = local(occasion.timezone, occasion.moment.now_ms)
        self.buckets = buckets(occasion.bundle, occasion.guest, occasion.held_buckets)

    def objection(self, offer: Offer) -> Loser | None:
        """Return the first reason against an offer; None: it may be made."""
        for gate in GATES:
            found = gate(self, offer)
            if found is not None:
                why, detail = found
                return Loser(offer.id, why, detail)
        return None

    @cached_property
    def counts(self) -> dict[tuple[str, Cap], Count]:
        """How often each offer was counted, by a cap without its limit."""
        return {
            (one.offer, Cap(counted=one.counted, span=one.span, most=0, screen=one.screen)): one
            for one in self.occasion.counts
        }


Gate = Callable[[Judge, Offer], tuple[Why, str] | None]


def _consent(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    standing, marketing = judge.occasion.standing, offer.kind is not Kind.SERVICE
    if standing.child and marketing:
        return Why.CHILD, ""
    if not offer.public and (judge.occasion.guest is None or not standing.offers):
        return Why.NO_CONSENT, ""
    if standing.quiet and marketing:
        return Why.QUIET, ""
    return (Why.CARED, "") if standing.cared and marketing else None


def _sensitive(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    return (Why.SENSITIVE, offer.sensitive) if offer.sensitive and judge.occasion.watched else None


def _timely(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    return None if holds(offer.period, judge.wall) else (Why.NOT_NOW, "")


def _placed(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    occasion = judge.occasion
    if offer.sites and occasion.site not in offer.sites:
        return Why.OTHER_SITE, ""
    if offer.points and occasion.point not in offer.points:
        return Why.OTHER_POINT, ""
    zones = {*occasion.zones, *(judge.context.visit.zones or ())}
    return (Why.OTHER_ZONE, "") if offer.zones and zones.isdisjoint(offer.zones) else None


def _ruled(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    if not offer.rule:
        return None
    rule = judge.occasion.rules.get(offer.rule)
    if rule is None:
        return Why.NO_RULE, offer.rule
    try:
        return None if rule.evaluate(judge.facts) is True else (Why.RULE_SAYS_NO, offer.rule)
    except KeyError as missing:
        return Why.MISSING_FIELD, str(missing.args[0]) if missing.args else ""
    except Exception as error:  # whatever an operator's rule runs into, it only costs its own offer
        return Why.RULE_FAILED, type(error).__name__


def _stocked(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    lacking = [article for article in offer.needs if judge.stock.get(article) not in SHOWABLE]
    return (Why.OUT_OF_STOCK, lacking[0]) if lacking else None


def _funded(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    budget = offer.budget
    if budget is not None and judge.occasion.slices.get(budget.id, 0) < budget.each:
        return Why.NO_BUDGET, budget.id
    return (Why.FEW_POINTS, "") if offer.points_spent > judge.occasion.points_left else None


def _capped(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    for cap in offer.caps:
        count = judge.counts.get((offer.id, replace(cap, most=0, everywhere=0)), UNCOUNTED)
        if count.here + count.elsewhere >= (cap.everywhere or cap.most):
            return Why.CAP, f"{cap.counted} {cap.span}"
        # Of a cap that holds everywhere nobody has any whom nothing was dealt.
        allowed = count.allowed or 0 if cap.everywhere else count.allowed
        if allowed is not None and count.here >= allowed:
            return Why.NO_SHARE, f"{cap.counted} {cap.span}"
    return None


def _controlled(judge: Judge, offer: Offer) -> tuple[Why, str] | None:
    group = withheld_by(judge.occasion.bundle, offer, judge.buckets)
    return None if group is None else (Why.CONTROL, group)


GATES: tuple[Gate, ...] = (
    _consent,
    _sensitive,
    _timely,
    _placed,
    _ruled,
    _stocked,
    _funded,
    _capped,
    _controlled,
)
"""The order in which an offer is judged; what follows is not asked once one says no."""


def holds(period: Period, wall: dt.datetime) -> bool:
    """Say whether a period holds at a site's wall time; past midnight it belongs to the day before."""
    minute, today = wall.hour * 60 + wall.minute, wall.toordinal()
    if period.from_min < period.until_min:
        return period.from_min <= minute < period.until_min and _on(period, today)
    return (minute >= period.from_min and _on(period, today)) or (
        minute < period.until_min and _on(period, today - 1)
    )


def _on(period: Period, day: int) -> bool:
    date = date_text(day)
    within = period.first <= date and (not period.last or date <= period.last)
    return within and (not period.weekdays or (day - 1) % 7 in period.weekdays)


def _seen(occasion: Occasion) -> Context:
    """Return what rules may see of this guest: nothing that the guest did not allow, not even by its name."""
    standing, context = occasion.standing, occasion.context
    if occasion.guest is None or not standing.offers:
        return unknown(context)
    guest = context.guest
    if guest.segments is not None:
        allowed = (code for code in guest.segments if code.partition(":")[0] in standing.namespaces)
        guest = replace(guest, segments=tuple(allowed))
    if not standing.declared:
        guest = replace(guest, birthday=None)
    if standing.behaviour:
        return replace(context, guest=guest)
    guest = replace(guest, visits=None, first_visit=None)
    return replace(context, guest=guest, history=type(context.history)())
