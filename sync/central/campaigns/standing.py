"""Standing: campaigns that the calendar or a person let begin or end, told to whoever subscribed."""

from __future__ import annotations

from typing import ClassVar

from sync.central.hooks import happened
from sync.central.hooks.happened import Own, Told
from sync.central.offers.campaigned import ID_CHARS_MAX, Campaign, Standing, in_force, today_of
from sync.central.registry.turn import take_turn
from sync.central.rounds import SiteRounds
from sync.central.store import (
    Column,
    Connection,
    String,
    Table,
    delete,
    insert,
    metadata,
    now_of,
    select,
)

live_table = Table(
    "campaign_live",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("campaign_id", String(ID_CHARS_MAX), primary_key=True),
)
"""Campaigns of which it was told that they are live."""
_own = live_table.c


class Standings(SiteRounds):
    """Looks each minute: no act of anybody's is there on the day on which a campaign begins or ends."""

    name: ClassVar[str] = "campaigns"
    every_ms: ClassVar[int] = 60_000
    failing: ClassVar[str] = "nobody was told which campaigns are live"

    def look_at(self, site: str) -> int:
        """Tell what began and ended at a site; returns how many that was."""
        with self._store.reading() as tx:
            if _known(tx, site) == _live(tx, site).keys():
                return 0
        with self._store.transaction() as tx:
            return tell(tx, site)


def tell(tx: Connection, site: str) -> int:
    """Write down which campaigns began and ended since the last look; returns how many."""
    take_turn(tx, site)  # before anything is read: what another worker told meanwhile is not told again
    known, live, at_ms = _known(tx, site), _live(tx, site), now_of(tx)
    told = [(Own.CAMPAIGN_LIVE, at_ms, _said(live[name])) for name in sorted(live.keys() - known)]
    gone = sorted(known - live.keys())
    told += [(Own.CAMPAIGN_ENDED, at_ms, Told(guest="", said={"campaign": name})) for name in gone]
    happened.say(tx, site, told)
    if gone:
        tx.execute(delete(live_table).where(_own.site_id == site, _own.campaign_id.in_(gone)))
    fresh = [{"site_id": site, "campaign_id": name} for name in sorted(live.keys() - known)]
    if fresh:
        tx.execute(insert(live_table), fresh)
    return len(told)


def _said(one: Campaign) -> Told:
    period = one.plan.offer.period
    words = {"campaign": one.id, "revision": one.revision, "first": period.first, "last": period.last}
    return Told(guest="", said=words)


def _known(tx: Connection, site: str) -> set[str]:
    return set(tx.execute(select(_own.campaign_id).where(_own.site_id == site)).scalars())


def _live(tx: Connection, site: str) -> dict[str, Campaign]:
    today = today_of(tx, site)
    return {one.id: one for one in in_force(tx, site) if one.standing(today) is Standing.LIVE}
