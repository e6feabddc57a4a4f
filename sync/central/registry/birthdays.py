"""Birthdays: day and month as guests declared them, sealed; edges are told how near one is, never the day."""

from __future__ import annotations

import calendar
import datetime as dt
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge.core.birthday import Near, allows, as_word
from edge.core.calendar import day_of, instant
from edge.core.consent import Consent
from edge.core.profiles import Profile
from edge.errors import NotAllowed, PolsoError
from sync.central.registry import expected, guests, links
from sync.central.registry.children import children
from sync.central.registry.localday import turn_of
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    demand_seals,
    insert,
    metadata,
    now_of,
    select,
)

LOG = logging.getLogger("polso.central")
WEEK_DAYS = 7
"""So long after its day a birthday is one of this week; before it nobody is told: no gift comes early."""
LEAP_DAY, LEAP_YEAR = (2, 29), 2_000

birthday_table = Table(
    "birthday",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
"""What each guest declared, and when; in clear it is nowhere."""
_own = birthday_table.c


class Birthday(NamedTuple):
    """A day of every year; nobody is asked for the year itself."""

    month: int
    day: int

    def in_year(self, year: int) -> int:
        """Return when it is, as a proleptic ordinal; 29 February is on the 28th where there is none."""
        short = tuple(self) == LEAP_DAY and not calendar.isleap(year)
        return dt.date(year, self.month, self.day - short).toordinal()

    def near(self, today: int) -> Near | None:
        """Return how near it is on a local day; None: not at all."""
        year = dt.date.fromordinal(today).year
        last = max(day for day in map(self.in_year, (year - 1, year)) if day <= today)
        if last == today:
            return Near.TODAY
        return Near.WEEK if today - last <= WEEK_DAYS else None

    def next_turn(self, today: int) -> int:
        """Return the next local day on which another word is due: each is good for one day."""
        if self.near(today) is not None:
            return today + 1
        year = dt.date.fromordinal(today).year
        return min(day for day in map(self.in_year, (year, year + 1)) if day > today)


def read(month: int, day: int) -> Birthday | None:
    """Return a birthday; None where no year has such a day."""
    there = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(LEAP_YEAR, month)[1]
    return Birthday(month, day) if there else None


def declare(tx: Connection, site: str, guest: str, *, born: Birthday) -> None:
    """Keep what a guest declares, instead of what they declared before. Nothing is published by this.

    Raises ``Unknown``, and ``NotAllowed`` for a child or where no key seals it.
    """
    if children(tx, site, [guests.guest(tx, site, guest)]):
        raise NotAllowed("A child declares no birthday.", hint="Keep it with the family.")
    forget(tx, site, [guest])
    plain = f"{born.month:02}-{born.day:02}".encode()
    sealed = demand_seals(tx).seal(plain, "birthday", "sealed", row=_row(site, guest))
    tx.execute(insert(birthday_table).values(site_id=site, guest_id=guest, sealed=sealed, at_ms=now_of(tx)))


def take_back(tx: Connection, site: str, guest: str) -> None:
    """Keep it no more, under whichever name of the guest it was declared. Nothing is published by this."""
    forget(tx, site, links.together(tx, site, [guest]))


def declared(tx: Connection, site: str, people: Iterable[str]) -> dict[str, Birthday]:
    """Return what each of these declared under this very name, the last first: for central's own eyes."""
    found = []
    for part in parts(sorted(set(people))):
        rows = select(birthday_table).where(_own.site_id == site, _own.guest_id.in_(part))
        found += list(tx.execute(rows))
    found.sort(key=lambda row: (-int(row.at_ms), str(row.guest_id)))
    return {str(row.guest_id): _opened(tx, site, row.guest_id, sealed=bytes(row.sealed)) for row in found}


def known(tx: Connection, site: str, wanted: Collection[str]) -> dict[str, Birthday]:
    """Return the birthday of each of these who is no child, under whichever of their names.

    The last word holds where one person said two.
    """
    people = links.together(tx, site, wanted)
    said = declared(tx, site, people)
    if not said:
        return {}
    tops = links.roots(tx, site, people)
    young = {tops.get(one, one) for one in children(tx, site, guests.guests_of(tx, site, people).values())}
    mine: dict[str, Birthday] = {}
    for one, born in said.items():
        mine.setdefault(tops.get(one, one), born)
    top = {one: tops.get(one, one) for one in wanted}
    return {one: mine[top[one]] for one in wanted if top[one] in mine and top[one] not in young}


def nears(tx: Connection, site: str, wanted: Collection[str], *, day: int) -> dict[str, Near]:
    """Return of whom of these it is near on a local day, and how; whether they allow it the caller asks."""
    found = {one: born.near(day) for one, born in known(tx, site, wanted).items()}
    return {one: near for one, near in found.items() if near is not None}


def of(tx: Connection, site: str, said: Mapping[str, Sequence[Consent]]) -> dict[str, str]:
    """Return the word for the edges, of those whose birthday is near and may choose at a kiosk or till.

    Of the others nothing is even read. Of each that is known the edges are told anew when its word turns.
    """
    asked = [guest for guest, consents in said.items() if allows(consents)]
    try:
        born = known(tx, site, asked) if asked else {}
    except PolsoError as error:  # a band that is blocked waits for no birthday and no key
        LOG.warning("birthdays of site=%s cannot be opened, edges are told of none: %s", site, error)
        return {}
    if not born:
        return {}
    zone, starts_min = turn_of(tx, site)
    today = day_of(zone, starts_min, now_of(tx))
    turns = {one: instant(zone, day.next_turn(today), starts_min) for one, day in born.items()}
    expected.judge_by(tx, site, turns)
    found = {one: day.near(today) for one, day in born.items()}
    return {one: as_word(near, today) for one, near in found.items() if near is not None}


def told(profile: Profile, words: Mapping[str, str]) -> Profile:
    """Return a profile with the word, where it may be known."""
    mine = words.get(profile.guest or "")
    return profile if mine is None else msgspec.structs.replace(profile, tags=(*profile.tags, mine))


def forget(tx: Connection, site: str, people: Iterable[str]) -> None:
    """Forget what was declared under these very names."""
    for part in parts(sorted(set(people))):
        tx.execute(delete(birthday_table).where(and_(_own.site_id == site, _own.guest_id.in_(part))))


def _opened(tx: Connection, site: str, guest: str, *, sealed: bytes) -> Birthday:
    plain = demand_seals(tx).open(sealed, "birthday", "sealed", row=_row(site, guest))
    month, _, day = plain.decode().partition("-")
    return Birthday(int(month), int(day))


def _row(site: str, guest: str) -> bytes:
    return msgspec.msgpack.encode((site, guest))
