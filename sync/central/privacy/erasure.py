"""Erasure: a guest of whom nothing stays, at central at once and at every edge before anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from edge.core.elsewhere import Limited
from edge.core.offers.elsewhere import OFFER_TIMES
from edge.core.profiles import remark_owner
from edge.errors import StoreError, Unknown
from sync.central import seals
from sync.central.feed import BAND, Change, item_table, publish
from sync.central.machines import devices, lanes
from sync.central.money.holding import hold
from sync.central.near import orders
from sync.central.privacy import named
from sync.central.privacy.remarks import ERASE, erasure_key, forget_about
from sync.central.registry import (
    bands,
    birthdays,
    consents,
    expected,
    guests,
    ladders,
    links,
    members,
    rights,
    segments,
    wallets,
)
from sync.central.registry.profiles import PROFILE
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, Store, and_, or_, select
from sync.central.traces import ALSO
from sync.wire import ErasureNotice

TRIES_MAX = 8
"""Times that a busy database is asked to let go of what was deleted; each waits some seconds by itself."""


class Gone(NamedTuple):
    """Whom to forget, by every name that things of theirs are kept under."""

    guest: str
    bands: tuple[bytes, ...]
    rights: tuple[str, ...]
    words: tuple[str, ...]
    """What they go by in texts: names of things, and their own."""
    worn: tuple[bytes, ...]
    """Those of the bands that are theirs now; the others were when they were erased before."""

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose keys what staff wrote of them may be sealed under."""
        return (remark_owner(self.guest, b""), *(remark_owner(None, band) for band in self.bands))


PLACES: list[Callable[[Connection, str, Gone], object]] = [
    lambda tx, site, gone: guests.forget(tx, site, gone.guest),
    lambda tx, site, gone: consents.forget(tx, site, [gone.guest]),
    lambda tx, site, gone: segments.forget(tx, site, [gone.guest]),
    lambda tx, site, gone: birthdays.forget(tx, site, [gone.guest]),
    lambda tx, site, gone: ladders.forget(tx, site, [gone.guest]),
    lambda tx, site, gone: expected.forget(tx, site, [gone.guest]),
    lambda tx, site, gone: members.forget(tx, site, gone.guest),
    lambda tx, site, gone: rights.remove(tx, site, gone.rights),
    lambda tx, site, gone: orders.forget(tx, site, gone.guest),
    lambda tx, site, gone: bands.forget(tx, site, gone.guest),
    lambda tx, site, gone: seals.destroy(tx, site, gone.owners),
    lambda tx, site, gone: forget_about(tx, site, gone.bands),
    lambda tx, site, gone: named.forget(tx, site, gone.guest),
    lambda tx, site, gone: lanes.empty_aside(tx, site, (*gone.bands, gone.guest.encode())),
    lambda tx, site, gone: wallets.blank(tx, site, gone.words),
]
"""Every place where central keeps something of a guest: a room that keeps more adds its own."""


class Erased(NamedTuple):
    """What went, and by which of the feed's numbers the edges hear of it."""

    guest: str
    bands: int
    rights: int
    seq: int


class Spread(NamedTuple):
    """How far an erasure has come: devices that have applied it, and those that have not been heard since."""

    done: tuple[str, ...]
    waiting: tuple[str, ...]


def erase(tx: Connection, site: str, guest: str) -> Erased:
    """Delete a guest, their bands, rights, consents and names; tell every edge before anything else.

    Whoever was found to be one with them goes, too: it is one person who asks.

    Call it last in the transaction of whoever asks, and ``store.erase_ghosts()`` after the commit. Events
    stay without what staff remarked in them, and the pseudonym in them leads nowhere any more. What was
    remarked and lies elsewhere, or comes later, is noise: the key under which it is sealed is destroyed.
    """
    whom = _about(tx, site, guest)
    take_turn(tx, site)
    others = guests.guests_of(tx, site, links.dissolve(tx, site, guest))
    people = [*(_about(tx, site, one) for one in others), whom]
    for gone in people:
        for blank in ALSO:  # what the provider was asked is held before any wallet: the order of ``holding``
            blank(tx, site, gone.words)
    hold(tx, site, {wallet for gone in people for wallet in _wallets(tx, site, gone)})
    for gone in people:
        for take in PLACES:
            take(tx, site, gone)
    seq = publish(tx, site, [change for gone in people for change in _changes(tx, site, gone)])
    return Erased(
        guest, sum(len(gone.worn) for gone in people), sum(len(gone.rights) for gone in people), seq
    )


def _about(tx: Connection, site: str, guest: str) -> Gone:
    """Return by what a guest is known, or raise ``Unknown``."""
    known = guests.guests_of(tx, site, [guest]).get(guest)
    worn = tuple(card.band.id for card in bands.bands_of(tx, site, [guest]))
    held = tuple(one.id for one in rights.rights_of(tx, site, [guest]).get(guest, ()))
    told = _told(tx, site, guest)
    if known is None and not worn and not held and told is None:
        raise Unknown(f"There is no guest {guest}.", hint="Give the id that the console shows.")
    before = msgspec.msgpack.decode(told, type=ErasureNotice).bands if told else ()
    name = filter(None, [known.name if known is not None else ""])
    words = (guest, *(one.hex() for one in worn), *held, *name)
    return Gone(guest, tuple(sorted({*before, *worn})), held, words, worn)


def spread(tx: Connection, site: str, seq: int) -> Spread:
    """Say which devices have applied everything urgent up to an erasure, by their own last report."""
    done: list[str] = []
    waiting: list[str] = []
    for device in devices.devices(tx, site):
        if device.state == devices.ACTIVE:
            at = device.report.urgent.seq if device.report is not None else 0
            (done if at >= seq else waiting).append(device.id)
    return Spread(tuple(done), tuple(waiting))


def clear(store: Store) -> None:
    """Take what was deleted out of the database's files; ``StoreError`` if readers keep it there."""
    for _ in range(TRIES_MAX):
        if store.erase_ghosts():
            return
    raise StoreError(
        "The guest is erased, but a long reader keeps the old pages in the database's log.",
        hint="Erase once more when no export or snapshot runs; it does no harm.",
    )


def _wallets(tx: Connection, site: str, gone: Gone) -> set[str]:
    """Return the wallet that they pay from, and those whose label names them."""
    theirs = members.members_by_guest(tx, site, [gone.guest]).values()
    return {one.wallet for one in theirs} | set(wallets.labelled(tx, site, gone.words))


def _told(tx: Connection, site: str, guest: str) -> bytes | None:
    own = item_table.c
    found = select(own.body).where(own.site_id == site, own.kind == ERASE, own.key == erasure_key(guest))
    body = tx.execute(found).scalar()
    return None if body is None else bytes(body)


def _changes(tx: Connection, site: str, gone: Gone) -> list[Change]:
    """Return tombstones of everything that the feed holds of a guest and their bands, and the notice."""
    own = item_table.c
    keys = [id_.hex() for id_ in gone.worn]
    worn = and_(own.kind.in_((PROFILE, BAND, Limited.GUEST_PIN)), own.key.in_(keys))
    there = and_(own.site_id == site, or_(worn, and_(own.kind == OFFER_TIMES, own.key == gone.guest)))
    rows = tx.execute(select(own.kind, own.key, own.urgent).where(there))
    notice = msgspec.msgpack.encode(ErasureNotice(guest=gone.guest, bands=gone.bands))
    told = Change(ERASE, erasure_key(gone.guest), notice, urgent=True)
    return [*(Change(row.kind, row.key, None, urgent=row.urgent) for row in rows), told]
