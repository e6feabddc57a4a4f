"""Offers at one edge: a signed bundle, budgets that lie there, and a guest who allows them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.catalogue import ARTICLE, Article
from edge.core.consent import Consent, Source
from edge.core.offers import Budget, Bundle, Effect, Kind, Message, Offer, Unit
from edge.core.profiles import Profile
from edge.offerviews import OffersView, OfferTile, TakenView
from edge.published import HEAD, PART, cut
from tests.service.house import CENTRAL, UID, House
from tests.service.purses import a_grant, a_guest, granted

MONEY, PIECES = "gift:summer", "offer:tasting"
ALLOWS = tuple(
    Consent(purpose=topic, turns=1, since_ms=5, source=Source.CONSOLE)
    for topic in ("offers", "offers:behaviour", "offers:interest")
)
SOUP = Article(id="soup", names={"it": "Zuppa"}, price_minor=600, tax_permille=100, category="food")
CAKE = Article(id="cake", names={"it": "Torta"}, price_minor=350, tax_permille=100, category="food")


def a_message(name: str) -> dict[str, Message]:
    """Words in the site's first language."""
    return {"it": Message(name=name, headline=name, body="Solo oggi.", call="Lo prendo")}


def an_offer(id: str = "soup-less", **changes: object) -> Offer:
    """A euro and a half off a soup, paid out of the summer's money."""
    offer = Offer(
        id=id,
        kind=Kind.DISCOUNT,
        campaign="summer",
        messages=a_message(f"Sconto {id}"),
        budget=Budget(id=MONEY, unit=Unit.MONEY, each=150),
        effect=Effect(off_minor=150, articles=("soup",), units=1),
    )
    return msgspec.structs.replace(offer, **changes)


def a_gift(id: str = "cake-free") -> Offer:
    """A cake for nothing with anything that is bought."""
    return an_offer(
        id,
        kind=Kind.GIFT,
        campaign="tasting",
        gives="cake",
        budget=Budget(id=PIECES, unit=Unit.UNITS, each=1),
        effect=Effect(percent=100, articles=("cake",), units=1),
    )


def published(house: House, *offers: Offer, version: int = 1, from_ms: int = 0, **changes: object) -> Bundle:
    """Have a bundle of these offers arrive, signed by central."""
    bundle = Bundle(version=version, offers=offers or (an_offer(),), **changes)  # type: ignore[arg-type]  # fields of Bundle by name
    head, parts = cut("site-1", bundle, CENTRAL.private_bytes_raw(), from_ms=from_ms)
    pieces = [(PART, f"{head.slot}.{part.number:02}", part) for part in parts]
    house.publish(*pieces, (HEAD, str(head.slot), head), *((ARTICLE, one.id, one) for one in (SOUP, CAKE)))
    return bundle


def budget(house: House, kind: str = MONEY, units: int = 1_000, *, lease: str = "") -> None:
    """Have central lay so much of a campaign's budget here."""
    unit = "EUR" if kind.startswith("gift") else "piece"
    granted(house, a_grant(units, "", lease=lease or f"b-{kind}", kind=kind, unit=unit, ttl_s=30 * 86_400))


def a_fan(house: House, uid: bytes = UID, consents: Iterable[Consent] = ALLOWS, **changes: object) -> Profile:
    """A guest with a wallet who allows offers chosen for them."""
    told = msgspec.structs.replace(
        a_guest(house, uid), consents=tuple(consents), rev=next(house.seqs) + 50, **changes
    )
    house.tell(told)
    return told


def seen(house: House, band: bytes | None, point: str = "kiosk") -> OffersView:
    """What a screen shows, and its word that it did."""
    view = house.service.offers.offers_for(band, point)
    for tile in view.tiles:
        house.service.offers.shown(tile.exposure)
    return view


def tile_of(view: OffersView, offer: str) -> OfferTile:
    return next(tile for tile in view.tiles if tile.offer == offer)


def took(house: House, band: bytes, offer: str = "soup-less") -> TakenView:
    """A guest sees an offer at the kiosk and takes it up."""
    return house.service.offers.accept(tile_of(seen(house, band), offer).exposure, "kiosk")
