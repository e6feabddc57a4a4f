"""Lending: what an edge and central tell each other about leases, by totals only."""

from __future__ import annotations

import msgspec

from edge.core.lease import Close, Grant, Want

WANTS_MAX = 200
"""Leases wanted or guests told of as here in one request."""
GRANTS_MAX = 500
"""Leases that one answer tells of, by a grant, a close or both; the rest follows with the next."""
COMING = "coming"
"""Why a basket's want waits: other devices were asked to give the money back, and are about to."""
COMING_S, COMING_ROUNDS_MAX = 1, 3
"""So many seconds central holds such a want back, and so often it is asked; the tap waits less long."""
BLOCK = "block"
"""Kind of an urgent item (key: the wallet)."""


class BlockNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Body of an urgent item of kind ``block`` (key: the wallet): nothing is spent from it, or again.

    A grant of an older epoch than this never opens what the notice stopped.
    """

    wallet: str
    epoch: int
    blocked: bool = True
    reason: str = ""


class Presence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """PRESENCE: somebody who pays from a wallet is here, or has left; a hint without any money in it."""

    wallet: str
    kind: str = ""
    """How that was seen: ``tap``, ``booking``, ``order``, ``sighting`` …"""
    left: bool = False


class LeaseAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device would like to hold, and how far it has taken what was set aside for it."""

    after: int = 0
    """``to`` of the last answer that it stored; 0: tell all that stands."""
    wants: tuple[Want, ...] = ()
    presences: tuple[Presence, ...] = ()
    wait_s: int = 0
    """How long to hold the request open while there is nothing newer than ``after``."""


class Unplaced(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A want that was not met, or not wholly: why, and what is free; for people, nothing is decided by it."""

    wallet: str
    kind: str
    why: str
    free: int = 0


class LeaseAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """GRANT and CLOSE: every one newer than ``after``, by totals; all were durable before this was said."""

    device: str
    to: int
    time_ms: int
    grants: tuple[Grant, ...] = ()
    closes: tuple[Close, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    again_ms: int = 0
    """Ask again after this long: set when central holds no more requests open."""
