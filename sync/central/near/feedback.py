"""Feedback: what guests said of what they bought, counted by article; whose word it was is not kept."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.feedback import FeedbackGiven
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import Column, Connection, Integer, String, Table, insert, metadata, select, update

VISIT = ""
"""Article of a word that is about the visit."""

feedback_table = Table(
    "feedback",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("article", String(ID_CHARS_MAX), primary_key=True),
    Column("score", Integer, primary_key=True, autoincrement=False),
    Column("because", String(ID_CHARS_MAX), primary_key=True),
    Column("times", Integer, nullable=False),
)
_own = feedback_table.c


class Score(NamedTuple):
    """How often one face was chosen for one article (or the visit) for one reason."""

    article: str
    score: int
    because: str
    times: int


def take(tx: Connection, site: str, said: FeedbackGiven) -> None:
    """Count what was said; a word about several articles counts once for each."""
    for article in said.articles or (VISIT,):
        _count(tx, site, said, article=article)


def scores(tx: Connection, site: str) -> tuple[Score, ...]:
    """Return every count of a site, by article and face."""
    query = select(_own.article, _own.score, _own.because, _own.times).where(_own.site_id == site)
    rows = tx.execute(query.order_by(_own.article, _own.score, _own.because))
    return tuple(Score(*row) for row in rows)


def _count(tx: Connection, site: str, said: FeedbackGiven, *, article: str) -> None:
    there = (
        (_own.site_id == site)
        & (_own.article == article)
        & (_own.score == said.score)
        & (_own.because == said.because)
    )
    if not tx.execute(update(feedback_table).where(there).values(times=_own.times + 1)).rowcount:
        row = {"site_id": site, "article": article, "score": said.score, "because": said.because}
        tx.execute(insert(feedback_table).values(**row, times=1))
