"""Evidence: who was offered a campaign or kept out, and what they bought, to be read as of any moment."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import NamedTuple, TypeVar

import msgspec

from edge.core.calendar import DAY_MS
from edge.core.consent import Purpose, may
from edge.core.events import Kind
from edge.core.facts import Moment
from edge.core.offers import Effect, Loser, Tile, Why
from edge.core.offers.choice import LATE
from sync.central.analysis.persons import Persons, persons
from sync.central.campaigns import life
from sync.central.channels import exposures
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import PAID, What
from sync.central.journey.figures import GUESTS
from sync.central.machines.lanes import event_table
from sync.central.offers.campaigned import Campaign
from sync.central.registry import consents
from sync.central.store import Connection, and_, select
from sync.packing import UNREADABLE

LOG = logging.getLogger(__name__)
AT_ONCE = 5_000
"""Rows that are held at a time: a reading goes through all there are, for a half would be another one."""
S = TypeVar("S", bound=msgspec.Struct)


class _Asked(msgspec.Struct, frozen=True):
    moment: Moment
    guest: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    tiles: tuple[Tile, ...] = ()
    losers: tuple[Loser, ...] = ()


class _Exposed(msgspec.Struct, frozen=True):
    """As much of a choice as says in which arm somebody is."""

    asked: _Asked
    choice: _Choice


class Moved(NamedTuple):
    """One purchase or refund of a person who is in an arm: when, by which basket, and its minor units."""

    at_ms: int
    ref: str
    minor: int
    """What came back is below zero."""
    fits: bool
    """It is what the campaign is about."""


class Evidence(NamedTuple):
    """All that a campaign can be read by, at whatever moment."""

    first: Mapping[bool, Mapping[str, int]]
    """When each person was first offered it (True) or kept out (False), in UTC milliseconds."""
    moved: Mapping[str, tuple[Moved, ...]]
    """What they bought and brought back, by person."""
    window_ms: int

    def arms(self, until_ms: int) -> tuple[dict[bool, dict[str, int]], int]:
        """Return who was in just one arm up to a moment, since when, and how many were in both by then."""
        within = {
            arm: {who: at for who, at in those.items() if at <= until_ms} for arm, those in self.first.items()
        }
        both = within[True].keys() & within[False].keys()
        return {arm: {who: at for who, at in those.items() if who not in both}
                for arm, those in within.items()}, len(both)  # fmt: skip

    def did(self, first: Mapping[str, int], until_ms: int) -> frozenset[str]:
        """Return which of these persons bought it in their time, and had kept it at a moment."""
        return frozenset(who for who, at in first.items() if self._bought(who, at, until_ms))

    def _bought(self, who: str, first_ms: int, until_ms: int) -> bool:
        left, bought = Counter[str](), set[str]()
        for one in self.moved.get(who, ()):
            if one.at_ms > until_ms:
                continue
            left[one.ref] += one.minor
            if one.fits and one.minor >= 0 and 0 <= one.at_ms - first_ms <= self.window_ms:
                bought.add(one.ref)
        return any(left[ref] > 0 for ref in bought)


def gather(tx: Connection, site: str, one: Campaign) -> Evidence:
    """Return what a campaign can be read by, as far as it is known now.

    Another share makes another experiment: whoever was counted before it is not mixed with who came after.
    """
    every = life.revisions(tx, site, one.id)
    alike = takewhile(
        lambda other: other.revision > one.revision or other.plan.control == one.plan.control, every
    )
    whose = persons(tx, site)
    first = _first(tx, site, one, whose=whose, since_ms=[other.made_ms for other in alike][-1])
    return Evidence(
        first=first,
        moved=_moved(tx, site, one, whose=whose, first={**first[False], **first[True]}),
        window_ms=one.plan.window_days * DAY_MS,
    )


def events(
    tx: Connection, site: str, forms: Mapping[int, type[S]], *, since_ms: int
) -> Iterator[tuple[int, int, S]]:
    """Yield kind, moment and body of events of these kinds since a moment."""
    event = event_table.c
    told = and_(
        event.site_id == site,
        event.kind.in_([int(kind) for kind in forms]),
        event.hlc >= since_ms << 16,
    )
    query = select(event.kind, event.hlc, event.body).where(told).order_by(event.hlc)
    for row in tx.execute(query.execution_options(yield_per=AT_ONCE)):
        try:
            said = msgspec.msgpack.decode(bytes(row.body), type=forms[row.kind])
        except UNREADABLE as error:
            LOG.warning("campaigns.unread kind=%d: %s", row.kind, error)
            continue
        yield row.kind, row.hlc >> 16, said


def _first(
    tx: Connection, site: str, one: Campaign, *, whose: Persons, since_ms: int
) -> dict[bool, dict[str, int]]:
    """Return when each person was first in each arm, at a kiosk or in a channel, under whichever band."""
    arms: dict[bool, dict[str, int]] = {True: {}, False: {}}
    asked = set[str]()
    for said in _chosen(tx, site, since_ms=since_ms):
        guest, arm = said.asked.guest, _arm(said.choice, one.id)
        if guest is not None and arm is not None:
            asked.add(guest)
            at_ms = said.asked.moment.now_ms
            arms[arm][whose.of(guest)] = min(arms[arm].get(whose.of(guest), at_ms), at_ms)
    for person in whose.among(_gone(tx, site, asked)):
        for group in arms.values():
            group.pop(person, None)
    return arms


def _chosen(tx: Connection, site: str, *, since_ms: int) -> Iterator[_Exposed]:
    for _, _, said in events(tx, site, {int(Kind.OFFERS_EXPOSED): _Exposed}, since_ms=since_ms):
        yield said
    for kept in exposures.newest(tx, site, most=None, since_ms=since_ms):
        asked, choice = kept.exposed.asked, kept.exposed.choice
        yield _Exposed(_Asked(asked.moment, asked.guest), _Choice(choice.tiles, choice.losers))


def _gone(tx: Connection, site: str, guests: Iterable[str]) -> set[str]:
    """Return those who let nothing be chosen for them any more: of them nothing is read either."""
    asked = set(guests)
    said = consents.consents_of(tx, site, asked)
    return {guest for guest in asked if not may(said.get(guest, ()), Purpose.OFFERS)}


def _arm(choice: _Choice, name: str) -> bool | None:
    """Return in which arm a choice puts somebody; None: the campaign was not for them then."""
    if any(tile.offer == name for tile in choice.tiles):
        return True
    lost = next((loser for loser in choice.losers if loser.offer == name), None)
    if lost is None:
        return None
    if lost.why is Why.CONTROL:
        # By this experiment alone: whoever gets no personal offer at all is in none.
        return False if lost.detail == name else None
    return True if lost.why in LATE else None


def _moved(
    tx: Connection, site: str, one: Campaign, *, whose: Persons, first: Mapping[str, int]
) -> dict[str, tuple[Moved, ...]]:
    """Return what these persons bought and brought back since the first of them was asked."""
    found = defaultdict[str, list[Moved]](list)
    if not first:
        return {}
    entry, wanted = diary_table.c, frozenset((one.plan.offer.effect or Effect()).articles)
    about = and_(
        entry.site_id == site,
        entry.what.in_([what.value for what in PAID]),
        entry.hlc >= min(first.values()) << 16,
    )
    columns = (entry.owner, entry.hlc, entry.what, entry.subject, entry.ref, entry.amount_minor)
    query = select(*columns).where(about).order_by(entry.hlc, entry.source, entry.id)
    for row in tx.execute(query.execution_options(yield_per=AT_ONCE)):
        person = whose.of(row.owner.removeprefix(GUESTS))
        if person in first:
            fits = not wanted or not wanted.isdisjoint(row.subject.split(" "))
            back = row.what == What.REFUNDED
            minor = (-1 if back else 1) * abs(row.amount_minor or 0)
            found[person].append(Moved(row.hlc >> 16, row.ref, minor, fits and not back))
    return {person: tuple(all_) for person, all_ in found.items()}
