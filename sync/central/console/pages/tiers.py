"""Tiers: the ladder of a site as a list, changed whole by one form."""

from __future__ import annotations

from typing import Any

from edge.core.money import spelled
from edge.core.tiers import NOTICE_DAYS, Ladder, Step
from sync.central.console import amounts, desk, listing
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Form, Moved, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.listing import Listing
from sync.central.console.routes import Route
from sync.central.registry import ladders

HERE = "/sites/<site>/tiers"
STEPS = "steps"
COLUMNS = ("tier", "from", "currency", "notice_days", "guests")
FIELDS = (
    Field(name=STEPS, kind=Kind.ROWS, columns=("tier", "from")),
    Field(name="notice_days", kind=Kind.NUMBER, required=True, low=1, high=ladders.NOTICE_DAYS_MAX),
)


def _page(ask: Ask, after: str) -> Sheet:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        now, counts = ladders.ladder(tx, ask.site), ladders.counts(tx, ask.site)
    rows = [] if now is None else [_row(now, step, counts.get(step.tier, 0)) for step in now.steps]
    return Sheet(name="tiers", columns=COLUMNS, rows=rows)


def _row(now: Ladder, step: Step, guests: int) -> tuple[str | int, ...]:
    return (step.tier, spelled(step.from_minor, now.currency), now.currency, now.notice_days, guests)


def _form(ask: Ask) -> Form:
    currency = ask.layout.currency
    with ask.store.reading() as tx:
        now = ladders.ladder(tx, ask.site)
    steps = now.steps if now is not None else ()
    values = {
        STEPS: [{"tier": one.tier, "from": spelled(one.from_minor, currency)} for one in steps],
        "notice_days": now.notice_days if now is not None else NOTICE_DAYS,
    }
    return Form(name="tiers_change", fields=FIELDS, values=values, back=f"{ask.home}/tiers")


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    """Store the ladder; without any tier there is none, and words that operators type stay."""
    currency = ask.layout.currency
    steps = tuple(_step(row, currency) for row in said[STEPS])
    wanted = Ladder(steps=steps, currency=currency, notice_days=said["notice_days"]) if steps else None
    with ask.changing() as tx:
        before = ladders.ladder(tx, ask.site)
        ladders.put_ladder(tx, ask.site, wanted)
        ask.record(tx, "tiers_changed", ask.site, before=short(before), after=short(wanted))
    return Moved(f"{ask.home}/tiers", "tiers_changed")


def _step(row: dict[str, str], currency: str) -> Step:
    minor = amounts.meant(STEPS, row["from"], currency)
    if minor is None or not row["tier"]:
        raise Mistyped(STEPS, "wrong.tiers")
    return Step(row["tier"], minor)


TIERS = Listing(name="tiers", page=_page, add="change")
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, TIERS),
    *desk.routes_of(f"{HERE}/change", Desk(_form, _save), "change the tiers of a site."),
)
