"""Offers at a kiosk: three tiles for who stands there, one taken up or declined, and for staff why these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.codes import qr_svg
from edge.core.renderings import KioskSaid, kiosk
from edge.offerviews import ExplainedView, OffersView, OfferTile, TakenView, TillElsewhere
from edge.staff import Action
from kiosk.ask import Ask
from kiosk.coupon_slips import said_of
from kiosk.near import NearAsked, OrdersAsked, guests
from kiosk.operations import Op
from kiosk.staff_acts import Done, Id, act
from kiosk.texts import LANGUAGES, Texts

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


class ShownTile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One offer as the page paints it: the common rendering of a kiosk, by language."""

    exposure: str
    said: dict[str, KioskSaid]
    personal: bool = False
    taken: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody is offered at a point now; no tile is an answer, too."""

    point: str
    exposure: str = ""
    bundle: int = 0
    tiles: tuple[ShownTile, ...] = ()
    quiet: bool = False


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


def offers(ask: Ask) -> Shown:
    """Show what is offered to who stands here."""
    return shown_by(
        ask.house.service.near.offers.view(ask.want(NearAsked).tap_id, ask.seat.point), ask.house.texts
    )


def shown_by(view: OffersView, texts: Texts) -> Shown:
    """Return tiles in the words that every other channel has, in each language of this device."""
    return Shown(
        point=view.point,
        exposure=view.exposure,
        bundle=view.bundle,
        tiles=tuple(
            ShownTile(
                exposure=tile.exposure,
                said=dict(_said(tile, texts, version=view.bundle)),
                personal=tile.personal,
                taken=tile.taken,
            )
            for tile in view.tiles
        ),
        quiet=view.quiet,
    )


def _said(tile: OfferTile, texts: Texts, *, version: int) -> Iterator[tuple[str, KioskSaid]]:
    for language in LANGUAGES:
        said = said_of(tile, texts, language=language, version=version)
        if said is not None:
            yield language, kiosk(said)


def painted(ask: Ask) -> Done:
    """Take a screen's word that tiles were painted."""
    said = ask.want(Painted)
    ask.house.service.near.offers.painted(said.tap_id, ask.seat.point, said.exposures)
    return Done()


def public(ask: Ask) -> Shown:
    """Show what is offered to anybody here, whoever is about."""
    view = ask.house.service.near.offers.public(ask.seat.point, ask.want(PublicAsked).exposures)
    return shown_by(view, ask.house.texts)


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
    guests("offers", offers, body=NearAsked, answer=Shown),
    guests("offers-shown", painted, body=Painted, answer=Done),
    guests("offers-public", public, body=PublicAsked, answer=Shown),
    guests("offer-take", take, body=Chosen, answer=Taken),
    guests("offer-elsewhere", send, body=Elsewhere, answer=Taken),
    guests("offer-decline", decline, body=Chosen, answer=Done),
    guests("offers-quiet", quiet, body=NearAsked, answer=Done),
    act("offers", explained, Action.LOOK_UP, body=OrdersAsked, answer=Explained),
    act("offer", given, Action.GIVE_OFFER, body=Given, answer=Done),
)
