"""Tiers: after each night every guest's tier is judged by what stands of a year's purchases, and told."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple

import msgspec

from edge.core.calendar import DAY_MS, day_bounds, day_of, local
from edge.core.climb import GOOD_DAYS, Climb, climb_of
from edge.core.profiles import remark_owner
from edge.core.tiers import WINDOW_DAYS, Change, Ladder, Standing, judge
from edge.core.visits import allows
from sync.central.journey import diary
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import PAID, Entry, Via, What
from sync.central.registry import climbs, consents, expected, guests, ladders, links, profiles
from sync.central.registry.guests import Guest
from sync.central.registry.localday import HEARD_HOUR, turn_of
from sync.central.registry.tables import guest_table, parts
from sync.central.registry.turn import take_turn
from sync.central.rounds import SiteRounds
from sync.central.store import Connection, Store, and_, case, func, now_of, or_, select

LOG = logging.getLogger("polso.central")
PAGE_MAX = 200
"""Guests judged in one transaction, so that nobody waits long for the site's turn."""
BY_TIERS = "/central/tiers"
"""Source of the entries that are made here."""
_TOLD_AS = {
    Change.RAISED: What.TIER_CHANGED,
    Change.LOWERED: What.TIER_CHANGED,
    Change.TOLD: What.TIER_ENDING,
    Change.KEPT: What.TIER_KEPT,
}
_own = diary_table.c


class Judged(NamedTuple):
    """What becomes of one guest's tier."""

    guest: Guest
    change: Change
    now: Standing

    @property
    def is_news(self) -> bool:
        """Whether anything is to be written: also where a file took the word off the guest."""
        return self.change is not Change.NONE or self.guest.tier != self.now.tier


class Counted(NamedTuple):
    """What stands of a year's purchases, and when the first and the last entry of it was (UTC; 0: none)."""

    minor: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def with_(self, other: Counted | None) -> Counted:
        """Return both as one."""
        if other is None:
            return self
        first_ms, last_ms = min(self.first_ms, other.first_ms), max(self.last_ms, other.last_ms)
        return Counted(self.minor + other.minor, first_ms, last_ms)


NOTHING = Counted()


class Tiers(SiteRounds):
    """Looks every ten minutes, and judges once a day, or once a ladder was changed."""

    name: ClassVar[str] = "tiers"
    every_ms: ClassVar[int] = 600_000
    failing: ClassVar[str] = "guests' tiers could not be judged"

    def __init__(self, store: Store) -> None:
        """Act on an open store; a day that was judged before the start is judged again, to no effect."""
        super().__init__(store)
        self._judged: dict[str, tuple[int, Ladder]] = {}

    def look_at(self, site: str) -> int:
        """Judge a site's guests if the night is over and nobody has yet; returns how many had news."""
        with self._store.reading() as tx:
            ladder, turn = ladders.ladder(tx, site), turn_of(tx, site)
        now_ms = self._store.now_ms()
        day = day_of(*turn, now_ms)
        if (
            ladder is None
            or local(turn.zone, now_ms).hour < HEARD_HOUR
            or self._judged.get(site) == (day, ladder)
        ):
            return 0
        done, after = 0, ""
        while not self.stopping:
            with self._store.reading() as tx:
                page = _page(tx, site, after)
                due = [one.guest.id for one in judged(tx, site, ladder, ids=page, day=day) if one.is_news]
            if due:
                with self._store.transaction() as tx:
                    done += bring(tx, site, due, day=day)
            if len(page) < PAGE_MAX:
                self._judged[site] = (day, ladder)
                break
            after = page[-1]
        LOG.info("judged tiers of site=%s news=%d", site, done)
        return done


def bring(tx: Connection, site: str, ids: Sequence[str], *, day: int) -> int:
    """Judge these guests on a local day, write down and tell what became of them; returns of how many."""
    take_turn(tx, site)  # read again in it: nobody who was erased meanwhile comes back
    ladder = ladders.ladder(tx, site)
    if ladder is None:
        return 0
    news = [one for one in judged(tx, site, ladder, ids=ids, day=day) if one.is_news]
    ladders.put_standings(tx, site, {one.guest.id: one.now for one in news})
    moved = [one for one in news if one.guest.tier != one.now.tier]
    guests.put_guests(tx, site, [msgspec.structs.replace(one.guest, tier=one.now.tier) for one in moved])
    known_as = links.roots(tx, site, [one.guest.id for one in news])
    told = [_entry(tx, one, ladder, owner=known_as.get(one.guest.id, one.guest.id), day=day)
            for one in news if _is_told(one, ladder)]  # fmt: skip
    diary.put(tx, site, told)
    if moved:
        profiles.publish_guests(tx, site, [one.guest.id for one in moved])
    return len(news)


def judged(tx: Connection, site: str, ladder: Ladder, *, ids: Sequence[str], day: int) -> list[Judged]:
    """Return what becomes of each of these guests that there are, without changing anything."""
    there, kept = guests.guests_of(tx, site, ids), ladders.standings(tx, site, ids)
    sums = spent(tx, site, there, currency=ladder.currency)
    found = []
    for id_, guest in there.items():
        now = _standing(ladder, guest, kept.get(id_))
        found.append(Judged(guest, *judge(ladder, now, spent_minor=sums.get(id_, 0), day=day)))
    return found


def spent(tx: Connection, site: str, ids: Iterable[str], *, currency: str) -> dict[str, int]:
    """Return what stands of a year's purchases of each of these, and of whoever is one with them."""
    return {one: mine.minor for one, mine in counted(tx, site, ids, currency=currency).items()}


def counted(tx: Connection, site: str, ids: Iterable[str], *, currency: str) -> dict[str, Counted]:
    """Return the same with when the first and the last of it was."""
    people = links.together(tx, site, ids)
    led, until_ms = links.roots(tx, site, people), now_of(tx)
    back = or_(_own.what == What.REFUNDED.value, _own.weight < 0)
    net = func.sum(case((back, -func.abs(_own.amount_minor)), else_=_own.amount_minor))
    in_time = and_(_own.hlc >= (until_ms - WINDOW_DAYS * DAY_MS) << 16, _own.hlc < (until_ms + 1) << 16)
    paid = and_(_own.what.in_(sorted(PAID)), _own.currency == currency, in_time)
    sums: dict[str, Counted] = {}
    for part in parts(people):
        owner_of = {remark_owner(one, b""): led.get(one, one) for one in part}
        here = and_(_own.site_id == site, _own.owner.in_(sorted(owner_of)), paid)
        query = select(_own.owner, net, func.min(_own.hlc), func.max(_own.hlc)).where(here)
        for owner, minor, first, last in tx.execute(query.group_by(_own.owner)):
            mine = Counted(int(minor or 0), int(first) >> 16, int(last) >> 16)
            sums[owner_of[owner]] = mine.with_(sums.get(owner_of[owner]))
    return {one: sums.get(led.get(one, one), NOTHING) for one in people}


def climbs_of(tx: Connection, site: str, tiers: Mapping[str, str]) -> dict[str, Climb]:
    """Return what each of these guests lacks to the tier above theirs, and how long that is good.

    It is good for a week, or until the first purchase that counts is a year old. What a device sold since
    the last one that counts is for that device to add.
    """
    ladder = ladders.ladder(tx, site)
    if ladder is None:
        return {}
    turn, now_ms = turn_of(tx, site), now_of(tx)
    today, begins_ms = day_of(*turn, now_ms), day_bounds(*turn, now_ms)[0]
    sums, found = counted(tx, site, tiers, currency=ladder.currency), dict[str, Climb]()
    for one, tier in tiers.items():
        mine = sums.get(one, NOTHING)
        until = today + GOOD_DAYS
        if mine.first_ms:
            until = min(until, day_of(*turn, mine.first_ms + WINDOW_DAYS * DAY_MS) - 1)
        known = climb_of(
            ladder,
            tier,
            spent_minor=mine.minor,
            counted_ms=max(begins_ms, mine.last_ms),
            until_day=until,
        )
        if known is not None:
            found[one] = known
    return found


def heed(tx: Connection, site: str, entries: Sequence[Entry]) -> None:
    """Have the edges told anew of who bought, once the day is over; of what came back as soon as may be.

    Until the night only the device that sold knows of a purchase; a tier that a refund takes away again is
    to stand on no screen for so long.
    """
    paid = [one for one in entries if one.what in PAID and one.owner.startswith("g:")]
    if not paid or ladders.ladder(tx, site) is None:
        return
    back = {one.owner[2:] for one in paid if one.what is What.REFUNDED or one.weight < 0}
    people = links.together(tx, site, {one.owner[2:] for one in paid})
    said = consents.consents_of(tx, site, people)
    told = [one for one in people if allows(said.get(one, ()))]
    ends_ms = day_bounds(*turn_of(tx, site), now_of(tx))[1]
    expected.judge_by(tx, site, dict.fromkeys(told, ends_ms))
    if back:
        at_once = set(links.together(tx, site, back))
        expected.tell_again(tx, site, [one for one in told if one in at_once])


def _standing(ladder: Ladder, guest: Guest, kept: Standing | None) -> Standing:
    """Return where a guest stands: by the word of their row, if it is of the ladder, or as last judged."""
    if kept is None:
        return Standing(guest.tier)
    if guest.tier == kept.tier or ladder.place(guest.tier) < 0:
        return kept
    return Standing(guest.tier)


def _is_told(one: Judged, ladder: Ladder) -> bool:
    """Whether it goes into the diary: not that somebody who was nowhere begins at the bottom."""
    begins = one.change is Change.RAISED and one.now.tier == ladder.steps[0].tier
    return one.change in _TOLD_AS and not begins


def _entry(tx: Connection, one: Judged, ladder: Ladder, *, owner: str, day: int) -> Entry:
    ends = dt.date.fromordinal(day + ladder.notice_days).isoformat() if one.change is Change.TOLD else ""
    return Entry(
        source=BY_TIERS,
        id=f"{owner}/{day}/{one.change}/{one.now.tier}",
        owner=remark_owner(owner, b""),
        hlc=now_of(tx) << 16,
        uncertainty_ms=0,
        via=Via.DESK,
        what=_TOLD_AS[one.change],
        subject=one.now.tier,
        ref=ends,
    )


def _page(tx: Connection, site: str, after: str) -> Sequence[str]:
    own = guest_table.c
    query = select(own.guest_id).where(own.site_id == site, own.guest_id > after)
    return tx.execute(query.order_by(own.guest_id).limit(PAGE_MAX)).scalars().all()


# An update tells the edges of who allows behaviour once anyhow: step 15, where days of visits are counted.
diary.WRITTEN.append(heed)
climbs.READERS.append(climbs_of)
