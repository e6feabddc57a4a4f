"""The till's two faces: the cashier's page, and the guest's side of the counter."""

from __future__ import annotations

import msgspec
from flask import Response

from edge.core.catalogue import Article, Catalogue
from edge.payviews import BasketView, CashView, cash_guest_side, guest_side
from edge.staff import Action, may
from kiosk.ask import Ask
from kiosk.desk import desk_page, name_in
from kiosk.gate import point_of
from kiosk.grants import may_sell
from kiosk.guests import guest_page
from kiosk.pages import page
from kiosk.routes import ACTS, Audience, Route
from kiosk.sign_in import sign_in_page
from kiosk.till_bodies import PinBody


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One article as a till shows it."""

    id: str
    name: str
    names: dict[str, str]
    price_minor: int
    tax_permille: int
    group: str
    age_min: int
    deposit: str
    codes: tuple[str, ...]
    off: bool


class TileGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One tab of tiles."""

    id: str
    name: str


def till(ask: Ask) -> Response:
    """Show a till to the cashier, or the way to sign in there."""
    point = point_of(ask.house, ask.path["till"])
    name = name_in(point.names, ask.language, point.id)
    if ask.session is None or not may_sell(ask.session, point.id):
        return sign_in_page(ask, point=point.id, point_name=name, after=f"/till/{point.id}")
    layout = ask.house.service.layout()
    sold = ask.house.service.catalogue(point.id)
    shown = desk_page(ask, point=point.id, name=name)
    shown |= {
        "currency": layout.currency if layout is not None else "EUR",
        "tiles": tiles(sold, ask.language),
        "groups": groups(sold, ask.language),
        "shift": msgspec.to_builtins(ask.house.service.shifts.view(point.id)),
        "approves": may(ask.session, Action.APPROVE),
    }
    return page(ask, "till.html", page=shown, point_name=name)


def display(ask: Ask) -> Response:
    """Show the guest's side of a till."""
    point = point_of(ask.house, ask.seat.point)
    layout = ask.house.service.layout()
    sold = ask.house.service.catalogue(point.id)
    shown = guest_page(ask)
    shown |= {
        "currency": layout.currency if layout is not None else "EUR",
        "names": {article.id: article.names for article in sold.articles},
    }
    return page(ask, "till_guest.html", page=shown)


def pin(ask: Ask) -> BasketView:
    """Take the PIN that the guest typed on their own side; the answer says nothing of why."""
    body = ask.want(PinBody)
    return guest_side(ask.house.service.type_pin(ask.seat.point, body.op_id, body.pin))


def cash_pin(ask: Ask) -> CashView:
    """Take the PIN for a pay-out."""
    body = ask.want(PinBody)
    view = ask.house.service.type_cash_pin(ask.seat.point, body.op_id, body.pin)
    return cash_guest_side(view)


def tiles(sold: Catalogue, language: str) -> list[dict[str, object]]:
    """Return the tiles of a till for its page."""
    return [dict(msgspec.to_builtins(_tile(article, language))) for article in sold.articles]


def groups(sold: Catalogue, language: str) -> list[dict[str, str]]:
    """Return the tabs of a till for its page."""
    return [
        dict(msgspec.to_builtins(TileGroup(id=group.id, name=group.name(language)))) for group in sold.groups
    ]


def _tile(article: Article, language: str) -> Tile:
    return Tile(
        id=article.id,
        name=article.name(language),
        names=article.names,
        price_minor=article.price_minor,
        tax_permille=article.tax_permille,
        group=article.group,
        age_min=article.age_min,
        deposit=article.deposit,
        codes=article.codes,
        off=article.off,
    )


ROUTES = (
    Route("GET", "/till/<till>", till, Audience.EITHER, "A till, for the cashier."),
    Route(
        "GET", "/till/<till>/guest", display, Audience.SCREEN, "The guest's side of a till.", kinds=("till",)
    ),
    Route(
        *("POST", "/till/<till>/guest/pin", pin, Audience.SCREEN, "A guest types the PIN on their own side."),
        kinds=("till",),
        body=PinBody,
        answer=BasketView,
        rate=ACTS,
    ),
    Route(
        *(
            "POST",
            "/till/<till>/guest/cash-pin",
            cash_pin,
            Audience.SCREEN,
            "A guest types the PIN of a pay-out.",
        ),
        kinds=("till",),
        body=PinBody,
        answer=CashView,
        rate=ACTS,
    ),
)
