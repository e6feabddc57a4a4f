"""Offers: versions of a site's bundle from the draft to what is live, which two people stand for."""

from __future__ import annotations

from typing import Any

from sync.central.campaigns import life
from sync.central.console import amounts, desk
from sync.central.console.answers import Answer, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.pages.budget_map import budget_map
from sync.central.console.routes import Route, act, read
from sync.central.machines import devices
from sync.central.money import budgets
from sync.central.offers import bundle_checks, bundles, earned
from sync.central.offers.bundles import State, Version
from sync.central.store import Connection

HERE = "/sites/<site>/offers"
DRAFT_CHARS_MAX = 400_000
COLUMNS = ("version", "state", "offers", "made_by", "reviewed_by", "live_by", "since")
BUDGET_COLUMNS = ("campaign", "given", "at_central", "at_devices")
EARNED_COLUMNS = ("offer", "points_pending", "points_credited", "points_returned")
SHOWN_MAX = 20


def _all(ask: Ask) -> Answer:
    currency = ask.layout.currency
    with ask.store.reading() as tx:
        found = bundles.versions(tx, ask.site)[:SHOWN_MAX]
        live = next((one for one in found if one.state is State.LIVE), None)
        waiting = [one for one in found if one.state in (State.DRAFT, State.REVIEWED)]
        spread, places = budget_map(tx, ask, currency=currency)
        values = {
            "spread": spread,
            "places": places,
            "versions": Sheet(name="offers", columns=COLUMNS, rows=[_row(ask, one) for one in found]),
            "waiting": [_waiting(tx, ask, one) for one in waiting],
            "live": live,
            "budgets": _budgets(tx, ask, live, currency=currency),
            "earned": Sheet(
                name="offer_points",
                columns=EARNED_COLUMNS,
                rows=[(one[0], *map(str, one[1:])) for one in earned.sums(tx, ask.site)],
            ),
            "devices": [
                (one.name, one.report.bundle if one.report is not None else 0)
                for one in devices.devices(tx, ask.site)
                if one.state == devices.ACTIVE
            ],
        }
    return Page("offers.html", values)


def _row(ask: Ask, one: Version) -> tuple[str, ...]:
    since = one.live_ms or one.made_ms
    count = str(len(one.draft.bundle.offers))
    state = ask.words(f"bundle.{one.state}")
    return (str(one.version), state, count, one.made_by, one.reviewed_by, one.live_by, ask.time(since))


def _waiting(tx: Connection, ask: Ask, one: Version) -> dict[str, object]:
    said = bundle_checks.look(tx, ask.site, one.draft.bundle, totals=one.draft.budgets)
    step = "review" if one.state is State.DRAFT else "publish"
    return {"version": one.version, "by": one.made_by, "step": step, "warnings": said.warnings[:SHOWN_MAX]}


def _budgets(tx: Connection, ask: Ask, live: Version | None, *, currency: str) -> Sheet:
    rows = []
    for kind in live.draft.budgets if live is not None else ():
        free, out = budgets.left(tx, ask.site, kind, currency=currency)
        whole = budgets.total(tx, ask.site, kind, currency=currency)
        told = amounts.worded if budgets.is_money(kind) else _pieces
        rows.append((kind, *(told(one, currency) for one in (whole, free, out))))
    return Sheet(name="offer_budgets", columns=BUDGET_COLUMNS, rows=rows)


def _pieces(units: int, _: str) -> str:
    return str(units)


def _form(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    field = Field(name="bundle", kind=Kind.LONG, required=True, chars_max=DRAFT_CHARS_MAX)
    return Form(name="offers_new", fields=(field,), back=f"{ask.home}/offers", act="load")


def _make(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        made = bundles.make(tx, ask.site, bundles.read(said["bundle"]), by=ask.name)
        ask.record(tx, "offers_drafted", str(made.version), after=str(len(made.draft.bundle.offers)))
    return Moved(f"{ask.home}/offers", "offers_drafted")


def _review(ask: Ask) -> Answer:
    with ask.changing() as tx:
        found = bundles.review(tx, ask.site, _version(ask), by=ask.name)
        ask.record(tx, "offers_reviewed", str(found.version))
    return Moved(f"{ask.home}/offers", "offers_reviewed")


def _publish(ask: Ask) -> Answer:
    version = _version(ask)
    with ask.changing() as tx:
        ask.record(tx, "offers_published", str(version))
        bundles.go_live(tx, ask.site, version, by=ask.name)
    return Moved(f"{ask.home}/offers", "offers_published")


def _stop(ask: Ask) -> Answer:
    with ask.changing() as tx:
        ask.record(tx, "offers_stopped", ask.site)
        life.stop_all(tx, ask.site, by=ask.name)
    return Moved(f"{ask.home}/offers", "offers_stopped")


def _version(ask: Ask) -> int:
    told = ask.path["version"]
    if not told.isdecimal() or len(told) > 9:
        raise Mistyped("version", "wrong.choice")
    return int(told)


ROUTES: tuple[Route, ...] = (
    read(HERE, _all, "Offers: what is live, what waits, and which device runs what."),
    *desk.routes_of(f"{HERE}/new", Desk(_form, _make), "load a draft of offers."),
    act(f"{HERE}/<version>/review", _review, "Say that somebody else's draft of offers is good."),
    act(f"{HERE}/<version>/publish", _publish, "Publish offers that two people stand for."),
    act(f"{HERE}/stop", _stop, "Stop all offers at once."),
)
