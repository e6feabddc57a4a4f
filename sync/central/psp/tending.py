"""Tending: stored cards that nobody speaks of, as when a page's notice was lost or a card's month is over."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from edge.core.wallet import MandateNote
from edge.errors import PolsoError
from sync.central.psp import mandates
from sync.central.psp.declines import EXPIRED
from sync.central.psp.mandates import Mandate, State, mandate_table
from sync.central.psp.port import Psp
from sync.central.psp.standing import SOON_MS as SOON_CARD_MS
from sync.central.psp.standing import month_at, tell_wallet
from sync.central.registry import wallets
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import wallet_table
from sync.central.sites import sites
from sync.central.store import Connection, Seals, Store, and_, or_, select, wake_after

SOON_MS = 60_000
"""How often a page is asked about in its first hour; a guest at a desk waits for it."""
HOUR_MS = 3_600_000
"""How often afterwards, and how often cards are looked at whose month may be over."""
PAGE_MS = 25 * HOUR_MS
"""A page is open for a day; it is asked about once more after that, then nobody waits for its guest."""
GONE_MS = 7 * 24 * HOUR_MS
"""After so long a page of which the provider says nothing at all is given up, too."""
BATCH_MAX = 32
NOT_FINISHED = "not_finished"
LOG = logging.getLogger("polso.psp")


class Tending:
    """Looks at what no notice may ever come for; ``finish`` asks about one page and stores what is there."""

    def __init__(self, store: Store, psp: Psp, seals: Seals, *, finish: Callable[[str, str], bool]) -> None:
        """Look after one provider's mandates."""
        self._store, self._psp, self._seals, self._finish = store, psp, seals, finish
        self._soon_ms = self._hourly_ms = 0

    def look(self) -> int:
        """Ask about what is due by now; returns how many mandates stand otherwise than before."""
        now_ms = self._store.now_ms()
        hourly = not 0 <= now_ms - self._hourly_ms < HOUR_MS
        if not hourly and 0 <= now_ms - self._soon_ms < SOON_MS:
            return 0
        self._soon_ms = now_ms
        changed = self._pages(now_ms, since_ms=0 if hourly else now_ms - HOUR_MS)
        if hourly:
            self._hourly_ms = now_ms
            changed += self._months(now_ms)
            self._soon(now_ms)
        return changed

    def _pages(self, now_ms: int, *, since_ms: int) -> int:
        """Ask about pages, the eldest first, until all were asked about."""
        changed, after = 0, (since_ms, "")
        while True:
            with self._store.reading() as tx:
                some = _pending(tx, self._psp.name, after=after)
            for site, one in some:
                changed += self._page(site, one, age_ms=now_ms - one.made_ms)
            if len(some) < BATCH_MAX:
                return changed
            after = (some[-1][1].made_ms, some[-1][1].id)

    def _page(self, site: str, one: Mandate, *, age_ms: int) -> bool:
        try:
            with self._store.reading() as tx:
                page = mandates.held(tx, site, one.id, seals=self._seals).page
            if page and self._finish(site, one.id):
                LOG.info("mandate %s was finished, and no notice came", one.id)
                return True
        except PolsoError as error:
            LOG.warning("nobody knows yet whether the guest of %s stored a card: %s", one.id, error)
            if age_ms <= GONE_MS:
                return False
        if age_ms <= PAGE_MS:
            return False
        return self._end(site, one, state=State.REVOKED, reason=NOT_FINISHED)

    def _months(self, now_ms: int) -> int:
        """End the cards whose last month is over everywhere, unless the provider knows of a new one."""
        behind = dt.datetime.fromtimestamp(now_ms // 1000, dt.timezone(-dt.timedelta(hours=12)))
        month, changed = behind.year * 100 + behind.month, 0
        with self._store.reading() as tx:
            found = [(site, one) for site in sites(tx) for one in mandates.lapsed(tx, site, month)]
        for site, one in found:
            try:
                renewed = one.psp == self._psp.name and self._renewed(site, one, month)
            except PolsoError as error:
                LOG.warning("nobody knows yet whether the card of %s was renewed: %s", one.id, error)
                continue
            changed += not renewed and self._end(site, one, state=State.EXPIRED, reason=EXPIRED)
        return changed

    def _soon(self, now_ms: int) -> None:
        """Let guests hear of cards whose last month has come near; the same word again changes nothing."""
        month, after = month_at(now_ms + SOON_CARD_MS), ("", "")
        while True:
            with self._store.transaction() as tx:
                some = _unsaid(tx, month, after=after)
                for own in sorted({site for site, _, _ in some}):
                    take_turn(tx, own)
                    wallets.lock_all(tx, own, [wallet for site, _, wallet in some if site == own])
                for site, _, wallet in some:
                    tell_wallet(tx, site, wallet)
                    wake_after(tx, site)
            if len(some) < BATCH_MAX:
                return
            after = some[-1][:2]

    def _renewed(self, site: str, one: Mandate, month: int) -> bool:
        """Whether the card's network gave the provider a later month; that is noted."""
        with self._store.reading() as tx:
            page = mandates.held(tx, site, one.id, seals=self._seals).page
        found = self._psp.finish(page) if page else None
        if found is None or 0 < found.expires < month:
            return False
        with self._store.transaction() as tx:
            take_turn(tx, site)
            mandates.renew(tx, site, one.id, expires=found.expires)
            tell_wallet(tx, site, one.wallet)
            wake_after(tx, site)
        return True

    def _end(self, site: str, one: Mandate, *, state: State, reason: str) -> bool:
        with self._store.transaction() as tx:
            take_turn(tx, site)
            if mandates.mandate(tx, site, one.id).state is not one.state:
                return False
            mandates.stand(tx, site, one.id, state=state, reason=reason)
            tell_wallet(tx, site, one.wallet)
            wake_after(tx, site)
        LOG.info("mandate %s is %s: %s", one.id, state, reason)
        return True


def _unsaid(tx: Connection, month: int, *, after: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Return site, mandate and wallet of cards that end by a month, of which nobody was told anything yet."""
    own, there = mandate_table.c, wallet_table.c
    ends = (own.state == State.ACTIVE.value, own.expires > 0, own.expires <= month)
    same = (there.site_id == own.site_id, there.wallet_id == own.wallet_id)
    quiet = there.mandate_note == MandateNote.NONE.value
    later = or_(own.site_id > after[0], and_(own.site_id == after[0], own.mandate_id > after[1]))
    query = select(own.site_id, own.mandate_id, own.wallet_id).join(wallet_table, and_(*same))
    rows = tx.execute(query.where(*ends, quiet, later).order_by(own.site_id, own.mandate_id).limit(BATCH_MAX))
    return [(row[0], row[1], row[2]) for row in rows]


def _pending(tx: Connection, psp: str, *, after: tuple[int, str]) -> list[tuple[str, Mandate]]:
    own = mandate_table.c
    waits = (own.psp == psp, own.state == State.PENDING.value)
    later = (own.made_ms > after[0]) | ((own.made_ms == after[0]) & (own.mandate_id > after[1]))
    query = select(own.site_id, own.mandate_id).where(*waits, later)
    rows = tx.execute(query.order_by(own.made_ms, own.mandate_id).limit(BATCH_MAX)).all()
    return [(row.site_id, mandates.mandate(tx, row.site_id, row.mandate_id)) for row in rows]
