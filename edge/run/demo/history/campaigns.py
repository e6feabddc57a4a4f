"""Campaigns of eighteen months: twelve that two people stood for, of which two are running experiments."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from importlib import resources
from io import StringIO
from types import MappingProxyType

from edge.core.catalogue import LANGUAGES
from edge.core.offers import Effect, Kind, Message, Offer, Period, Unit
from edge.run.demo.history.deeds import TRIALS
from edge.run.demo.offers import LOOKED_BY, MADE_BY
from sync.central.campaigns import life
from sync.central.offers.campaigned import Plan
from sync.central.store import Connection

HALF, PLANNED, BUDGET_MINOR = 5_000, 400, 200_000
APART_DAYS, LASTS_DAYS, RUNS_ON_DAYS = 43, 42, 90
WHERE = ("kiosk-2",)
"""In town: at the tray's own kiosk the park's first four stay to be seen."""
CALLS = MappingProxyType(
    {"it": "Lo prendo", "en": "I take it", "fr": "Je le prends", "de": "Nehme ich", "es": "Lo quiero"}
)


def plans(last: int) -> Iterator[tuple[str, Plan]]:
    """Yield each campaign by name; those of the experiments go on for a season from the last day."""
    running = {one.campaign for one in TRIALS}
    text = resources.files("edge.run.demo.history").joinpath("campaigns.csv").read_text(encoding="utf-8")
    for number, row in enumerate(csv.DictReader(StringIO(text), delimiter=";")):
        begins = last - 12 * APART_DAYS + number * APART_DAYS
        ends = last + RUNS_ON_DAYS if row["id"] in running else begins + LASTS_DAYS
        offer = Offer(
            id=row["id"],
            kind=Kind.DISCOUNT,
            campaign=row["id"],
            messages={language: _message(row[language], language) for language in LANGUAGES},
            period=Period(first=_date(begins), last=_date(ends)),
            points=WHERE,
            effect=Effect(off_minor=int(row["off"]), articles=(row["article"],), units=1),
        )
        control = HALF if row["id"] in running else 0
        yield (
            row["id"],
            Plan(
                goal=offer.messages["it"].headline,
                offer=offer,
                unit=Unit.MONEY,
                budget=BUDGET_MINOR,
                each=int(row["off"]),
                control=control,
                planned=PLANNED if control else 0,
            ),
        )


def open_campaigns(tx: Connection, site: str, last: int) -> bool:
    """Keep the twelve, once: ten are over, two run; returns whether they are new. Call it last."""
    every = list(plans(last))
    if any(life.revisions(tx, site, name) for name, _ in every):
        return False
    for name, plan in every:
        life.make(tx, site, name, plan=plan, by=MADE_BY)
        life.review(tx, site, name, by=LOOKED_BY)
        if not plan.control:
            life.end(tx, site, name, by=MADE_BY)
    for name, plan in every:
        if plan.control:
            life.schedule(tx, site, name, by=MADE_BY)
    return True


def _message(text: str, language: str) -> Message:
    name, _, headline = text.partition("|")
    return Message(name=name, headline=headline, body=f"{headline}.", call=CALLS[language])


def _date(day: int) -> str:
    return dt.date.fromordinal(day).isoformat()
