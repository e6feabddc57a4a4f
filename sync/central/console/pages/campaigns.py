"""Campaigns: each with how far it has come, what it may cost and may meet; and the steps of its life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from edge.core.offers import Unit
from sync.central.analysis.results import results as reports
from sync.central.campaigns import checks, life
from sync.central.console import cells, desk, listing
from sync.central.console.answers import Answer, Cell, Export, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.listing import Listing
from sync.central.console.pages.budget_map import budget_map
from sync.central.console.pages.campaign_calendar import calendar
from sync.central.console.pages.campaign_form import fields, plan_of, shown
from sync.central.console.routes import Audience, Route, act, read
from sync.central.money import budgets
from sync.central.offers import campaigned, deals
from sync.central.offers.campaigned import Campaign, Standing, State
from sync.central.store import Connection

HERE = "/sites/<site>/campaigns"
ONE = f"{HERE}/<campaign>"
COLUMNS = ("campaign", "state", "goal", "first_date", "last_date", "budget", "left", "version")
REVISIONS = ("revision", "state", "made_by", "reviewed_by", "version", "since")
CLASHES = ("campaign", "other_campaign", "first_date", "last_date")
MARKS = {Standing.LIVE: "active", Standing.SCHEDULED: "done", Standing.PAUSED: "waiting"}
STEPS = {
    State.REVIEWED: "review",
    State.SCHEDULED: "publish",
    State.PAUSED: "pause",
    State.ENDED: "end",
}
"""How each move is called on the page."""


def _page(ask: Ask, after: str) -> Sheet:
    del after  # there are no more campaigns than fit on a page
    with ask.store.reading() as tx:
        return _sheet(ask, tx, campaigned.newest(tx, ask.site))


def _sheet(ask: Ask, tx: Connection, found: Sequence[Campaign]) -> Sheet:
    currency, today = ask.layout.currency, campaigned.today_of(tx, ask.site)
    rows = [_row(ask, tx, one, today=today, currency=currency) for one in found]
    return Sheet(name="campaigns", columns=COLUMNS, rows=rows)


def _row(ask: Ask, tx: Connection, one: Campaign, *, today: str, currency: str) -> list[Cell | str]:
    period = one.plan.offer.period
    free = sum(budgets.left(tx, ask.site, one.kind, currency=currency)) if one.plan.budget else 0
    return [
        Cell(one.id, href=f"{ask.home}/campaigns/{one.id}"),
        _state(ask, one, today),
        one.plan.goal,
        period.first,
        period.last,
        _units(one, one.plan.budget, currency),
        _units(one, free, currency),
        str(one.version or ""),
    ]


def _state(ask: Ask, one: Campaign, today: str) -> Cell:
    standing = one.standing(today)
    return Cell(ask.words(f"campaign.{standing}"), mark=MARKS.get(standing, "plain"))


def _units(one: Campaign, units: int, currency: str) -> Cell | str:
    if not one.plan.budget:
        return ""
    return cells.amount(units, currency) if one.plan.unit is Unit.MONEY else str(units)


def _all(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        found = campaigned.newest(tx, ask.site)
        spread, places = budget_map(tx, ask, currency=ask.layout.currency)
        days = calendar(_open(found), campaigned.today_of(tx, ask.site))
        sheet = _sheet(ask, tx, found)
    values = {"sheet": sheet, "clashes": _clashes(found), "spread": spread, "places": places}
    return Page("campaigns.html", values | {"calendar": days})


def _open(found: Iterable[Campaign]) -> list[Campaign]:
    return [one for one in found if one.state is not State.ENDED]


def _clashes(found: Iterable[Campaign]) -> Sheet:
    pairs = [
        (one.id, other.id, max(one.plan.offer.period.first, other.plan.offer.period.first),
         min(one.plan.offer.period.last, other.plan.offer.period.last))
        for one, other in checks.clashes(_open(found))
    ]  # fmt: skip
    return Sheet(name="campaign_clashes", columns=CLASHES, rows=pairs)


def _clashes_exported(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        found = campaigned.newest(tx, ask.site)
    return Export("campaign-clashes", iter([_clashes(found)]))


def _one(ask: Ask) -> Answer:
    name, currency = ask.path["campaign"], ask.layout.currency
    with ask.store.reading() as tx:
        every = life.revisions(tx, ask.site, life.find(tx, ask.site, name).id)
        one, today = campaigned.standing_of(every), campaigned.today_of(tx, ask.site)
        open_ = life.steps(every)
        inside = next((other for other in every if other.state is State.SCHEDULED), None)
        values = {
            "one": one,
            "state": _state(ask, one, today),
            "inside": inside if inside is not one else None,
            "steps": [
                step
                for to, step in STEPS.items()
                if to in open_ and (step != "review" or ask.name != one.made_by)
            ],
            "own": one.state is State.DRAFT and ask.name == one.made_by,
            "warnings": checks.warnings(tx, ask.site, one) if one.state is not State.ENDED else (),
            "reach": _reach(ask, tx, one),
            "everywhere": _everywhere(ask, tx, one),
            "budget": _units(one, one.plan.budget, currency),
            "each": _units(one, one.plan.each, currency),
            "revisions": _revisions(ask, every, today),
        }
    return Page("campaign.html", values)


def _revisions(ask: Ask, every: Sequence[Campaign], today: str) -> Sheet:
    rows = [_revision(ask, one, today) for one in every]
    return Sheet(name="campaign_revisions", columns=REVISIONS, rows=rows)


def _revisions_exported(ask: Ask) -> Answer:
    name = ask.path["campaign"]
    with ask.store.reading() as tx:
        every = life.revisions(tx, ask.site, life.find(tx, ask.site, name).id)
        sheet = _revisions(ask, every, campaigned.today_of(tx, ask.site))
    return Export(f"{name}-revisions", iter([sheet]))


def _reach(ask: Ask, tx: Connection, one: Campaign) -> list[tuple[str, int]]:
    """Return the segments that it is for with their sizes of the last night; nobody in them is named."""
    found = reports(tx, ask.site)
    return [(code, found[code].size if code in found else 0) for code in one.plan.audience.segments]


def _everywhere(ask: Ask, tx: Connection, one: Campaign) -> str:
    """Say among how many devices its limits are dealt, or will be; nothing where none holds everywhere."""
    if not any(cap.everywhere for cap in one.plan.offer.caps):
        return ""
    known = deals.known(tx, ask.site, one.id)
    count = len(deals.to_come(tx, ask.site) if known is None else known)
    if not count:
        return ask.words("campaign.dealt_to_none")
    return ask.words("campaign.to_be_dealt" if known is None else "campaign.dealt", count=count)


def _revision(ask: Ask, one: Campaign, today: str) -> list[Cell | str]:
    state = _state(ask, one, today)
    version = str(one.version or "")
    return [str(one.revision), state, one.made_by, one.reviewed_by, version, ask.time(one.changed_ms)]


def _form(ask: Ask) -> Form:
    name, known = ask.path.get("campaign", ""), None
    if name:
        with ask.store.reading() as tx:
            known = life.find(tx, ask.site, name)
    back = f"{ask.home}/campaigns/{name}" if name else f"{ask.home}/campaigns"
    return Form(
        name="campaign_change" if name else "campaign_new",
        fields=fields(known=bool(name)),
        values=shown(known, currency=ask.layout.currency),
        back=back,
        title=name,
    )


def _make(ask: Ask, said: dict[str, Any]) -> Answer:
    name = ask.path.get("campaign", "") or said["campaign_id"]
    plan = plan_of(said, currency=ask.layout.currency)
    with ask.changing() as tx:
        made = life.make(tx, ask.site, name, plan=plan, by=ask.name)
        ask.record(tx, "campaign_drafted", name, after=f"revision={made.revision}")
    return Moved(f"{ask.home}/campaigns/{name}", "campaign_drafted")


def _review(ask: Ask) -> Answer:
    name = ask.path["campaign"]
    with ask.changing() as tx:
        found = life.review(tx, ask.site, name, by=ask.name)
        ask.record(tx, "campaign_reviewed", name, after=f"revision={found.revision}")
    return Moved(f"{ask.home}/campaigns/{name}", "campaign_reviewed")


def _publish(ask: Ask) -> Answer:
    name = ask.path["campaign"]
    with ask.changing() as tx:
        ask.record(tx, "campaign_published", name)
        life.schedule(tx, ask.site, name, by=ask.name)
    return Moved(f"{ask.home}/campaigns/{name}", "campaign_published")


def _pause(ask: Ask) -> Answer:
    name = ask.path["campaign"]
    with ask.changing() as tx:
        ask.record(tx, "campaign_paused", name)
        life.pause(tx, ask.site, name, by=ask.name)
    return Moved(f"{ask.home}/campaigns/{name}", "campaign_paused")


def _end(ask: Ask) -> Answer:
    name = ask.path["campaign"]
    with ask.changing() as tx:
        ask.record(tx, "campaign_ended", name)
        life.end(tx, ask.site, name, by=ask.name)
    return Moved(f"{ask.home}/campaigns/{name}", "campaign_ended")


_LIST = Listing(name="campaigns", page=_page)
_BY = Audience.CAMPAIGNS
_DESK = Desk(_form, _make)
ROUTES: tuple[Route, ...] = (
    read(HERE, _all, "Campaigns, how far each has come, and which of them meet.", audience=_BY),
    *listing.routes_of(HERE, _LIST, audience=_BY)[1:],
    read(f"{HERE}/clashes.csv", _clashes_exported, "Campaigns that meet, as CSV.", audience=_BY),
    read(f"{ONE}/revisions.csv", _revisions_exported, "Its revisions as CSV.", audience=_BY),
    *desk.routes_of(f"{HERE}/new", _DESK, "draft a campaign.", audience=_BY),
    read(ONE, _one, "One campaign: its plan, its revisions and what may be done next.", audience=_BY),
    *desk.routes_of(f"{ONE}/change", _DESK, "draft another revision of a campaign.", audience=_BY),
    act(f"{ONE}/review", _review, "Say that somebody else's campaign is good.", audience=_BY),
    act(f"{ONE}/publish", _publish, "Publish a campaign that two people stand for.", audience=_BY),
    act(f"{ONE}/pause", _pause, "Take a campaign out of what is published, at once.", audience=_BY),
    act(f"{ONE}/end", _end, "End a campaign for good.", audience=_BY),
)
