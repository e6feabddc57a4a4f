"""A desk: one form, shown and saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sync.central.console.answers import Answer, Form
from sync.central.console.ask import Ask
from sync.central.console.fields import values
from sync.central.console.routes import Audience, Route


@dataclass(frozen=True, slots=True)
class Desk:
    """What a form looks like, and what is done with what it says."""

    form: Callable[[Ask], Form]
    save: Callable[[Ask, dict[str, object]], Answer]

    def show(self, ask: Ask) -> Answer:
        """Return the form."""
        return self.form(ask)

    def take(self, ask: Ask) -> Answer:
        """Do what the form says."""
        return self.save(ask, values(self.form(ask).fields, ask.request.form, ask.zone))


def routes_of(
    rule: str, desk: Desk, summary: str, *, audience: Audience = Audience.OPERATOR
) -> tuple[Route, ...]:
    """Return the routes of a desk: the form, and what it sends."""
    return (
        Route("GET", rule, desk.show, audience, f"The form: {summary}"),
        Route("POST", rule, desk.take, audience, summary, again=desk.show),
    )
