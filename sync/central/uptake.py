"""Uptake: what devices' events change in central's own registry, in the transaction that stores them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.consent import Consented
from edge.core.events import Kind
from sync.central.registry import consents, guests, profiles
from sync.central.store import Connection

TAKEN_UP = frozenset({int(Kind.CONSENT_SET)})
"""Kinds of events that central acts upon; an erasure never is one: no device may delete a guest."""
decode_consented = msgspec.msgpack.Decoder(Consented).decode


def take_up(tx: Connection, site: str, told: Iterable[tuple[int, bytes]]) -> None:
    """Act upon the kinds and bodies of events that have just been stored, and publish what came of it.

    Call it before wallets are held: publishing takes the site's turn.
    """
    changed = {}
    for _, body in told:
        said = decode_consented(body)
        # A guest who was erased meanwhile has nothing left to allow.
        known = guests.guests_of(tx, site, [said.guest])
        if known and consents.take(tx, site, said.guest, told=[said.consent]):
            changed[said.guest] = True
    if changed:
        profiles.publish_guests(tx, site, changed)
