"""Offers at a kiosk: three tiles for who stands there, one taken up or declined, and for staff why these."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.codes import qr_svg
from edge.offerviews import ExplainedView, OffersView, TakenView, TillElsewhere
from edge.staff import Action
from kiosk.ask import Ask
from kiosk.near import NearAsked, OrdersAsked, guests
from kiosk.operations import Op
from kiosk.staff_acts import Done, Id, act

TILES_MAX = 3


class Painted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tiles that a screen has painted: only now were they shown."""

    tap_id: Id
    exposures: Annotated[tuple[Id, ...], Meta(max_length=TILES_MAX)]


class PublicAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kiosk at which nobody stands asks, and tells what it has painted since."""

    op: Op
    exposures: Annotated[tuple[Id, ...], Meta(max_length=TILES_MAX)] = ()


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the tiles."""

    tap_id: Id
    exposure: Id


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One that was taken up, for another device's till; said twice it is made over once."""

    tap_id: Id
    exposure: Id
    device: Id


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guest said to staff about one tile: yes, or no."""

    op: Op
    exposure: Id
    taken: bool


class Taken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An offer that is the guest's now, with the code for a phone where this device signs one."""

    exposure: str
    label: str
    until: str = ""
    svg: str = ""
    elsewhere: tuple[TillElsewhere, ...] = ()
    """Tills of other devices that it can be made over to, or the one that it was."""
    to: str = ""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """The last choices at a point, newest first."""

    choices: tuple[ExplainedView, ...]


def offers(ask: Ask) -> OffersView:
    """Show what is offered to who stands here."""
    return ask.house.service.near.offers.view(ask.want(NearAsked).tap_id, ask.seat.point)


def painted(ask: Ask) -> Done:
    """Take a screen's word that tiles were painted."""
    said = ask.want(Painted)
    ask.house.service.near.offers.painted(said.tap_id, ask.seat.point, said.exposures)
    return Done()


def public(ask: Ask) -> OffersView:
    """Show what is offered to anybody here, whoever is about."""
    return ask.house.service.near.offers.public(ask.seat.point, ask.want(PublicAsked).exposures)


def take(ask: Ask) -> Taken:
    """Take an offer up for who stands here."""
    said = ask.want(Chosen)
    return _shown(ask.house.service.near.offers.take(said.tap_id, ask.seat.point, said.exposure))


def send(ask: Ask) -> Taken:
    """Make an offer that was taken up over to another device's till."""
    said = ask.want(Elsewhere)
    near = ask.house.service.near.offers
    return _shown(near.send(said.tap_id, ask.seat.point, said.exposure, device=said.device))


def _shown(taken: TakenView) -> Taken:
    return Taken(
        exposure=taken.exposure,
        label=taken.label,
        until=taken.until,
        svg=qr_svg(taken.code) if taken.code else "",
        elsewhere=taken.elsewhere,
        to=taken.to,
    )


def decline(ask: Ask) -> Done:
    """Leave an offer out for the rest of the visit."""
    said = ask.want(Chosen)
    ask.house.service.near.offers.decline(said.tap_id, ask.seat.point, said.exposure)
    return Done()


def quiet(ask: Ask) -> Done:
    """Show who stands here no offers for the rest of the day."""
    ask.house.service.near.offers.quiet(ask.want(NearAsked).tap_id, ask.seat.point)
    return Done()


def explained(ask: Ask) -> Explained:
    """Say why these offers were shown at a point, and not others."""
    return Explained(choices=ask.house.service.near.offers.explained(ask.person, ask.want(OrdersAsked).point))


def given(ask: Ask) -> Done:
    """Redeem or decline an offer for a guest, in the name of who does it."""
    said, near = ask.want(Given), ask.house.service.near.offers
    if said.taken:
        near.take_for(ask.person, said.exposure)
    else:
        near.decline_for(ask.person, said.exposure)
    return Done()


ROUTES = (
    guests("offers", offers, body=NearAsked, answer=OffersView),
    guests("offers-shown", painted, body=Painted, answer=Done),
    guests("offers-public", public, body=PublicAsked, answer=OffersView),
    guests("offer-take", take, body=Chosen, answer=Taken),
    guests("offer-elsewhere", send, body=Elsewhere, answer=Taken),
    guests("offer-decline", decline, body=Chosen, answer=Done),
    guests("offers-quiet", quiet, body=NearAsked, answer=Done),
    act("offers", explained, Action.LOOK_UP, body=OrdersAsked, answer=Explained),
    act("offer", given, Action.GIVE_OFFER, body=Given, answer=Done),
)
