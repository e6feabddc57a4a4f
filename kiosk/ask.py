"""A question that passed the guard: who asks, what, and in which language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from edge.errors import NotAllowed, Refused
from edge.staff import Screen, Session
from kiosk.house import House

B = TypeVar("B", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """All that a view may know of a request; nothing is looked up behind its back."""

    house: House
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    language: str = "it"
    screen: Screen | None = None
    """The enrolled screen that asks, where the route speaks to one."""
    screens: tuple[Screen, ...] = ()
    """All screens that this browser is."""
    token: str = field(default="", repr=False)
    """The screen's own credential, for what only it may change."""
    form_tokens: str = field(default="", repr=False)
    """What the acts of a page must carry, one for each credential of its browser."""
    session: Session | None = None
    """The person who signed in at this browser, if any."""
    body: msgspec.Struct | None = None
    caller: str = ""
    """Whom rate limits and operations count: a session, a screen, or an address."""
    after: str | None = None
    """Last-Event-ID of a stream that comes back."""
    secure: bool = False
    """Whether it came by https, as cookies must know."""

    origin: str = ""
    """Under which address the browser reached this device; a phone is sent there for its receipt."""

    def want(self, kind: type[B]) -> B:
        """Return the body, which the route declared to be a ``kind``."""
        if not isinstance(self.body, kind):
            raise Refused(f"A body of kind {kind.__name__} is needed.")
        return self.body

    @property
    def person(self) -> Session:
        """The session, which routes for staff always have."""
        if self.session is None:
            raise NotAllowed("Nobody is signed in here.", hint="Sign in with badge or name and PIN.")
        return self.session

    @property
    def seat(self) -> Screen:
        """The screen, which routes for screens always have."""
        if self.screen is None:
            raise NotAllowed("This screen is not enrolled.", hint="Enrol it with a one-time code.")
        return self.screen
