"""Results: what came of a campaign up to a moment, from what devices and channels told and persons bought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from edge.core.events import Kind
from edge.core.offers.said import Told
from sync.central.analysis.facts import Calendar, date_of
from sync.central.campaigns import life
from sync.central.campaigns.always import Between, always
from sync.central.campaigns.evidence import Evidence, events, gather
from sync.central.campaigns.lift import Arm, Lift, Verdict, fits, lift
from sync.central.channels import exposures
from sync.central.offers.campaigned import Campaign, Plan
from sync.central.store import Connection, now_of

COUNTED: Mapping[int, str] = MappingProxyType(
    {
        Kind.OFFER_SHOWN: "shown",
        Kind.OFFER_TAKEN: "taken",
        Kind.OFFER_REDEEMED: "redeemed",
        Kind.OFFER_RETURNED: "returned",
    }
)


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


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment at one moment: the reading of its end, and before it what may be looked at any night."""

    lift: Lift
    so_far: Between | None
    """None: there is nothing to say yet, or the end has been reached."""
    two_arms: int
    final: bool = False
    """Both arms were full and had had their days: what comes later changes nothing of it."""


def results(tx: Connection, site: str, one: Campaign) -> Results:
    """Return what came of a campaign up to now."""
    told = tuple(days(tx, site, one))
    if not one.plan.control:
        return Results(days=told, lift=None)
    found = read(gather(tx, site, one), one.plan, until_ms=now_of(tx))
    return Results(days=told, lift=found.lift, two_arms=found.two_arms)


def read(evidence: Evidence, plan: Plan, *, until_ms: int) -> Read:
    """Read it as of a moment: for good once both arms were full and had had their days.

    Of any later moment it is the same reading, as of the end of those days: neither who came afterwards nor
    what was brought back afterwards moves it.
    """
    arms, both = evidence.arms(until_ms)
    times = [sorted(arms[arm].values()) for arm in (True, False)]
    full = plan.planned > 0 and min(map(len, times)) >= plan.planned
    last_ms = max(all_[plan.planned - 1] for all_ in times) if full else until_ms
    end_ms = last_ms + evidence.window_ms
    if full and until_ms > end_ms:
        return read(evidence, plan, until_ms=end_ms)  # an end that is never later than this one
    offered, withheld = (_arm(evidence, arms[arm], (last_ms, until_ms)) for arm in (True, False))
    over = full and until_ms == end_ms
    found = lift(offered, withheld, share=plan.control, planned=plan.planned, over=over)
    if found.verdict is not Verdict.NOT_YET:
        return Read(lift=found, so_far=None, two_arms=both, final=True)
    if not fits(offered.guests, withheld.guests, share=plan.control):
        void = Lift(verdict=Verdict.VOID, offered=offered, withheld=withheld)
        return Read(lift=void, so_far=None, two_arms=both)
    # Each of them has had the whole of their time, so that nobody's answer changes from night to night.
    done_ms = until_ms - evidence.window_ms
    ripe = [_arm(evidence, arms[arm], (done_ms, until_ms)) for arm in (True, False)]
    return Read(lift=found, so_far=always(*ripe, planned=plan.planned), two_arms=both)


def _arm(evidence: Evidence, first: Mapping[str, int], when: tuple[int, int]) -> Arm:
    """Return an arm of those who came up to a first moment, by what they had done at a second one."""
    last_ms, until_ms = when
    within = {who: at for who, at in first.items() if at <= last_ms}
    return Arm(len(within), len(evidence.did(within, until_ms)))


def days(tx: Connection, site: str, one: Campaign, *, since_ms: int = 0) -> Iterator[Day]:
    """Yield what devices and channels told of a campaign, day by day at the site, since a moment."""
    calendar, counts = Calendar(tx, site), dict[int, Counter[str]]()
    since_ms = max(since_ms, life.revisions(tx, site, one.id)[-1].made_ms)

    def of(at_ms: int) -> Counter[str]:
        return counts.setdefault(calendar.day(at_ms), Counter())

    for kind, at_ms, told in events(tx, site, dict.fromkeys(COUNTED, Told), since_ms=since_ms):
        if told.campaign != one.id and told.offer != one.id:
            continue
        of(at_ms)[COUNTED[kind]] += 1
        of(at_ms)["minor"] += -told.minor if kind == Kind.OFFER_RETURNED else told.minor
    for tile in exposures.outcomes(tx, site, since_ms=since_ms):
        if tile.offer == one.id:
            of(tile.shown_ms)["shown"] += 1
            if tile.redeemed_ms is not None:
                of(tile.redeemed_ms)["redeemed"] += 1
    for day, told_of in sorted(counts.items()):
        yield Day(date=date_of(day).isoformat(), **told_of)
