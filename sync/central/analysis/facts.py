"""Facts: a site's diary, consents and declared words as rows for every engine, a person as one guest."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from edge.core.calendar import day_of, instant, local
from edge.core.consent import Consent, Namespace, Purpose, may
from edge.core.entitlements import CHILD
from edge.core.segments import namespace_of
from sync.central.analysis import persons as people
from sync.central.analysis.persons import Persons
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import What
from sync.central.registry.consents import consent_table
from sync.central.registry.localday import turn_of
from sync.central.registry.members import member_table
from sync.central.registry.segments import segment_table
from sync.central.registry.tables import guest_table
from sync.central.store import ColumnElement, Connection, and_, func, select

Row = tuple[Any, ...]
EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
ADULT_YEARS, MIDDLE_YEARS, SENIOR_YEARS = 18, 30, 60
FAMILY_MIN = 3
GUEST = "g:"
"""How the diary names a guest whom central knows; nothing is made of bands that nobody claimed."""
AT_ONCE = 10_000
KEY_BYTES = 8
_own = diary_table.c


class Calendar:
    """A site's local days: of which day a moment is, and when that day is over."""

    def __init__(self, tx: Connection, site: str) -> None:
        """Read the site's time zone, and when its days begin."""
        self._zone, self._starts_min = turn_of(tx, site)

    def day(self, at_ms: int) -> int:
        """Return the local day of a moment, counted from 1970-01-01."""
        return day_of(self._zone, self._starts_min, at_ms) - EPOCH_ORDINAL

    def ends_ms(self, day: int) -> int:
        """Return the first moment after a local day."""
        return instant(self._zone, day + 1 + EPOCH_ORDINAL, self._starts_min)

    def hour(self, at_ms: int) -> int:
        """Return the local hour of a moment."""
        return local(self._zone, at_ms).hour


def date_of(day: int) -> dt.date:
    """Return the date of a day that is counted from 1970-01-01."""
    return dt.date.fromordinal(day + EPOCH_ORDINAL)


def day_named(date: dt.date) -> int:
    """Return a date as the days since 1970-01-01."""
    return date.toordinal() - EPOCH_ORDINAL


def rows(tx: Connection, site: str, *, first: int, last: int) -> dict[str, Iterable[Row]]:
    """Return all tables of a site with the entries of these local days; read them inside ``tx``."""
    calendar = Calendar(tx, site)
    said = _said(tx, site)
    return {
        "entries": entries(tx, site, calendar, days=(first, last)),
        "consents": list(consents(tx, site, said)),
        "declared": _declared(tx, site, calendar),
    }


def first_ms(tx: Connection, site: str) -> int | None:
    """Return when the first thing happened that a site's diaries tell of; None: nothing yet."""
    first = tx.execute(select(func.min(_own.hlc)).where(_own.site_id == site)).scalar()
    return None if first is None else int(first) >> 16


def marks(tx: Connection, site: str) -> dict[str, str]:
    """Return of each kind of entry, and of what guests say, a word that changes whenever its rows do."""
    told = (func.count(), func.max(_own.told_ms), func.min(_own.hlc), func.max(_own.hlc))
    found = tx.execute(select(_own.what, *told).where(_own.site_id == site).group_by(_own.what))
    known = {row[0]: _mark(row[1:]) for row in found}
    consent, person, code = consent_table.c, guest_table.c, segment_table.c
    yes = select(func.count(), func.max(consent.since_ms), func.sum(consent.turns))
    known_guests = select(func.count(), func.max(person.changed_ms))
    codes = select(func.count(), func.max(code.since_ms)).where(code.code.startswith(Namespace.INTEREST))
    said = tx.execute(yes.where(consent.site_id == site)).one()
    unpaid = select(func.count()).where(member_table.c.site_id == site, member_table.c.no_charge.is_(True))
    declared = tx.execute(known_guests.where(person.site_id == site)).one()
    wanted = tx.execute(codes.where(code.site_id == site)).one()
    return {
        **known,
        "consents": _mark((*said, *declared, tx.execute(unpaid).scalar(), *people.mark(tx, site))),
        "declared": _mark((*declared, *wanted)),
    }


def _mark(values: Iterable[object]) -> str:
    return "/".join("" if value is None else str(value) for value in values)


def entries(
    tx: Connection,
    site: str,
    calendar: Calendar,
    *,
    days: tuple[int, int],
    there: Sequence[ColumnElement[bool]] = (),
) -> Iterator[Row]:
    """Yield what guests' diaries say from a first to a last local day, as far as it is wanted.

    What was told of any of a person is the person's.
    """
    one = people.persons(tx, site)
    columns = (_own.source, _own.id, _own.owner, _own.hlc, _own.via, _own.what, _own.point, _own.subject,
               _own.ref, _own.amount_minor, _own.weight)  # fmt: skip
    wanted = and_(_own.site_id == site, _own.owner.startswith(GUEST), *there)
    query = select(*columns).where(wanted).execution_options(yield_per=AT_ONCE)
    for row in tx.execute(query):
        at_ms = row.hlc >> 16
        day = calendar.day(at_ms)
        if not days[0] <= day <= days[1]:
            continue
        guest, date = one.of(row.owner[len(GUEST) :]), date_of(day)
        head = (site, guest, key_of(guest), key_of(f"{row.source} {row.id}"), at_ms, day)
        for subject, minor in _parts(row.what, row.subject or row.point, row.amount_minor or 0):
            where = subject if row.what != What.DWELT else row.point or subject
            yield (*head, date.year * 12 + date.month - 1, calendar.hour(at_ms), row.what, row.via, row.point,
                   where, row.ref, row.weight, minor)  # fmt: skip


def _parts(what: str, subject: str, minor: int) -> Iterator[tuple[str, int]]:
    """Yield one row an article of what was bought; the first bears the worth: the diary knows no other."""
    if what == What.REFUNDED:
        yield "", -minor
    elif what == What.BOUGHT:
        articles = subject.split(" ") if minor > 0 else [""]
        yield from ((article, 0 if place else minor) for place, article in enumerate(articles))
    else:
        yield subject, minor


@lru_cache(AT_ONCE)
def key_of(text: str) -> int:
    """Return a whole number made of a text: it orders alike whatever an engine's collation."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()) >> 1


def _said(tx: Connection, site: str) -> Mapping[str, list[Consent]]:
    own, found = consent_table.c, dict[str, list[Consent]]()
    for row in tx.execute(select(consent_table).where(own.site_id == site)):
        found.setdefault(row.guest_id, []).append(
            Consent(purpose=row.purpose, turns=row.turns, since_ms=row.since_ms, source=row.source)
        )
    return found


def consents(tx: Connection, site: str, said: Mapping[str, Sequence[Consent]]) -> Iterator[Row]:
    """Yield what each person lets be used: nothing of a child but what counts among ten or more.

    Of guests who are one person each has to allow it, whatever was written to the others.
    """
    one, young = people.persons(tx, site), _children(tx, site)
    allowed: dict[str, set[str]] = {}
    for guest, all_ in said.items():
        mine = {Purpose.RESEARCH.value} if may(all_, Purpose.RESEARCH) else set()
        if guest not in young:
            mine |= {name.value for name in Namespace if may(all_, Purpose.OFFERS, name)}
        person = one.of(guest)
        allowed[person] = allowed.get(person, mine) & mine
    for person, bases in allowed.items():
        yield from ((site, person, basis) for basis in sorted(bases))


def _children(tx: Connection, site: str) -> set[str]:
    own, held = guest_table.c, member_table.c
    aged = tx.execute(select(own.guest_id, own.age_band).where(own.site_id == site, own.age_band != ""))
    found = {guest for guest, band in aged if (_years(band) or 0) < ADULT_YEARS and _years(band) is not None}
    unpaid = select(held.guest_id).where(held.site_id == site, held.no_charge.is_(True))
    came = select(own.guest_id).where(own.site_id == site, own.party_role == CHILD)
    return found | set(tx.execute(unpaid).scalars()) | set(tx.execute(came).scalars())


def _years(band: str) -> int | None:
    youngest = band.rstrip("+").partition("-")[0]
    return int(youngest) if youngest.isascii() and youngest.isdigit() else None


def _declared(tx: Connection, site: str, calendar: Calendar) -> list[Row]:
    """Return what persons said of themselves: interests as they stand, age class and household as declared.

    Of guests who are one person all interests count, the younger word of each, and the youngest
    age class and household alone: nobody is of two ages.
    """
    one = people.persons(tx, site)
    return [*_interests(tx, site, calendar, one=one), *_demography(tx, site, calendar, one=one)]


def _interests(tx: Connection, site: str, calendar: Calendar, *, one: Persons) -> Iterator[Row]:
    own, days = segment_table.c, dict[tuple[str, str], int]()
    codes = select(own.guest_id, own.code, own.since_ms).where(own.site_id == site)
    for row in tx.execute(codes.where(own.code.startswith(f"{Namespace.INTEREST}:"))):
        key = (one.of(row.guest_id), row.code)
        days[key] = max(days.get(key, 0), calendar.day(row.since_ms))
    for (person, code), day in days.items():
        yield site, person, namespace_of(code), code, day


def _demography(tx: Connection, site: str, calendar: Calendar, *, one: Persons) -> Iterator[Row]:
    own, last = guest_table.c, dict[tuple[str, str], tuple[int, str]]()
    wanted = select(own.guest_id, own.age_band, own.party_size, own.changed_ms).where(own.site_id == site)
    for guest, band, size, changed_ms in tx.execute(wanted.order_by(own.changed_ms, own.guest_id)):
        words = {"age": _age(band), "household": _household(size)}
        last.update({(one.of(guest), kind): (changed_ms, word) for kind, word in words.items() if word})
    for (person, _), (changed_ms, word) in last.items():
        yield (
            site,
            person,
            Namespace.DEMOGRAPHIC.value,
            f"{Namespace.DEMOGRAPHIC}:{word}",
            calendar.day(changed_ms),
        )


def _age(band: str) -> str:
    years = _years(band)
    if years is None or years < ADULT_YEARS:
        return ""
    return "age.young" if years < MIDDLE_YEARS else "age.middle" if years < SENIOR_YEARS else "age.senior"


def _household(size: int) -> str:
    if size < 1:
        return ""
    return "household.family" if size >= FAMILY_MIN else "household.pair" if size > 1 else "household.single"
