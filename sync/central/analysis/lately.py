"""Lately: live segments, brought up to the moment for whoever is about today, as soon as a diary has news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from edge.core.passages import Whereabouts
from sync.central.analysis import facts, membership, persons
from sync.central.analysis.facts import GUEST, Calendar
from sync.central.analysis.listed import CODES, GUESTS_MIN, INSIDE, LIVE
from sync.central.analysis.results import Result, keep, results
from sync.central.analysis.wanted import installed
from sync.central.feed import item_table
from sync.central.journey.diary import diary_table
from sync.central.registry import bands, consents
from sync.central.registry.tables import parts
from sync.central.rounds import SiteRounds
from sync.central.store import ENTRIES, Connection, Store, and_, func, select
from sync.wire import WHEREABOUTS

Row = tuple[Any, ...]
Mark = tuple[int | None, ...]
DAY_MS_MAX = 26 * 3_600_000
"""No local day is longer: who has done nothing for so long is not here today."""
YEAR_DAYS = 365
ALL_PERMILLE = 1_000
"""What is live is of what was heard: of no day that anybody could still tell of."""
KINDS = ("entered", "arrived", "bought", "refunded")
"""What the figures read of which live segments are made."""
_own, _item = diary_table.c, item_table.c
_place = msgspec.msgpack.Decoder(Whereabouts).decode


class Lately(SiteRounds):
    """Looks when something new was read for a diary, and every minute; without the extra nobody is in any."""

    name: ClassVar[str] = "lately"
    every_ms: ClassVar[int] = 60_000
    woken_by: ClassVar[str] = ENTRIES
    failing: ClassVar[str] = "live segments could not be brought up to the moment"

    def __init__(self, store: Store) -> None:
        """Act on an open store; what was found before the start is looked at once more."""
        super().__init__(store)
        self._done: dict[str, Mark] = {}

    def look_at(self, site: str) -> int:
        """Bring a site's live segments up to the moment; returns how many came or left."""
        now_ms = self._store.now_ms()
        with self._store.reading() as tx:
            day = Calendar(tx, site).day(now_ms)
            mark = (day, *_mark(tx, site))
            if self._done.get(site) == mark:
                return 0
            one, about = persons.persons(tx, site), _about(tx, site, now_ms - DAY_MS_MAX)
            # Of fewer nobody is in a segment: no engine is started for nothing.
            known, guests = len(one.among(about)) >= GUESTS_MIN, sorted(one.guests(one.among(about)))
            found = self._members(tx, site, guests, day=day) if known else NOBODY
        versions = {code: CODES[code].version for code in LIVE}
        moved = membership.bring(self._store, site, one.spread(found), versions=versions)
        self._keep(site, day, found)
        self._done[site] = mark
        return moved

    def _members(
        self, tx: Connection, site: str, guests: list[str], *, day: int
    ) -> Mapping[str, frozenset[str]]:
        if not installed():
            return NOBODY
        with self.once():
            from sync.central.analysis.run import live  # the engine comes with it: seconds

        calendar = Calendar(tx, site)
        told = _entries(tx, site, calendar, guests=guests, day=day)
        rows = {
            "entries": [*told, *_inside(tx, site, calendar, day=day)],
            "consents": list(facts.consents(tx, site, consents.consents_of(tx, site, guests))),
        }
        return live(rows, day)

    def _keep(self, site: str, day: int, found: Mapping[str, frozenset[str]]) -> None:
        """Write down how large each is, where that changed."""
        with self._store.reading() as tx:
            former = results(tx, site)
            known = {code: (former[code].day, former[code].size) for code in LIVE if code in former}
        fresh = {code: (day, len(all_)) for code, all_ in found.items()}
        if known == fresh or not (known or any(size for _, size in fresh.values())):
            return
        made = [
            Result(code, CODES[code].version, day, size, ALL_PERMILLE, "", ())
            for code, (_, size) in fresh.items()
        ]
        with self._store.transaction() as tx:
            keep(tx, site, made)


NOBODY: Mapping[str, frozenset[str]] = {code: frozenset() for code in LIVE}


def _mark(tx: Connection, site: str) -> Mark:
    """Return what changes whenever a diary has news, a band is told to be elsewhere, or guests become one."""
    last = tx.execute(select(func.max(_own.told_ms)).where(_own.site_id == site)).scalar()
    same = select(func.count()).where(_own.site_id == site, _own.told_ms == last)
    moved = select(func.max(_item.seq)).where(_item.site_id == site, _item.kind == WHEREABOUTS)
    return last, tx.execute(same).scalar(), tx.execute(moved).scalar(), *persons.mark(tx, site)


def _about(tx: Connection, site: str, since_ms: int) -> list[str]:
    """Return the guests who came or bought since a moment."""
    lately = and_(_own.site_id == site, _own.hlc >= since_ms << 16, _own.what.in_(KINDS))
    there = and_(lately, _own.owner.startswith(GUEST))
    owners = tx.execute(select(_own.owner).where(there).distinct()).scalars()
    return sorted(owner[len(GUEST) :] for owner in owners)


def _entries(
    tx: Connection, site: str, calendar: Calendar, *, guests: Iterable[str], day: int
) -> Iterator[Row]:
    for part in parts([f"{GUEST}{guest}" for guest in guests]):
        there = (_own.owner.in_(part), _own.what.in_(KINDS))
        yield from facts.entries(tx, site, calendar, days=(day - YEAR_DAYS + 1, day), there=there)


def _inside(tx: Connection, site: str, calendar: Calendar, *, day: int) -> Iterator[Row]:
    """Yield one row for each band that passed into a zone today and did not pass out."""
    query = select(_item.key, _item.body).where(
        _item.site_id == site, _item.kind == WHEREABOUTS, _item.body.is_not(None)
    )
    found = {bytes.fromhex(row.key): _place(bytes(row.body)).location for row in tx.execute(query)}
    here = {band: one for band, one in found.items() if one.zone and calendar.day(one.since_ms) == day}
    date, whose = facts.date_of(day), persons.persons(tx, site)
    for card in bands.bands_by_id(tx, site, here):
        if card.guest:
            one, guest = here[card.band.id], whose.of(card.guest)
            head = (site, guest, facts.key_of(guest), facts.key_of(f"{INSIDE} {card.band.id.hex()}"))
            where = (INSIDE, "gate", one.point, one.zone, "")
            month, hour = date.year * 12 + date.month - 1, calendar.hour(one.since_ms)
            yield (*head, one.since_ms, day, month, hour, *where, 1, 0)
