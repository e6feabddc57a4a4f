"""Noticed: what staff and kiosks are told of guests who are about and allow it."""

from __future__ import annotations

import msgspec

from edge.core.presence import Nearness


class Noticed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guest who is about, for staff, and as far as they permit; a kiosk's page gets an ``AtKiosk``."""

    band: str
    """BandId in hex."""
    band_short: str
    guest: str
    zone: Nearness
    """The nearest that they are in, or were in when they went."""
    place: str
    """The kiosk's point or the area; empty for the venue."""
    since_ms: int
    """Since when they are there, in UTC milliseconds."""
    here: bool = True
    """False: they are not about any more."""
    name: str = ""
    language: str = ""
    tier: str = ""
    allows: tuple[str, ...] = ()
    """Purposes that they have consented to."""


class AtKiosk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who stands before a kiosk; of several nobody is named until one of them taps."""

    point: str
    people: int
    name: str = ""
    language: str = ""


class Away(msgspec.Struct, frozen=True, kw_only=True):
    """The guest of this tap has walked away from this kiosk: what is theirs leaves its screen."""

    point: str
    tap_id: str
