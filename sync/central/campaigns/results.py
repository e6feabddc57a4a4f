"""Results: what came of a campaign, from what devices and channels told and persons bought."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import TypeVar

import msgspec

from edge.core.calendar import DAY_MS, local
from edge.core.consent import Purpose, may
from edge.core.events import Kind
from edge.core.facts import Moment
from edge.core.offers import Effect, Loser, Tile, Why
from edge.core.offers.said import Told
from sync.central.analysis.persons import persons
from sync.central.campaigned import Campaign
from sync.central.campaigns import life
from sync.central.campaigns.lift import Arm, Lift, lift
from sync.central.channels import exposures
from sync.central.days import zone_of
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import PAID, What
from sync.central.journey.figures import GUESTS
from sync.central.lanes import event_table
from sync.central.registry import consents
from sync.central.store import Connection, and_, now_of, select
from sync.packing import UNREADABLE

LOG = logging.getLogger(__name__)
EVENTS_MAX = 500_000
"""Events of a site that one reading goes through, the first ones: an experiment is read once."""
AT_ONCE = 5_000
S = TypeVar("S", bound=msgspec.Struct)
OFFERED = frozenset({Why.EXCLUDED, Why.GROUP, Why.STACK, Why.NO_SLOT})
"""Lost after the control group was asked: whoever is kept out would have met them as well."""
COUNTED: Mapping[int, str] = MappingProxyType(
    {
        Kind.OFFER_SHOWN: "shown",
        Kind.OFFER_TAKEN: "taken",
        Kind.OFFER_REDEEMED: "redeemed",
        Kind.OFFER_RETURNED: "returned",
    }
)


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


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What devices and channels told of one local day; a channel tells of no amount."""

    date: str
    shown: int = 0
    taken: int = 0
    redeemed: int = 0
    returned: int = 0
    minor: int = 0
    """What it took off, less what came back."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a campaign."""

    days: tuple[Day, ...]
    lift: Lift | None
    """None: nobody was kept out, so nothing can be read."""
    two_arms: int = 0
    """Persons who were in both arms, as by a band that was claimed later: they are left out."""


def results(tx: Connection, site: str, one: Campaign) -> Results:
    """Return what came of a campaign."""
    every = life.revisions(tx, site, one.id)
    days = tuple(_days(tx, site, one, since_ms=every[-1].made_ms))
    if not one.plan.control:
        return Results(days=days, lift=None)
    # Another share makes another experiment: whoever was counted before it is not mixed with who came after.
    alike = takewhile(
        lambda other: other.revision > one.revision or other.plan.control == one.plan.control, every
    )
    arms, both = _arms(tx, site, one, since_ms=[other.made_ms for other in alike][-1])
    return Results(days=days, lift=_read(tx, site, one, arms=arms), two_arms=both)


def _read(tx: Connection, site: str, one: Campaign, *, arms: dict[bool, dict[str, int]]) -> Lift:
    """Read it at the moment at which both arms were full, whoever came later."""
    plan, window_ms = one.plan, one.plan.window_days * DAY_MS
    times = [sorted(arms[arm].values()) for arm in (True, False)]
    full = plan.planned > 0 and min(map(len, times)) >= plan.planned
    until_ms = max(all_[plan.planned - 1] for all_ in times) if full else now_of(tx)
    within = {arm: {who: at for who, at in first.items() if at <= until_ms} for arm, first in arms.items()}
    did = _bought(tx, site, one, first={**within[True], **within[False]})
    offered, withheld = (Arm(len(within[arm]), len(did & within[arm].keys())) for arm in (True, False))
    over = full and now_of(tx) >= until_ms + window_ms
    return lift(offered, withheld, share=plan.control, planned=plan.planned, over=over)


def _arms(
    tx: Connection, site: str, one: Campaign, *, since_ms: int
) -> tuple[dict[bool, dict[str, int]], int]:
    """Return when each person was first offered it (True) or kept out (False), and how many were both.

    Wherever it was: at a kiosk or in a channel, under whichever band.
    """
    arms: dict[bool, dict[str, int]] = {True: {}, False: {}}
    whose, asked = persons(tx, site), set[str]()
    for said in _chosen(tx, site, since_ms=since_ms):
        guest, arm = said.asked.guest, _arm(said.choice, one.id)
        if guest is not None and arm is not None:
            asked.add(guest)
            first = arms[arm].get(whose.of(guest), said.asked.moment.now_ms)
            arms[arm][whose.of(guest)] = min(first, said.asked.moment.now_ms)
    both = arms[True].keys() & arms[False].keys()
    for guest in both | whose.among(_gone(tx, site, asked)):
        for group in arms.values():
            group.pop(guest, None)
    return arms, len(both)


def _chosen(tx: Connection, site: str, *, since_ms: int) -> Iterator[_Exposed]:
    for _, _, said in _events(tx, site, {int(Kind.OFFERS_EXPOSED): _Exposed}, since_ms=since_ms):
        yield said
    for kept in exposures.newest(tx, site, most=EVENTS_MAX, since_ms=since_ms):
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
    return True if lost.why in OFFERED else None


def _bought(tx: Connection, site: str, one: Campaign, *, first: Mapping[str, int]) -> set[str]:
    """Return which of these guests bought what it is about in their time, and kept it."""
    if not first:
        return set()
    whose = persons(tx, site)
    entry, wanted = diary_table.c, frozenset((one.plan.offer.effect or Effect()).articles)
    about = and_(
        entry.site_id == site,
        entry.what.in_([what.value for what in PAID]),
        entry.hlc >= min(first.values()) << 16,
    )
    columns = (entry.owner, entry.hlc, entry.what, entry.subject, entry.ref, entry.amount_minor)
    left: Counter[tuple[str, str]] = Counter()
    bought: set[tuple[str, str]] = set()
    for row in tx.execute(select(*columns).where(about).execution_options(yield_per=AT_ONCE)):
        guest = whose.of(row.owner.removeprefix(GUESTS))
        if guest not in first:
            continue
        refunded = row.what == What.REFUNDED
        left[guest, row.ref] += (-1 if refunded else 1) * abs(row.amount_minor or 0)
        since_ms = (row.hlc >> 16) - first[guest]
        fits = not wanted or not wanted.isdisjoint(row.subject.split(" "))
        if not refunded and fits and 0 <= since_ms <= one.plan.window_days * DAY_MS:
            bought.add((guest, row.ref))
    return {guest for guest, ref in bought if left[guest, ref] > 0}


def _days(tx: Connection, site: str, one: Campaign, *, since_ms: int) -> Iterator[Day]:
    """Yield what devices and channels told, day by day at the site."""
    zone, counts = zone_of(tx, site), dict[str, Counter[str]]()

    def of(at_ms: int) -> Counter[str]:
        return counts.setdefault(local(zone, at_ms).date().isoformat(), Counter())

    for kind, at_ms, told in _events(tx, site, dict.fromkeys(COUNTED, Told), since_ms=since_ms):
        if told.campaign != one.id and told.offer != one.id:
            continue
        of(at_ms)[COUNTED[kind]] += 1
        of(at_ms)["minor"] += -told.minor if kind == Kind.OFFER_RETURNED else told.minor
    for tile in exposures.outcomes(tx, site, since_ms=since_ms):
        if tile.offer == one.id:
            of(tile.shown_ms)["shown"] += 1
            if tile.redeemed_ms is not None:
                of(tile.redeemed_ms)["redeemed"] += 1
    for date, day in sorted(counts.items()):
        yield Day(date=date, **day)


def _events(
    tx: Connection, site: str, forms: Mapping[int, type[S]], *, since_ms: int
) -> Iterator[tuple[int, int, S]]:
    """Yield kind, moment and body of events of these kinds since a moment."""
    event = event_table.c
    told = and_(
        event.site_id == site,
        event.kind.in_([int(kind) for kind in forms]),
        event.hlc >= since_ms << 16,
    )
    query = select(event.kind, event.hlc, event.body).where(told).order_by(event.hlc).limit(EVENTS_MAX)
    for row in tx.execute(query.execution_options(yield_per=AT_ONCE)):
        try:
            said = msgspec.msgpack.decode(bytes(row.body), type=forms[row.kind])
        except UNREADABLE as error:
            LOG.warning("campaigns.unread kind=%d: %s", row.kind, error)
            continue
        yield row.kind, row.hlc >> 16, said
