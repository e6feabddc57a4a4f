"""Stopping: a guest takes back, by a channel, that they may be charged without being asked."""

from __future__ import annotations

from typing import Protocol

import msgspec

from sync.central.channels.book import Member
from sync.central.psp import mandates
from sync.central.psp.handshake import revoke
from sync.central.psp.mandates import ALIVE
from sync.central.registry import guests, links, members
from sync.central.store import Connection

REASON = "guest"
"""Why it ended, as where the guest says so on their own page: nobody calls it a card that failed."""


class Heard(Protocol):
    """Who is to hear that a mandate was stopped by a channel."""

    def __call__(self, tx: Connection, channel: Member, mandate: str, /) -> None:
        """Hear of it, in the transaction that stops it."""


STOPPED: list[Heard] = []


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """What is charged no more; asked again it is the same, for nothing is charged either way."""

    mandates: tuple[str, ...]
    """By which numbers staff find what this request ended; empty: nothing was stored, or it had ended."""


def stop(tx: Connection, channel: Member, guest: str) -> Stopped:
    """Let nothing more be charged to what a guest stored, or stored for the wallet that is theirs.

    What tills were lent before is money that is there, and is spent; nothing more is filled up or lent at
    the house's risk from the next page of the feed on. Call it holding the site's turn.
    """
    guests.guest(tx, channel.site, guest)
    ended = [one for one in _alive(tx, channel.site, guest) if revoke(tx, channel.site, one, reason=REASON)]
    for one in ended:
        for tell in STOPPED:
            tell(tx, channel, one)
    return Stopped(mandates=tuple(ended))


def _alive(tx: Connection, site: str, guest: str) -> list[str]:
    """Return what is, or could still become, chargeable: by whichever of a person's guests it was stored."""
    found: dict[str, None] = {}
    for one in links.together(tx, site, [guest]):
        held = [*mandates.of_guest(tx, site, one)]
        if wallet := members.owned(tx, site, one):
            held += mandates.of_wallet(tx, site, wallet)
        found.update({mandate.id: None for mandate in held if mandate.state in ALIVE})
    return sorted(found)
