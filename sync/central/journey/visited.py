"""Visited: on how many days the diary says that a guest came in, as the rhythm of visits counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from edge.core.calendar import DAY_MS, day_bounds, day_of
from edge.core.consent import Namespace, Purpose
from edge.core.profiles import remark_owner
from edge.core.visits import WINDOW_DAYS, Visits, allows
from sync.central.journey import diary
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import Entry, Via, What, allowed
from sync.central.registry import consents, expected, links, visited
from sync.central.registry.localday import turn_of
from sync.central.registry.tables import parts
from sync.central.store import STEPS, Connection, and_, now_of, select, update

CAME = frozenset({What.ENTERED, What.ARRIVED})
BEHAVIOUR = f"{Purpose.OFFERS}:{Namespace.BEHAVIOUR}"
_own = diary_table.c


def read(tx: Connection, site: str, guests: Collection[str]) -> dict[str, Visits]:
    """Return the days of a year on which each of these came in, under whichever of their names.

    What was taken back is one less. An arrival counts where its guest lets it be used now.
    """
    people, turn, now_ms = links.together(tx, site, guests), turn_of(tx, site), now_of(tx)
    tops, said = links.roots(tx, site, people), consents.consents_of(tx, site, people)
    today, came = day_of(*turn, now_ms), dict[str, Counter[int]]()
    for part in parts([remark_owner(one, b"") for one in people]):
        since = (now_ms - (WINDOW_DAYS + 1) * DAY_MS) << 16
        here = and_(_own.site_id == site, _own.owner.in_(part), _own.hlc > since, _own.what.in_(sorted(CAME)))
        query = select(_own.owner, _own.what, _own.via, _own.hlc, _own.weight)
        for row in tx.execute(query.where(here)):
            one, day = str(row.owner).partition(":")[2], day_of(*turn, int(row.hlc) >> 16)
            in_time = today - WINDOW_DAYS < day <= today
            if in_time and allowed(said.get(one, ()), What(row.what), Via(row.via)):
                came.setdefault(tops.get(one, one), Counter())[day] += int(row.weight)
    return {one: _counted(came.get(tops.get(one, one), Counter())) for one in guests}


def heed(tx: Connection, site: str, entries: Sequence[Entry]) -> None:
    """Have the edges told anew of who came in, once the day is over: until then their devices know it."""
    names = {one.owner[2:] for one in entries if one.what in CAME and one.owner.startswith("g:")}
    if not names:
        return
    people = links.together(tx, site, names)
    said = consents.consents_of(tx, site, people)
    ends_ms = day_bounds(*turn_of(tx, site), now_of(tx))[1]
    expected.judge_by(tx, site, {one: ends_ms for one in people if allows(said.get(one, ()))})


def _counted(days: Counter[int]) -> Visits:
    known = [day for day, times in days.items() if times > 0]
    return Visits(len(known), max(known, default=0))


def _tell_of_who_allows(tx: Connection) -> None:
    """Have edges told of who allowed behaviour before there was such a word: an update moves no profile."""
    own, said = expected.expected_table.c, consents.consent_table.c
    mine = and_(said.site_id == own.site_id, said.guest_id == own.guest_id, said.turns % 2 == 1)
    allows_now = select(said.guest_id).where(mine, said.purpose.startswith(BEHAVIOUR)).exists()
    there = and_(own.now.is_(True), allows_now)
    tx.execute(update(expected.expected_table).where(there).values(again_ms=expected.AT_ONCE))


STEPS[15] = _tell_of_who_allows
diary.WRITTEN.append(heed)
visited.READERS.append(read)
