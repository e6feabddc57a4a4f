"""The visitor's kiosk: a page that greets whoever holds a band to it, and a button that calls somebody."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response
from msgspec import Meta

from edge.codes import qr_svg
from edge.core.claimed import CODE_DIGITS, Became
from edge.payviews import CardStopped
from edge.views import Known
from kiosk.ask import Ask
from kiosk.grants import GuestHelp, guests_help
from kiosk.guests import guest_page
from kiosk.pages import page
from kiosk.routes import ACTS, Audience, Rate, Route


class HelpAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody pressed the help button; the operation id makes a double press one call."""

    op: Annotated[str, msgspec.Meta(max_length=64)]


TapId = Annotated[str, Meta(min_length=1, max_length=120)]
MINE = Rate(20, 1.0)
CLAIMS = Rate(6, 0.1)


class MineAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest wants to see what is held of them; the tap shows who asks, the answer is kept nowhere."""

    tap_id: TapId


class OwnPage(msgspec.Struct, frozen=True, kw_only=True):
    """The code by which a guest's phone opens their own page at central, once and within minutes."""

    svg: str


class ClaimSaid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest types the code that they were brought, beside the band that they hold here."""

    tap_id: TapId
    code: Annotated[str, Meta(pattern=f"^[0-9]{{{CODE_DIGITS}}}$")]


class ClaimTold(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    became: Became


class StopSaid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest wants nothing more charged to the card they stored; where they have a PIN, with it."""

    tap_id: TapId
    pin: Annotated[str, Meta(pattern=r"^([0-9]{4,8})?$")] = ""


class ConsentSaid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest allows a purpose, or no longer; said twice it is one fact, so no operation id is needed."""

    tap_id: TapId
    purpose: Annotated[str, Meta(max_length=40)]
    given: bool


def kiosk(ask: Ask) -> Response:
    """Draw the kiosk, which knows nobody until a band is held to it."""
    return page(ask, "kiosk.html", page=guest_page(ask))


def help_called(ask: Ask) -> GuestHelp:
    """Call somebody to this kiosk."""
    return guests_help(ask.house.service.call_help(ask.seat.point, ask.want(HelpAsked).op))


def mine(ask: Ask) -> Known:
    """Show a guest everything that is held of them."""
    return ask.house.service.what_you_know(ask.want(MineAsked).tap_id, ask.seat.point)


def card(ask: Ask) -> OwnPage:
    """Show a guest the code by which their own phone opens their page at central."""
    return OwnPage(svg=qr_svg(ask.house.service.own_page(ask.want(MineAsked).tap_id, ask.seat.point)))


def claim(ask: Ask) -> ClaimTold:
    """Let a band of nobody be claimed by whom a code was brought to."""
    said = ask.want(ClaimSaid)
    return ClaimTold(became=ask.house.service.near.claim(said.tap_id, ask.seat.point, said.code))


def stop_card(ask: Ask) -> CardStopped:
    """Charge nothing more to what a guest stored, from now on."""
    said = ask.want(StopSaid)
    return ask.house.service.stop_card(said.tap_id, ask.seat.point, said.pin)


def consent(ask: Ask) -> Known:
    """Take a guest's word on one purpose, and show how all stands now."""
    said = ask.want(ConsentSaid)
    return ask.house.service.consent(said.tap_id, ask.seat.point, said.purpose, given=said.given)


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
    Route(
        "POST",
        "/k/<screen>/mine",
        mine,
        Audience.SCREEN,
        "Everything that is held of the guest who holds a band to this kiosk.",
        kinds=("kiosk",),
        body=MineAsked,
        answer=Known,
        rate=MINE,
    ),
    Route(
        "POST",
        "/k/<screen>/card",
        card,
        Audience.SCREEN,
        "A code by which the guest's own phone opens the page of their stored card.",
        kinds=("kiosk",),
        body=MineAsked,
        answer=OwnPage,
        rate=MINE,
    ),
    Route(
        "POST",
        "/k/<screen>/claim",
        claim,
        Audience.SCREEN,
        "A guest claims the band that they hold to this kiosk, by the code that they were brought.",
        kinds=("kiosk",),
        body=ClaimSaid,
        answer=ClaimTold,
        rate=CLAIMS,
    ),
    Route(
        "POST",
        "/k/<screen>/stop-card",
        stop_card,
        Audience.SCREEN,
        "A guest stops the card that they stored: nothing more is charged to it.",
        kinds=("kiosk",),
        body=StopSaid,
        answer=CardStopped,
        rate=CLAIMS,
    ),
    Route(
        "POST",
        "/k/<screen>/consent",
        consent,
        Audience.SCREEN,
        "A guest allows one purpose, or takes it back.",
        kinds=("kiosk",),
        body=ConsentSaid,
        answer=Known,
        rate=MINE,
    ),
)
