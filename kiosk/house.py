"""What the screens stand on: the rooms of the edge that they may ask, and how they are set up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kiosk.texts import Texts

if TYPE_CHECKING:
    from edge.clock import Clock
    from edge.feed import Feed
    from edge.health import Health
    from edge.service import Service
    from edge.staff import Staff
    from edge.views import StaffView
    from kiosk.park import DemoPort

SCREENS_MAX = 50
"""Open streams at one device; more are told to come back (screens need threads, taps must never wait)."""
BODY_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTap:
    """A band at a reader that speaks to us over HTTP; ``edge.run`` makes a tap of its port's kind from it."""

    point: str
    reader: str
    tap_id: str
    seq: int
    uid: bytes = field(repr=False)
    trust: int
    counter: int | None = None
    product: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set about the screens of one device."""

    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    """Host names that browsers may use; anything else is DNS rebinding."""
    origins: tuple[str, ...] = ()
    """Further origins of our own pages, as ``https://gate.example``, where a proxy ends TLS."""
    screens_max: int = SCREENS_MAX
    heartbeat_s: float = 5.0
    watch_s: float = 0.9
    """How often an open stream looks whether its screen or session still stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything a page may ask, built by ``edge.run`` and handed in once."""

    service: Service
    staff: Staff
    feed: Feed
    health: Health
    clock: Clock
    texts: Texts = field(default_factory=Texts.load)
    settings: Settings = field(default_factory=Settings)
    demo: DemoPort | None = None
    """The demo park; None everywhere but under ``polso demo``."""
    webnfc: Callable[[str, bytes], str] | None = None
    """Takes what a phone read (the point, its JSON) to the reader that stands for phones there; names it."""
    remote: Callable[[RemoteTap], StaffView] | None = None
    """Presents what a remote reader sent; blocks until it is durable."""
