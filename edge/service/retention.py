"""Retention: what this device keeps of guests goes when its time is over."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from edge import config
from edge.core.approvals import Approval
from edge.core.held import Location
from edge.core.offers.elsewhere import OFFER_TIMES, Totals
from edge.core.retention import DAY_MS, HOUR_MS, is_due
from edge.errors import StoreError
from edge.service.answers import kept_answer
from edge.service.facts import SEEN
from edge.service.floor import ANSWERS
from edge.service.four_eyes import APPROVALS
from edge.service.four_eyes import KEPT_MS as APPROVAL_KEPT_MS
from edge.service.near import keeping
from edge.service.offering.voiding import ANSWERED, KEPT_DAYS
from edge.service.rooms import Rooms
from edge.service.zonebook import ZONES, minute_ms
from edge.store.transaction import Transaction

EVERY_MS = 600_000
"""How often it is looked."""
EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
LOG = logging.getLogger("polso.service")


class Retention:
    """Looks every ten minutes; deletes as an erasure does, and nothing while the clock is in doubt."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms
        self._looked_ms = rooms.clock.monotonic_ms()

    def look(self) -> None:
        """Delete what is due, if it is time to look."""
        now = self._rooms.clock.monotonic_ms()
        if now - self._looked_ms < EVERY_MS:
            return
        self._looked_ms = now
        try:
            if self._rooms.sequencer.submit(self._forget):
                self._rooms.health.erasing(pending=not self._rooms.sequencer.erase_ghosts())
        except StoreError as error:
            LOG.warning("what is kept too long could not be deleted: %s", error)

    def _forget(self, tx: Transaction) -> int:
        sure = self._rooms.clock.sure()
        if not sure:
            return 0
        gone = [
            (one.kind, key)
            for one in KEPT
            for key, body in tx.rows(one.kind)
            if is_due(one.at_ms(tx, key, body), one.keep_ms(self._rooms.retention), tx.now, sure=sure)
        ]
        for kind, key in gone:
            tx.delete(kind, key)
        return len(gone)


class Kept(NamedTuple):
    """One kind of small things: when each of them began to age, and how long it is kept."""

    kind: str
    at_ms: Callable[[Transaction, str, bytes], int]
    keep_ms: Callable[[config.Retention], int]


def _answered_ms(tx: Transaction, tap: str, body: bytes) -> int:
    del body
    kept = kept_answer(tx, tap)
    # Without its record nobody can say when it was: records stay for days after central has them.
    return kept.at_ms if kept is not None else 0


def _seen_ms(tx: Transaction, band: str, body: bytes) -> int:
    del tx, band
    return msgspec.msgpack.decode(body, type=Location).since_ms


def _asked_ms(tx: Transaction, request: str, body: bytes) -> int:
    del tx, request
    return msgspec.msgpack.decode(body, type=Approval).until_ms


def _shown_ms(tx: Transaction, guest: str, body: bytes) -> int:
    """Return the end of the last day of which other devices told something."""
    del tx, guest
    told = msgspec.msgpack.decode(body, type=Totals)
    newest = max((one.day for there in told.values() for one in there), default=EPOCH_DAY)
    return (newest - EPOCH_DAY + 1) * DAY_MS


def _told_ms(tx: Transaction, ask: str, body: bytes) -> int:
    del tx, ask
    return msgspec.msgpack.decode(body, type=int)


KEPT = (
    Kept(ANSWERS, _answered_ms, lambda times: times.answers_days * DAY_MS),
    Kept(SEEN, _seen_ms, lambda times: times.seen_h * HOUR_MS),
    Kept(ZONES, lambda tx, key, body: minute_ms(key), lambda times: times.zones_h * HOUR_MS),
    Kept(OFFER_TIMES, _shown_ms, lambda times: times.sealed_days * DAY_MS),
    Kept(APPROVALS, _asked_ms, lambda _times: APPROVAL_KEPT_MS),
    Kept(ANSWERED, _told_ms, lambda _times: KEPT_DAYS * DAY_MS),
    *(Kept(kind, since, lambda _times: keeping.DAYS * DAY_MS) for kind, since in keeping.KEPT),
)
"""Every kind of small things that speaks of a guest and has its time; another one is added here."""
