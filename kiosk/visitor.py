"""The visitor's kiosk: a page that greets whoever holds a band to it, and a button that calls somebody."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response

from kiosk.ask import Ask
from kiosk.grants import GuestHelp, guests_help
from kiosk.guests import guest_page
from kiosk.pages import page
from kiosk.routes import ACTS, Audience, Route


class HelpAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody pressed the help button; the operation id makes a double press one call."""

    op: Annotated[str, msgspec.Meta(max_length=64)]


def kiosk(ask: Ask) -> Response:
    """Draw the kiosk, which knows nobody until a band is held to it."""
    return page(ask, "kiosk.html", page=guest_page(ask))


def help_called(ask: Ask) -> GuestHelp:
    """Call somebody to this kiosk."""
    return guests_help(ask.house.service.call_help(ask.seat.point, ask.want(HelpAsked).op))


ROUTES = (
    Route("GET", "/k/<screen>", kiosk, Audience.SCREEN, "The visitor's kiosk.", kinds=("kiosk",)),
    Route(
        "POST",
        "/k/<screen>/help",
        help_called,
        Audience.SCREEN,
        "A guest calls somebody to this kiosk.",
        kinds=("kiosk",),
        body=HelpAsked,
        answer=GuestHelp,
        rate=ACTS,
    ),
)
