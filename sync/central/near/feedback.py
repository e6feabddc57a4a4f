"""Feedback: what guests said of what they bought, counted by article; whose word it was is not kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from edge.core.calendar import local
from edge.core.feedback import FeedbackGiven
from sync.central.days import zone_of
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    String,
    Table,
    and_,
    insert,
    metadata,
    now_of,
    select,
    update,
)

MONTHS = 12
VISIT = ""
"""Article of a word that is about the visit."""
WHOLE = "*"
"""In place of an article: one word, whatever and however much it is about."""

feedback_table = Table(
    "feedback",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("article", String(ID_CHARS_MAX), primary_key=True),
    Column("score", Integer, primary_key=True, autoincrement=False),
    Column("because", String(ID_CHARS_MAX), primary_key=True),
    Column("times", Integer, nullable=False),
)
month_table = Table(
    "feedback_month",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("article", String(ID_CHARS_MAX), primary_key=True),
    Column("point", String(ID_CHARS_MAX), primary_key=True),
    Column("score", Integer, primary_key=True, autoincrement=False),
    Column("because", String(ID_CHARS_MAX), primary_key=True),
    Column("times", Integer, nullable=False),
)
"""The same of each local month (twelve a year, counted from 0), and of each place where it was said.

Each word is there for its articles, and once as a whole.
"""
lot_table = Table(
    "feedback_lot",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("article", String(ID_CHARS_MAX), primary_key=True),
    Column("lot", String(ID_CHARS_MAX), primary_key=True),
    Column("score", Integer, primary_key=True, autoincrement=False),
    Column("times", Integer, nullable=False),
)
"""The same of each lot; of an empty name, which nobody knows."""
_own, _month, _lot = feedback_table.c, month_table.c, lot_table.c


class Score(NamedTuple):
    """How often one face was chosen for one article (or the visit) for one reason."""

    article: str
    score: int
    because: str
    times: int


class Monthly(NamedTuple):
    """How often one face was chosen in one month, for one article at one place, for one reason."""

    month: int
    article: str
    point: str
    score: int
    because: str
    times: int


class OfLot(NamedTuple):
    """How often one face was chosen in one month at one site, for one lot of an article."""

    site: str
    month: int
    article: str
    lot: str
    score: int
    times: int


def take(tx: Connection, site: str, said: FeedbackGiven, *, at_ms: int | None = None) -> None:
    """Count what was said; a word about several articles counts once for each. ``at_ms`` None: just now."""
    month = month_of(tx, site, now_of(tx) if at_ms is None else at_ms)
    _count_lots(tx, site, said, month=month)
    for article in said.articles or (VISIT,):
        own: dict[str, str | int] = {
            "site_id": site,
            "article": article,
            "score": said.score,
            "because": said.because,
        }
        _count(tx, feedback_table, own)
        _count(tx, month_table, {**own, "month": month, "point": said.point})
    whole: dict[str, str | int] = {
        "site_id": site,
        "article": WHOLE,
        "score": said.score,
        "because": said.because,
    }
    _count(tx, month_table, {**whole, "month": month, "point": said.point})


def month_of(tx: Connection, site: str, at_ms: int) -> int:
    """Return the month of a moment at the site, counted from year 0."""
    wall = local(zone_of(tx, site), at_ms)
    return wall.year * MONTHS + wall.month - 1


def monthly(tx: Connection, site: str, *, since: int) -> tuple[Monthly, ...]:
    """Return every count of a site since a month, by month, article and place."""
    return _monthly(tx, site, since=since, about=_month.article != WHOLE)


def words(tx: Connection, site: str, *, since: int) -> tuple[Monthly, ...]:
    """Return the same where each word counts once, however many articles it was about."""
    return _monthly(tx, site, since=since, about=_month.article == WHOLE)


def _monthly(tx: Connection, site: str, *, since: int, about: ColumnElement[bool]) -> tuple[Monthly, ...]:
    names = ("month", "article", "point", "score", "because", "times")
    query = select(*(_month[name] for name in names)).where(
        _month.site_id == site, _month.month >= since, about
    )
    return tuple(Monthly(*row) for row in tx.execute(query.order_by(*(_month[name] for name in names[:5]))))


def of_lots(tx: Connection, site: str, *, since: int) -> tuple[OfLot, ...]:
    """Return every count of a site since a month by lot, by article, lot and month."""
    query = select(lot_table).where(_lot.site_id == site, _lot.month >= since)
    return tuple(OfLot(*row) for row in tx.execute(query.order_by(_lot.article, _lot.lot, _lot.month)))


def _count_lots(tx: Connection, site: str, said: FeedbackGiven, *, month: int) -> None:
    for at, article in enumerate(said.articles):
        lot = said.lots[at] if at < len(said.lots) else ""
        own: dict[str, str | int] = {"site_id": site, "month": month, "article": article, "lot": lot}
        _count(tx, lot_table, {**own, "score": said.score})


def scores(tx: Connection, site: str) -> tuple[Score, ...]:
    """Return every count of a site, by article and face."""
    query = select(_own.article, _own.score, _own.because, _own.times).where(_own.site_id == site)
    rows = tx.execute(query.order_by(_own.article, _own.score, _own.because))
    return tuple(Score(*row) for row in rows)


def _count(tx: Connection, table: Table, own: Mapping[str, str | int]) -> None:
    there = and_(*(table.c[name] == value for name, value in own.items()))
    if not tx.execute(update(table).where(there).values(times=table.c.times + 1)).rowcount:
        tx.execute(insert(table).values(**own, times=1))
