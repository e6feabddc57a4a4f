"""One row of the route table: who may ask what, how often, and what is answered."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from flask import Response

from edge.staff import Action
from kiosk.ask import Ask

Answer: TypeAlias = msgspec.Struct | Sequence[msgspec.Struct] | str | Response
"""A struct (or several) becomes JSON, text becomes a page, a response is sent as it is."""
View: TypeAlias = Callable[[Ask], Answer]
SAFE = ("GET", "HEAD", "OPTIONS")
BESIDE_API = ("/events", "/metrics")
"""Addresses for programs that lie outside ``/api/`` and answer no JSON."""


class Audience(enum.StrEnum):
    """Who stands before a route."""

    ANYONE = "anyone"
    """Nobody in particular: health, and files that say nothing; no credential is even looked at."""
    SCREEN = "screen"
    """An enrolled screen, by its cookie."""
    STAFF = "staff"
    """A person who signed in, by the session's cookie, and may do the route's action."""
    MACHINE = "machine"
    """A remote reader, by its bearer token."""
    LOCAL = "local"
    """This very machine, or a machine with a token: figures for monitoring."""
    EITHER = "either"
    """Whoever it is: screens and session are looked up, and the view decides what each may see."""
    DEMO = "demo"
    """Whoever reaches the demo park; the route exists nowhere else."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often one caller may ask: ``burst`` at once, then ``per_s`` a second."""

    burst: int
    per_s: float


PAGES = Rate(60, 4.0)
ACTS = Rate(30, 2.0)
SIGN_IN = Rate(12, 0.2)
FAULTS = Rate(6, 0.1)
TAPS = Rate(400, 200.0)
FILES = Rate(2000, 400.0)
DEMO = Rate(2000, 500.0)


@dataclass(frozen=True, slots=True)
class Route:
    """A row: an address, its view, and everything the guard must know before it lets anybody through."""

    method: str
    rule: str
    view: View
    audience: Audience
    summary: str
    """One sentence for the OpenAPI document."""
    kinds: tuple[str, ...] = ()
    """Kinds of screens; empty: any."""
    action: Action | None = None
    """What a person must be permitted to do; the roles stand in the staff's own table."""
    body: type[msgspec.Struct] | None = None
    media: tuple[str, ...] = ()
    """What kinds of body its view reads by itself; empty: JSON, read as ``body`` before the view is asked."""
    answer: type | None = None
    """The struct that is answered as JSON; None: a page or a file."""
    rate: Rate = PAGES

    @property
    def unsafe(self) -> bool:
        """Whether asking changes something."""
        return self.method not in SAFE

    @property
    def page(self) -> bool:
        """Whether a person looks at it: refusals are then shown or lead to the way in."""
        return self.method == "GET" and not self.for_programs

    @property
    def for_programs(self) -> bool:
        """Whether it speaks JSON, figures or a stream: only such addresses are in the document."""
        return self.answer is not None or self.rule in BESIDE_API or self.rule.startswith("/api/")

    @property
    def act(self) -> str:
        """The word under which a refusal of it is written down."""
        return self.action.value if self.action is not None else self.endpoint

    @property
    def endpoint(self) -> str:
        """The name under which flask knows it."""
        return f"{self.method} {self.rule}"
