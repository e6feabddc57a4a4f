"""A site with a price list, its people, and a campaign in one line."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.catalogue import Article
from edge.core.offers import Effect, Kind, Message, Offer, Period, Unit
from edge.core.places import Layout
from sync.central.campaigns import life
from sync.central.offers.campaigned import Audience, Plan
from sync.central.registry import catalogue, layout
from sync.central.store import Store
from sync.central.tongues import LANGUAGES

SITE = "park"
ANNA, PIERO = "anna", "piero"
FIRST, LAST = "2025-01-01", "2026-12-31"
MESSAGES = {
    one: Message(
        name=f"Zuppa {one}", headline="Zuppa a metà", body="Oggi al chiosco.", terms="Una a testa.", call="Ok"
    )
    for one in LANGUAGES
}
SOUP = Offer(
    id="",
    kind=Kind.DISCOUNT,
    campaign="",
    messages=MESSAGES,
    period=Period(first=FIRST, last=LAST),
    effect=Effect(percent=50, articles=("soup",)),
)


def a_plan(offer: dict[str, Any] | None = None, **changes: Any) -> Plan:
    """Half a soup for regulars, 1,000 euro in all, one in ten kept out."""
    plan = Plan(
        goal="More soup at noon",
        offer=msgspec.structs.replace(SOUP, **(offer or {})),
        audience=Audience(segments=("behaviour:weekly",)),
        unit=Unit.MONEY,
        budget=100_000,
        each=300,
        control=1_000,
        planned=100,
    )
    return msgspec.structs.replace(plan, **changes)


def opened(store: Store) -> None:
    """Give the site its money, its clock and two things to sell."""
    with store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome", currency="EUR"))
        layout.publish_layout(tx, SITE)
        soup = Article(id="soup", names={"it": "Zuppa"}, price_minor=600)
        catalogue.put(tx, SITE, [soup, Article(id="cake", names={"it": "Torta"}, price_minor=350)])


def scheduled(store: Store, name: str = "soup-days", plan: Plan | None = None) -> None:
    """Have a campaign drafted by one, looked through by the other, and published."""
    with store.transaction() as tx:
        life.make(tx, SITE, name, plan=plan or a_plan(), by=ANNA)
        life.review(tx, SITE, name, by=PIERO)
        life.schedule(tx, SITE, name, by=ANNA)
