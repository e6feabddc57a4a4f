"""Stopping: a guest takes back, by a channel, that they may be charged without being asked."""

from __future__ import annotations

from typing import Protocol

import msgspec

from sync.central.channels.book import Member
from sync.central.psp.stopping import end_all
from sync.central.registry import guests
from sync.central.store import Connection


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
    ended = end_all(tx, channel.site, guest)
    for one in ended:
        for tell in STOPPED:
            tell(tx, channel, one)
    return Stopped(mandates=tuple(ended))
