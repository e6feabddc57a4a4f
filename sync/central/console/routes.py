"""One row of the console's route table: an address, its view, and who may ask."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sync.central.console.answers import Answer
    from sync.central.console.ask import Ask

SAFE = ("GET", "HEAD")
FORM_BYTES_MAX = 512 * 1024
View: TypeAlias = "Callable[[Ask], Answer]"


class Audience(enum.StrEnum):
    """Who stands before a route."""

    ANYONE = "anyone"
    """Nobody in particular: the way in, and files that say nothing."""
    SIGNED_IN = "signed_in"
    """Whoever is signed in."""
    CARE = "care"
    """Operators, and guest care: what concerns one guest."""
    FIGURES = "figures"
    """Operators, and marketers: how many guests did what, and no guest."""
    CAMPAIGNS = "campaigns"
    """Operators, and marketers: what guests are told and offered, and no guest."""
    OPERATOR = "operator"
    """Whoever runs a site."""
    ADMIN = "admin"
    """Whoever is signed in with that role: sites and operators."""
    GUEST = "guest"
    """One guest at their own page, let in by a link; nobody of the console."""


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the table."""

    method: str
    rule: str
    view: View
    audience: Audience
    summary: str
    again: View | None = None
    """What is shown again, with what was typed, where the view refuses."""
    bytes_max: int = FORM_BYTES_MAX
    owing: bool = False
    """Whether it is open to somebody who has a password to change or a second factor to set up first."""

    proven: bool = False
    """Whether what is sent proves itself, so that programs may ask for it that are no browser at all."""

    @property
    def unsafe(self) -> bool:
        """Whether asking changes something."""
        return self.method not in SAFE

    @property
    def endpoint(self) -> str:
        """The name under which flask knows it; a blueprint's names hold no dot."""
        return f"{self.method} {self.rule}".replace(".", "-")


def read(rule: str, view: View, summary: str, *, audience: Audience = Audience.OPERATOR) -> Route:
    """A page that changes nothing."""
    return Route("GET", rule, view, audience, summary)


def act(rule: str, view: View, summary: str, *, audience: Audience = Audience.OPERATOR) -> Route:
    """A button that changes something."""
    return Route("POST", rule, view, audience, summary)
