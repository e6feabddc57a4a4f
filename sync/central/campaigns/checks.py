"""Checks of a campaign: texts that every channel can show, a rule that compiles, money that is set aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import combinations

from edge.core.offers import Bundle, Level, Message
from edge.core.offers.message import CHARS
from edge.core.renderings import unprintable
from edge.errors import Refused
from sync.central.offers import bundle_checks
from sync.central.offers.campaigned import ID_CHARS_MAX, Campaign, totals_of, with_campaigns
from sync.central.store import Connection

CONTROL_MAX, PLANNED_MAX, WINDOW_DAYS_MAX = 5_000, 1_000_000, 90
ON_PAPER = ("name", "terms")
"""Texts of a message that a receipt has, too."""
RESERVED = frozenset({"new", "rules"})
"""Names of pages beside the campaigns."""
SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


def demand_sound(tx: Connection, site: str, one: Campaign) -> None:
    """Refuse a campaign with any fault and name the first."""
    faults = [*_own(one)]
    if not faults:
        bundle = with_campaigns(Bundle(version=0), [one])
        faults = [*bundle_checks.look(tx, site, bundle, totals=totals_of([one])).faults]
    if faults:
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        raise Refused(f"{faults[0]}{more}.", hint="Nothing was kept: mend it at that place.")


def warnings(tx: Connection, site: str, one: Campaign) -> tuple[str, ...]:
    """Return what somebody should know of a campaign before it is published; it stops nothing."""
    bundle = with_campaigns(Bundle(version=0), [one])
    return bundle_checks.look(tx, site, bundle, totals=totals_of([one])).warnings


def clashes(campaigns: list[Campaign]) -> tuple[tuple[Campaign, Campaign], ...]:
    """Return pairs whose days overlap and that lower the price of the same thing."""
    return tuple(pair for pair in combinations(campaigns, 2) if _overlap(*pair) and _meet(*pair))


def _overlap(one: Campaign, other: Campaign) -> bool:
    mine, theirs = one.plan.offer.period, other.plan.offer.period
    return not (mine.last and mine.last < theirs.first) and not (theirs.last and theirs.last < mine.first)


def _meet(one: Campaign, other: Campaign) -> bool:
    mine, theirs = one.plan.offer.effect, other.plan.offer.effect
    if mine is None or theirs is None:
        return False
    if {mine.level, theirs.level} & {Level.BASKET, Level.COUPON}:
        return True
    return not mine.articles or not theirs.articles or bool({*mine.articles} & {*theirs.articles})


def _own(one: Campaign) -> Iterator[str]:
    plan, period = one.plan, one.plan.offer.period
    if not 0 < len(one.id) <= ID_CHARS_MAX or set(one.id) - SIGNS or one.id in RESERVED:
        name = one.id[:ID_CHARS_MAX]
        yield f"{name!r}: a campaign's name has 1 to {ID_CHARS_MAX} small letters, digits, - or _"
    if not plan.goal:
        yield "it says nothing of what it is for"
    if not (_date(period.first) and _date(period.last)) or period.last < period.first:
        yield "it begins and ends on a day each, written as 2026-06-30"
    if not 0 <= plan.control <= CONTROL_MAX:
        yield f"at most {CONTROL_MAX} of 10,000 guests can be kept out of it"
    if not 0 <= plan.planned <= PLANNED_MAX or not 1 <= plan.window_days <= WINDOW_DAYS_MAX:
        yield f"an effect is read of at most {PLANNED_MAX} guests, over 1 to {WINDOW_DAYS_MAX} days"
    if plan.control and not plan.planned:
        yield "guests are kept out of it and nothing says of how many it is read"
    if plan.offer.public and (plan.control or plan.audience.segments):
        yield "what everybody is shown has neither segments nor guests who are kept out"
    for language, message in plan.offer.messages.items():
        yield from (f"{language}: {fault}" for fault in _words(message))


def _words(message: Message) -> Iterator[str]:
    for name in CHARS:
        text = getattr(message, name)
        if not text.isprintable():
            yield f"the {name} holds a sign that no screen shows"
        lacking = unprintable(text) if name in ON_PAPER else ""
        if lacking:
            yield f"the {name} holds {lacking!r}, which no receipt prints"


def _date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
