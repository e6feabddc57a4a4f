"""Campaigned: campaigns as they stand, and a bundle of offers with those in it that two people stand for."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from edge.core.calendar import local
from edge.core.offers import Budget, Bundle, Experiment, Offer, OfferRule, Unit
from sync.central.days import zone_of
from sync.central.money import budgets as budgeted
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    metadata,
    now_of,
    select,
)

CAMPAIGNS_MAX = 200
"""Listed of one site, the newest first."""
ID_CHARS_MAX = 24
"""A campaign's budget is a lease's kind with its name in it."""
NAME_CHARS_MAX = 64


class State(enum.StrEnum):
    """How far a campaign has come; whether it is live now the calendar says, and no stored word."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    """A second person has looked at it."""
    SCHEDULED = "scheduled"
    """In the bundle: it holds from its first day to its last."""
    PAUSED = "paused"
    ENDED = "ended"
    """Over, taken back, or followed by another revision."""


class Standing(enum.StrEnum):
    """What a campaign is at this moment."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class Audience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom it is for: guests in one of these segments of whom the rule says yes, too."""

    segments: tuple[str, ...] = ()
    rule: str = ""
    """CEL over the context of an offer; empty: everybody of these segments."""

    @property
    def cel(self) -> str:
        """Return both as the one rule of its offer; empty: it asks nothing."""
        among = " || ".join(f'"{code}" in guest.segments' for code in self.segments)
        return " && ".join(f"({one})" for one in (among, self.rule) if one)


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a campaign is: one offer with one text for each language, for whom, and what it may cost."""

    goal: str
    offer: Offer
    """As it is to be shown; its name, rule, budget and experiment come from the campaign."""
    audience: Audience = Audience()
    unit: Unit = Unit.UNITS
    budget: int = 0
    """In all, in pieces or minor units; 0: it costs nothing."""
    each: int = 1
    """What one redemption takes of it at most."""
    control: int = 0
    """Of 10,000 buckets: guests who do not get it, so that its effect can be read."""
    planned: int = 0
    """Guests of each arm before anything is read."""
    window_days: int = 7
    """For so long after it was first shown a purchase counts."""


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a campaign; what was looked through is never changed, only followed."""

    id: str
    revision: int
    state: State
    plan: Plan
    made_by: str
    made_ms: int
    reviewed_by: str = ""
    changed_by: str = ""
    changed_ms: int = 0
    version: int = 0
    """Of the last bundle that it came into, or was taken out of."""

    @property
    def kind(self) -> str:
        """The name of its budget among leases."""
        return f"{'gift' if self.plan.unit is Unit.MONEY else 'offer'}:{self.id}"

    @property
    def rule(self) -> str:
        """The id of its rule in a bundle; empty: it has none."""
        return f"campaign.{self.id}" if self.plan.audience.cel else ""

    def standing(self, today: str) -> Standing:
        """Return what it is on a local date, ISO 8601."""
        if self.state is not State.SCHEDULED:
            return Standing(self.state.value)
        period = self.plan.offer.period
        if period.last and today > period.last:
            return Standing.ENDED
        return Standing.LIVE if period.first <= today else Standing.SCHEDULED

    @property
    def offer(self) -> Offer:
        """The offer as a bundle holds it."""
        plan = self.plan
        budget = Budget(id=self.kind, unit=plan.unit, each=plan.each) if plan.budget else None
        return replace(
            plan.offer,
            id=self.id,
            campaign=self.id,
            rule=self.rule,
            budget=budget,
            experiment=self.id if plan.control else "",
        )


campaign_table = Table(
    "campaign",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("campaign_id", String(ID_CHARS_MAX), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made_by", String(NAME_CHARS_MAX), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("reviewed_by", String(NAME_CHARS_MAX), nullable=False),
    Column("changed_by", String(NAME_CHARS_MAX), nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)
own = campaign_table.c
_plan = msgspec.msgpack.Decoder(Plan).decode
_SAME = tuple(one for one in Campaign.__struct_fields__ if one not in ("id", "state", "plan"))


def today_of(tx: Connection, site: str) -> str:
    """Return the date at the site."""
    return dt.date.isoformat(local(zone_of(tx, site), now_of(tx)).date())


def row_of(site: str, one: Campaign) -> dict[str, object]:
    """Return a campaign as its row."""
    body = msgspec.msgpack.encode(one.plan)
    same = {name: getattr(one, name) for name in _SAME}
    return {**same, "site_id": site, "campaign_id": one.id, "state": one.state.value, "body": body}


def campaign_of(row: Row[object]) -> Campaign:
    """Return the campaign of a row."""
    same = {name: getattr(row, name) for name in _SAME}
    return Campaign(id=row.campaign_id, state=State(row.state), plan=_plan(bytes(row.body)), **same)


def newest(tx: Connection, site: str) -> tuple[Campaign, ...]:
    """Return of each campaign the revision that stands, the one that was touched last first."""
    rows = tx.execute(select(campaign_table).where(own.site_id == site).order_by(own.revision.desc()))
    by_name: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_name.setdefault(row.campaign_id, []).append(row)
    found = [every[_stands([row.state for row in every])] for every in by_name.values()]
    found.sort(key=lambda row: (-row.changed_ms, row.campaign_id))
    return tuple(map(campaign_of, found[:CAMPAIGNS_MAX]))


def standing_of(every: Sequence[Campaign]) -> Campaign:
    """Return the newest revision that is not over, else the newest: a draft let go ends nothing else."""
    return every[_stands([one.state for one in every])]


def _stands(states: Sequence[str]) -> int:
    return next((at for at, state in enumerate(states) if state != State.ENDED), 0)


def in_force(tx: Connection, site: str) -> tuple[Campaign, ...]:
    """Return the revisions that belong into a bundle: scheduled, and not over."""
    query = select(campaign_table).where(own.site_id == site, own.state == State.SCHEDULED.value)
    found = map(campaign_of, tx.execute(query.order_by(own.campaign_id, own.revision)))
    today = today_of(tx, site)
    return tuple(one for one in found if one.standing(today) is not Standing.ENDED)


def woven(
    tx: Connection, site: str, bundle: Bundle, *, totals: Mapping[str, int]
) -> tuple[Bundle, dict[str, int]]:
    """Return a bundle and its budgets with just those campaigns in it that are in force.

    What else is in it stays; of a campaign that is in it and is not in force, nothing does, and what
    is left of its budget comes back.
    """
    all_ = set(tx.execute(select(own.campaign_id).where(own.site_id == site).distinct()).scalars())
    if not all_:
        return bundle, dict(totals)
    mine = in_force(tx, site)
    before = {offer.budget.id for offer in bundle.offers if offer.id in all_ and offer.budget is not None}
    gone = {f"campaign.{name}" for name in all_}
    others = {kind: units for kind, units in totals.items() if kind.partition(":")[2] not in all_}
    added = with_campaigns(
        replace(
            bundle,
            offers=tuple(one for one in bundle.offers if one.id not in all_),
            rules=tuple(one for one in bundle.rules if one.id not in gone),
            experiments=tuple(one for one in bundle.experiments if one.id not in all_),
        ),
        mine,
    )
    return added, {**others, **dict.fromkeys(sorted(before), 0), **totals_of(mine)}


def with_campaigns(bundle: Bundle, campaigns: Iterable[Campaign]) -> Bundle:
    """Return a bundle with these campaigns in it, too."""
    told = list(campaigns)
    rules = (
        OfferRule(id=one.rule, version=one.revision, cel=one.plan.audience.cel) for one in told if one.rule
    )
    trials = (
        Experiment(id=one.id, salt=one.id, share=one.plan.control, planned=one.plan.planned)
        for one in told
        if one.plan.control
    )
    return replace(
        bundle,
        offers=(*bundle.offers, *(one.offer for one in told)),
        rules=(*bundle.rules, *rules),
        experiments=(*bundle.experiments, *trials),
    )


def totals_of(campaigns: Iterable[Campaign]) -> dict[str, int]:
    """Return what each campaign may cost in all, by the kind of its lease."""
    told = {one.kind: one.plan.budget for one in campaigns if one.plan.budget}
    for kind, units in told.items():
        budgeted.check(kind, units)
    return told
