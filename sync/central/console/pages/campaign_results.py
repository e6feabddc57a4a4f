"""Campaigns behind them: what came of each, night by night as it was read, and of today so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sync.central.analysis.facts import Calendar
from sync.central.campaigns import life, readings, results
from sync.central.campaigns.always import Between
from sync.central.campaigns.lift import Arm, Lift, Verdict, wilson
from sync.central.campaigns.readings import Kept
from sync.central.campaigns.results import Day
from sync.central.console import cells
from sync.central.console.amounts import worded
from sync.central.console.answers import Answer, Cell, Export, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.pages.campaigns import ONE
from sync.central.console.routes import Audience, Route, read
from sync.central.journey.figures import PEOPLE_MIN
from sync.central.offers.campaigned import Campaign

DAYS = ("date", "shown", "taken_up", "redeemed", "returned", "took_off")
ARMS = ("arm", "guests", "planned", "bought", "rate", "low", "high")
NIGHTS = ("cut_off", "revision", "offered", "withheld", "verdict", "difference", "low", "high", "heard_of",
          "times_read")  # fmt: skip
PERCENT, SCALE = 100, 1_000
ROWS_MAX, NIGHTS_MAX = 31, 14
"""Days and nights of which a page has a line, the newest; its chart and the file have all."""
HIGH = 240
"""Of the chart, to its thousand across."""
ARMS_OF = ("offered", "withheld")


class Found(NamedTuple):
    """A campaign with all that was read of it."""

    one: Campaign
    nights: tuple[Kept, ...]
    days: tuple[Day, ...]
    """As they were read by night, and what is behind the last night as it stands now."""
    so_far: bool
    """The last day is not over."""

    @property
    def lift(self) -> Lift | None:
        """Return the newest reading of its experiment; None: it has none, or no night is behind it."""
        newest = self.nights[-1].reading.read if self.nights else None
        return newest.lift if newest is not None else None


class Band(NamedTuple):
    """Intervals of nights as a chart: its outline, its middle, where zero lies, and what its edges say."""

    outline: str
    middle: str
    zero: int
    top: str
    bottom: str
    first: str
    last: str


def _results(ask: Ask) -> Answer:
    found = _read(ask)
    one, lift = found.one, found.lift
    newest = found.nights[-1] if found.nights else None
    shown = found.days[-ROWS_MAX:]
    most = max((day.shown for day in shown), default=0) or 1
    so_far = newest.reading.read.so_far if newest is not None and newest.reading.read is not None else None
    values = {
        "one": one,
        "newest": newest,
        "heard": newest.heard_permille // 10 if newest is not None else 0,
        "totals": _totals(ask, found.days),
        "days": _days_sheet(ask, shown),
        "bars": [(day.date, day.shown, day.shown * SCALE // most) for day in shown],
        "so_far": found.so_far,
        "lift": lift,
        "arms": _arms_sheet(ask, one, lift) if lift is not None else None,
        "whiskers": _whiskers(ask, lift) if lift is not None else [],
        "between": _said(_between(lift, None)) if lift is not None else (),
        "early": _said(so_far),
        "nights": _nights_sheet(ask, found.nights[-NIGHTS_MAX:]),
        "band": _band(found.nights),
        "two_arms": newest.reading.read.two_arms if newest is not None and newest.reading.read else 0,
        "articles": " ".join(one.plan.offer.effect.articles if one.plan.offer.effect else ()),
    }
    return Page("campaign_results.html", values)


def _read(ask: Ask) -> Found:
    with ask.store.reading() as tx:
        standing = life.find(tx, ask.site, ask.path["campaign"])
        one = life.published(tx, ask.site, standing.id) or standing
        nights = readings.kept(tx, ask.site, one.id)
        since_ms = Calendar(tx, ask.site).ends_ms(nights[-1].day) if nights else 0
        now = tuple(results.days(tx, ask.site, one, since_ms=since_ms))
    told = tuple(night.reading.told for night in nights if _told(night.reading.told))
    return Found(one, nights, (*told, *now), so_far=bool(now))


def _told(day: Day) -> bool:
    return any((day.shown, day.taken, day.redeemed, day.returned))


def _totals(ask: Ask, days: Sequence[Day]) -> list[tuple[str, str]]:
    """Return the sums of all days, and which share of what was shown was redeemed."""
    shown, redeemed = (sum(getattr(day, name) for day in days) for name in ("shown", "redeemed"))
    minor = sum(day.minor for day in days)
    took_off = worded(minor, ask.layout.currency)
    return [
        ("column.shown", str(shown)),
        ("column.redeemed", str(redeemed)),
        ("campaign.of_shown", f"{PERCENT * redeemed / shown:.1f} %" if shown else "0 %"),
        # Channels tell of no amount: nothing is no figure of theirs.
        *([("column.took_off", took_off)] if minor else []),
    ]


def _days_sheet(ask: Ask, days: Sequence[Day]) -> Sheet:
    currency = ask.layout.currency
    rows = [
        (day.date, day.shown, day.taken, day.redeemed, day.returned, cells.amount(day.minor, currency))
        for day in days
    ]
    return Sheet(name="campaign_days", columns=DAYS, rows=rows)


def _arms_sheet(ask: Ask, one: Campaign, lift: Lift) -> Sheet:
    rows = [_arm(ask, one, lift, name=name) for name in ARMS_OF]
    return Sheet(name="campaign_arms", columns=ARMS, rows=rows)


def _arm(ask: Ask, one: Campaign, lift: Lift, *, name: str) -> tuple[Cell | str | int, ...]:
    """Return a row of the reading: before its time it holds how many guests there are, and no share."""
    arm: Arm = getattr(lift, name)
    label = ask.words(f"arm.{name}")
    if 0 < arm.guests < PEOPLE_MIN or lift.verdict in (Verdict.NOT_YET, Verdict.VOID):
        return label, _guests(ask, arm), one.plan.planned, "", "", "", ""
    low, high = wilson(arm)
    return (
        label,
        arm.guests,
        one.plan.planned,
        arm.did,
        *(cells.share(f"{PERCENT * rate:.2f}") for rate in (arm.rate, low, high)),
    )


def _guests(ask: Ask, arm: Arm) -> str | int:
    few = 0 < arm.guests < PEOPLE_MIN
    return ask.words("fewer_than", count=PEOPLE_MIN) if few else arm.guests


def _whiskers(ask: Ask, lift: Lift) -> list[tuple[str | int, ...]]:
    """Return name, share and where share and interval stand, in thousandths of the widest, of each arm."""
    if lift.verdict in (Verdict.NOT_YET, Verdict.VOID):
        return []
    arms: dict[str, Arm] = {name: getattr(lift, name) for name in ARMS_OF}
    widest = max(wilson(arm)[1] for arm in arms.values()) or 1.0
    told = []
    for name, arm in arms.items():
        low, high = wilson(arm)
        places = (round(SCALE * one / widest) for one in (low, arm.rate, high))
        row: tuple[str | int, ...] = (ask.words(f"arm.{name}"), _share(arm.rate), *places)
        told.append(row)
    return told


def _between(lift: Lift, so_far: Between | None) -> Between | None:
    """Return what may be said of a night: the reading of its end, or what holds on any night."""
    if lift.verdict in (Verdict.NOT_YET, Verdict.VOID):
        return so_far
    return Between(
        offered=lift.offered, withheld=lift.withheld, difference=lift.difference, low=lift.low, high=lift.high
    )


def _said(one: Between | None) -> tuple[str, ...]:
    return () if one is None else tuple(_points(rate) for rate in (one.difference, one.low, one.high))


def _nights_sheet(ask: Ask, nights: Sequence[Kept]) -> Sheet:
    """Return one row a night, the newest first."""
    rows: list[tuple[Cell | str | int, ...]] = []
    for night in reversed(nights):
        found = night.reading.read
        if found is not None:
            told = _said(_between(found.lift, found.so_far)) or ("", "", "")
            arms = (_guests(ask, getattr(found.lift, name)) for name in ARMS_OF)
            verdict = ask.words(f"verdict.{found.lift.verdict}")
            heard = cells.share(night.heard_permille // 10)
            rows.append((night.date, night.reading.revision, *arms, verdict, *told, heard, night.times))
    return Sheet(name="campaign_nights", columns=NIGHTS, rows=rows)


def _band(nights: Sequence[Kept]) -> Band | None:
    """Return the nights of which there is something to say as a chart; None: there are fewer than two."""
    told = [
        (night.date, between)
        for night in nights
        if night.reading.read is not None
        and (between := _between(night.reading.read.lift, night.reading.read.so_far)) is not None
    ]
    if len(told) < 2:
        return None
    top, bottom = max(0.0, *(one.high for _, one in told)), min(0.0, *(one.low for _, one in told))
    scale = HIGH / ((top - bottom) or 1.0)
    across = [round(SCALE * at / (len(told) - 1)) for at in range(len(told))]

    def line(rates: Sequence[float]) -> list[str]:
        return [f"{x},{round((top - rate) * scale)}" for x, rate in zip(across, rates, strict=True)]

    upper, lower = line([one.high for _, one in told]), line([one.low for _, one in told])
    return Band(
        outline=" ".join([*upper, *reversed(lower)]),
        middle=" ".join(line([one.difference for _, one in told])),
        zero=round(top * scale),
        top=_points(top),
        bottom=_points(bottom),
        first=told[0][0],
        last=told[-1][0],
    )


def _share(rate: float) -> str:
    return f"{rate * PERCENT:.2f} %"


def _points(rate: float) -> str:
    return f"{rate * PERCENT:+.2f}"


def _results_exported(ask: Ask) -> Answer:
    found = _read(ask)
    return Export(f"{found.one.id}-results", iter([_days_sheet(ask, found.days)]))


def _nights_exported(ask: Ask) -> Answer:
    found = _read(ask)
    return Export(f"{found.one.id}-nights", iter([_nights_sheet(ask, found.nights)]))


def _arms_exported(ask: Ask) -> Answer:
    found = _read(ask)
    none = Sheet(name="campaign_arms", columns=ARMS, rows=[])
    sheet = none if found.lift is None else _arms_sheet(ask, found.one, found.lift)
    return Export(f"{found.one.id}-arms", iter([sheet]))


_BY = Audience.CAMPAIGNS
ROUTES: tuple[Route, ...] = (
    read(f"{ONE}/results", _results, "What came of a campaign.", audience=_BY),
    read(f"{ONE}/results.csv", _results_exported, "What came of it, day by day, as CSV.", audience=_BY),
    read(
        f"{ONE}/nights.csv", _nights_exported, "Its experiment as each night read it, as CSV.", audience=_BY
    ),
    read(f"{ONE}/arms.csv", _arms_exported, "The reading of its experiment as CSV.", audience=_BY),
)
