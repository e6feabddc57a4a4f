"""Readings: what each campaign had come to by the end of each day, kept as the night read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

import msgspec

from sync.central.analysis.facts import Calendar, date_of, day_named
from sync.central.analysis.heard import heard_permille
from sync.central.campaigns import life
from sync.central.campaigns.evidence import gather
from sync.central.campaigns.results import Day, Read, days, read
from sync.central.offers.campaigned import CAMPAIGNS_MAX, Campaign, newest
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.registry.turn import take_turn
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Store,
    String,
    Table,
    delete,
    insert_many,
    metadata,
    now_of,
    select,
    update,
)

NIGHTS_MAX = 600
"""Nights of one campaign that are read: more than anybody plans one for."""
LATE_DAYS = 30
"""For so long what comes late is read into a night; what it was read from is not kept for ever."""

reading_table = Table(
    "campaign_reading",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("campaign_id", String(ID_CHARS_MAX), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("heard_permille", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""``day`` is the cut-off, a local day since 1970-01-01; ``body`` is a function of what was known up to it."""
_own = reading_table.c


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One night of one campaign: what was told of the day, and how its experiment stood at its end."""

    revision: int
    told: Day
    read: Read | None
    """None: nobody is kept out of it."""


class Kept(NamedTuple):
    """A reading with what is not of it: how much had been heard, how often it was made, when last."""

    day: int
    reading: Reading
    heard_permille: int
    times: int
    made_ms: int

    @property
    def date(self) -> str:
        """The cut-off, ISO 8601."""
        return date_of(self.day).isoformat()


_decode = msgspec.msgpack.Decoder(Reading).decode


def bring(store: Store, site: str, day: int) -> int:
    """Bring every campaign's nights up to a local day; returns how many were made, or made anew.

    A night is made anew where something came late that belongs before its cut-off: then, and only then, its
    octets differ. What an earlier revision read stays as it was read, and so does an experiment's last word:
    the first reading of its end is that of each later night, whatever comes, goes back or is withdrawn.
    """
    with store.reading() as tx:
        known = newest(tx, site)[:CAMPAIGNS_MAX]
        found = {one.id: list(_nights(tx, site, one, day=day)) for one in known}
    return sum(_keep(store, site, name, nights=nights) for name, nights in found.items() if nights)


def kept(tx: Connection, site: str, campaign: str) -> tuple[Kept, ...]:
    """Return all readings of a campaign, by night."""
    there = (_own.site_id == site, _own.campaign_id == campaign)
    rows = tx.execute(select(reading_table).where(*there).order_by(_own.day))
    return tuple(
        Kept(row.day, _decode(bytes(row.body)), row.heard_permille, row.times, row.made_ms) for row in rows
    )


def _nights(tx: Connection, site: str, named: Campaign, *, day: int) -> Iterator[tuple[int, bytes]]:
    """Yield each night of a campaign up to a day: what it comes to now."""
    one, calendar = life.published(tx, site, named.id), Calendar(tx, site)
    if one is None:
        return
    every = life.revisions(tx, site, one.id)
    known = {night.day: night for night in kept(tx, site, one.id)}
    span = _span(one, calendar.day(every[-1].made_ms), day)
    nights = [night for night in span if night not in known or night > day - LATE_DAYS]
    if not nights:
        return
    evidence = gather(tx, site, one) if one.plan.control else None
    told = {one.date: one for one in days(tx, site, one, since_ms=calendar.ends_ms(nights[0] - 1))}
    last = _last_word(known.values(), {other.revision for other in every if _alike(other, one)})
    for night in nights:
        date, said = date_of(night).isoformat(), None
        if evidence is not None and last is not None and night >= last.day:
            said = last.reading.read
        elif evidence is not None:
            said = read(evidence, one.plan, until_ms=calendar.ends_ms(night) - 1)
            if said.final and last is not None and night in known:
                said = known[night].reading.read  # what came late makes no second last word
        reading = Reading(revision=one.revision, told=told.get(date, Day(date=date)), read=said)
        yield night, msgspec.msgpack.encode(reading)


def _alike(one: Campaign, other: Campaign) -> bool:
    """Whether two revisions are one experiment: the same share, size and days."""
    mine, theirs = one.plan, other.plan
    return (mine.control, mine.planned, mine.window_days) == (
        theirs.control, theirs.planned, theirs.window_days
    )  # fmt: skip


def _last_word(nights: Iterable[Kept], revisions: Set[int]) -> Kept | None:
    """Return the first night at which these revisions' experiment was read for good."""
    these = (one for one in nights if one.reading.revision in revisions)
    return next((one for one in these if one.reading.read is not None and one.reading.read.final), None)


def _span(one: Campaign, made: int, day: int) -> Sequence[int]:
    """Return a campaign's nights up to a day: from its first to the one at which its last guest had time."""
    period = one.plan.offer.period
    first = max(made, _day(period.first, made))
    last = min(day, _day(period.last, day) + one.plan.window_days)
    return range(max(first, last - NIGHTS_MAX + 1), last + 1)


def _day(date: str, otherwise: int) -> int:
    return day_named(dt.date.fromisoformat(date)) if date else otherwise


def _keep(store: Store, site: str, campaign: str, *, nights: Sequence[tuple[int, bytes]]) -> int:
    """Put down which nights are new or differ, and nothing else."""
    with store.transaction() as tx:
        take_turn(tx, site)
        former = {one.day: one for one in kept(tx, site, campaign)}
        fresh = [(night, body) for night, body in nights if _is_fresh(former.get(night), body)]
        gone = [night for night, _ in fresh if night in former]
        there = (_own.site_id == site, _own.campaign_id == campaign)
        tx.execute(delete(reading_table).where(*there, _own.day.in_(gone)))
        made_ms, heard = now_of(tx), {night: heard_permille(tx, site, night) for night, _ in nights}
        insert_many(tx, reading_table, [
            (site, campaign, night, heard[night],
             former[night].times + 1 if night in former else 1, made_ms, body)
            for night, body in fresh
        ])  # fmt: skip
        for night, one in former.items():
            # More may have been heard and nothing of it new: the night is the same, and surer.
            if night not in gone and heard.get(night, one.heard_permille) != one.heard_permille:
                tx.execute(update(reading_table).where(*there, _own.day == night)
                           .values(heard_permille=heard[night]))  # fmt: skip
    return len(fresh)


def _is_fresh(former: Kept | None, body: bytes) -> bool:
    """Whether a night is new, or differs by what came late; by another revision nothing is read again."""
    if former is None:
        return True
    alike = former.reading.revision == _decode(body).revision
    return alike and msgspec.msgpack.encode(former.reading) != body
