"""Figures: how many guests did what, never fewer than ten, of those who let their visits be learnt from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from edge.core.consent import SOURCES, Purpose
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import Via, What
from sync.central.registry.consents import consent_table
from sync.central.registry.links import link_table
from sync.central.store import Connection, and_, case, func, literal, select

GUESTS = "g:"
"""How the diary names a guest: see ``remark_owner``."""
PEOPLE_MIN = 10
"""Nobody is found among ten."""


class Figure(NamedTuple):
    """What so many guests did by one channel, from a moment on."""

    from_ms: int
    what: What
    via: Via
    people: int
    times: int
    """What was taken back counts against it."""


def figures(tx: Connection, site: str, spans: Iterable[tuple[int, int]]) -> tuple[Figure, ...]:
    """Return the figures of spans of time that do not overlap and are over, in their order.

    Spans that overlap, or end later each time somebody looks, would tell single guests by their difference.
    """
    return tuple(one for span in spans for one in _of(tx, site, span))


def _of(tx: Connection, site: str, span: tuple[int, int]) -> Iterable[Figure]:
    own, said, link = diary_table.c, consent_table.c, link_table.c
    given = and_(
        said.site_id == site,
        said.purpose == Purpose.RESEARCH.value,
        said.turns % 2 == 1,
        said.source.in_(sorted(SOURCES)),
    )
    learnt_from = select(literal(GUESTS) + said.guest_id).where(given)
    # Several guests who were found to be one person are one among ten.
    same = and_(link.site_id == site, own.owner == literal(GUESTS) + link.guest_id)
    person = func.coalesce(literal(GUESTS) + link.root_id, own.owner)
    people, times = func.count(person.distinct()), func.sum(case((own.weight < 0, -1), else_=1))
    there = and_(own.site_id == site, own.hlc >= span[0] << 16, own.hlc < span[1] << 16)
    query = (
        select(own.what, own.via, people, times)
        .select_from(diary_table.outerjoin(link_table, same))
        .where(there, own.owner.in_(learnt_from))
        .group_by(own.what, own.via)
        .having(people >= PEOPLE_MIN)
        .order_by(own.what, own.via)
    )
    for what, via, count, sum_ in tx.execute(query):
        yield Figure(span[0], What(what), Via(via), count, sum_)
