"""Campaigns of eighteen months: twelve that two people stood for, of which two are running experiments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from types import MappingProxyType

from edge.core.calendar import instant
from edge.core.catalogue import LANGUAGES
from edge.core.offers import Bundle, Effect, Kind, Message, Offer, Period, Unit
from edge.run.demo.history.trials import rows
from edge.run.demo.offers import LOOKED_BY, MADE_BY
from sync.central.campaigns import life, standing
from sync.central.offers import bundles
from sync.central.offers.campaigned import Campaign, Plan, State, totals_of, with_campaigns
from sync.central.store import Connection

HALF, PLANNED, BUDGET_MINOR = 5_000, 250, 200_000
WHERE = ("kiosk-2",)
"""In town: at the tray's own kiosk the park's first four stay to be seen."""
CALLS = MappingProxyType(
    {"it": "Lo prendo", "en": "I take it", "fr": "Je le prends", "de": "Nehme ich", "es": "Lo quiero"}
)


def plans(last: int) -> Iterator[tuple[str, Plan]]:
    """Yield each campaign by name."""
    for row in rows(last):
        offer = Offer(
            id=row.campaign,
            kind=Kind.DISCOUNT,
            campaign=row.campaign,
            messages={language: _message(row.words[language], language) for language in LANGUAGES},
            period=Period(first=_date(row.first), last=_date(row.last)),
            points=WHERE,
            effect=Effect(off_minor=row.off_minor, articles=(row.article,), units=1),
        )
        yield (
            row.campaign,
            Plan(
                goal=offer.messages["it"].headline,
                offer=offer,
                unit=Unit.MONEY,
                budget=BUDGET_MINOR,
                each=row.off_minor,
                control=HALF if row.trial else 0,
                planned=PLANNED if row.trial else 0,
            ),
        )


def open_campaigns(tx: Connection, site: str, last: int, *, zone: dt.tzinfo) -> bool:
    """Keep the twelve as they ran, once: ten are over, two run; returns whether they are new. Call it last.

    What guests were shown of them is judged by the version that has all twelve in it; it was never live here.
    """
    every = list(plans(last))
    if any(life.revisions(tx, site, name) for name, _ in every):
        return False
    shown = bundles.make(tx, site, _as_shown(last), by=MADE_BY)
    for name, plan in every:
        began_ms = instant(zone, dt.date.fromisoformat(plan.offer.period.first).toordinal(), 0)
        state, version = (
            (State.SCHEDULED, shown.version + 1) if plan.control else (State.ENDED, shown.version)
        )
        life.bring(tx, site, Campaign(
            id=name, revision=1, state=state, plan=plan, made_by=MADE_BY, made_ms=began_ms,
            reviewed_by=LOOKED_BY, changed_by=MADE_BY, changed_ms=began_ms, version=version,
        ))  # fmt: skip
    made = bundles.make(tx, site, bundles.draft_in_force(tx, site), by=MADE_BY)
    bundles.review(tx, site, made.version, by=LOOKED_BY)
    bundles.go_live(tx, site, made.version, by=MADE_BY)
    standing.tell(tx, site)
    return True


def _as_shown(last: int) -> bundles.Draft:
    """Return all twelve as one bundle."""
    made = [
        Campaign(id=name, revision=1, state=State.ENDED, plan=plan, made_by=MADE_BY, made_ms=0)
        for name, plan in plans(last)
    ]
    return bundles.Draft(bundle=with_campaigns(Bundle(version=0), made), budgets=totals_of(made))


def _message(text: str, language: str) -> Message:
    name, _, headline = text.partition("|")
    return Message(name=name, headline=headline, body=f"{headline}.", call=CALLS[language])


def _date(day: int) -> str:
    return dt.date.fromordinal(day).isoformat()
