"""Erasure: a guest of whom nothing stays at this device, as soon as central says so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from edge.core.events import Acted, Kind, Lane
from edge.core.profiles import Profile
from edge.errors import StoreError
from edge.service.agreeing import forget_unsettled
from edge.service.answers import answer_in
from edge.service.consents import CONSENT
from edge.service.near import keeping
from edge.service.offering.forgetting import forget_offers
from edge.service.past import DECISIONS
from edge.service.payments.forgetting import forget_payers
from edge.service.rooms import Rooms
from edge.service.show import short
from edge.store.journal import RANGE_MAX
from edge.store.transaction import LINK, Transaction

LOG = logging.getLogger("polso.service")
TAPPED = ("answers", "pending")
"""Kinds of small things that are kept by tap."""
_DECODE = msgspec.msgpack.Decoder(Profile).decode


class Gone(NamedTuple):
    """Whom to forget, by every name that things of theirs are kept under."""

    guest: str
    bands: frozenset[bytes]
    rights: frozenset[str]
    taps: frozenset[str]


Place: TypeAlias = Callable[[Transaction, Gone], int]
"""Takes what is kept of a guest out of one place of ``state.db``; says how many rows named them."""
Memory: TypeAlias = Callable[[Gone], None]
"""Forgets what one room remembers of a guest beside the store."""


def _movements(tx: Transaction, gone: Gone) -> int:
    tx.erase_bands(gone.bands)
    tx.erase_uses(gone.rights)
    tx.erase_answers(gone.taps)
    return 0


def _small_things(tx: Transaction, gone: Gone) -> int:
    for tap in gone.taps:
        for kind in TAPPED:
            tx.delete(kind, tap)
    return tx.erase_kept(gone.bands)


def _consents(tx: Transaction, gone: Gone) -> int:
    said = tx.get(CONSENT, gone.guest) is not None
    tx.delete(CONSENT, gone.guest)
    return int(said)


def _nearby(tx: Transaction, gone: Gone) -> int:
    return keeping.forget(tx, gone.guest, gone.rights)


def _unsettled(tx: Transaction, gone: Gone) -> int:
    return forget_unsettled(tx, gone.rights)


PLACES: tuple[Place, ...] = (_movements, _small_things, _consents, _nearby, _unsettled, forget_offers)
"""Every place where ``state.db`` keeps something of a guest: a new one is added here, and nowhere else.

The journal is none: what people wrote in it lies sealed under a key that only central has, and destroys.
"""


class Erasure:
    """Forgets guests; what a long reader keeps in a file's log is tried again until it is gone."""

    def __init__(self, rooms: Rooms, memories: Sequence[Memory]) -> None:
        """Act through these rooms, and have these rooms forget what they remember."""
        self._rooms, self._memories = rooms, memories
        self._lock = threading.Lock()
        self._ghosts = False

    def erase(self, guest: str, bands: Sequence[bytes]) -> None:
        """Delete every row of a guest; when this returns no screen, no search and no tap finds them.

        Money-like facts and the journal's records stay and name nobody. Asked again it does no harm.
        """
        rooms = self._rooms
        told = rooms.profiles.of_guest(guest)
        linked = rooms.sequencer.submit(lambda tx: _linked(tx, guest))
        gone = self._gone(guest, bands, (*told, *linked))
        whole = rooms.profiles.erase(gone.bands)
        # Before rows that name a band go: what was paid stays, without it, and what was lent goes back.
        paid = rooms.sequencer.submit(lambda tx: forget_payers(tx, gone.bands))
        # What waits for its table goes there first, or it would come back after the rows are gone.
        rooms.sequencer.erase_ghosts()

        def act(tx: Transaction) -> None:
            kept = paid + sum([take(tx, gone) for take in PLACES])
            if told or linked or kept:
                body = Acted(target=guest, amount=len(gone.bands))
                tx.append(Kind.ERASED, body, lane=Lane.PRIORITY)

        rooms.sequencer.submit(act)
        for forget in (*self._memories, self._untell):
            forget(gone)
        if rooms.site is not None:
            rooms.site.forget(gone.rights, gone.bands)
        self._note(gone=rooms.sequencer.erase_ghosts() and whole)

    def finish(self) -> None:
        """Try again to take what was deleted out of the files' logs, while a reader held them."""
        if not self._ghosts:
            return
        try:
            whole = self._rooms.profiles.erase(())
            self._note(gone=self._rooms.sequencer.erase_ghosts() and whole)
        except StoreError as error:
            LOG.warning("what was erased still lies in a log: %s", error)

    def _note(self, *, gone: bool) -> None:
        with self._lock:
            self._ghosts = not gone
        self._rooms.health.erasing(pending=not gone)

    def _gone(self, guest: str, bands: Sequence[bytes], known: Sequence[Profile]) -> Gone:
        worn = frozenset({*bands, *(profile.band.id for profile in known)})
        rights = frozenset(right.id for profile in known for right in profile.entitlements)
        found = (event for band in worn for event in self._rooms.journal.about(band, RANGE_MAX))
        taps = frozenset(answer_in(event).presented.tap_id for event in found if event.kind in DECISIONS)
        return Gone(guest, worn, rights, taps)

    def _untell(self, gone: Gone) -> None:
        """Take what screens were told of them out of what is kept for screens that come back."""
        shorts = {short(band) for band in gone.bands}

        def speaks_of_them(body: msgspec.Struct) -> bool:
            told = getattr(body, "guest", None) == gone.guest or getattr(body, "tap_id", None) in gone.taps
            return told or getattr(body, "band_short", None) in shorts

        self._rooms.feed.withdraw(speaks_of_them)


def _linked(tx: Transaction, guest: str) -> list[Profile]:
    """Return what staff gave this guest at this device."""
    found = [_DECODE(body) for _, body in tx.rows(LINK)]
    return [profile for profile in found if profile.guest == guest]
