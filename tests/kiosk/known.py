"""Everything that a device may hold of one guest, as a kiosk's page is told it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from edge.core.claimed import Became
from edge.core.delivery import Delivery, said
from edge.core.offers import Kind, Message
from edge.errors import NotAllowed, PolsoError
from edge.nearviews import (
    ArticleView,
    FeedbackTaken,
    LeftView,
    NearView,
    OrderLine,
    OrderView,
    ShelfView,
    Shelves,
    SlotChoice,
    Times,
)
from edge.offerviews import OffersView, OfferTile, TakenView, TillElsewhere
from edge.payviews import CardStopped
from edge.views import ConsentKnown, Known, RightKnown, SeenAt

NOON_MS = 1_767_265_200_000
HOUR_MS = 3_600_000


def a_known(tap_id: str, *, offers: bool = True, rev: int = 1) -> Known:
    """Everything that a device may hold of one guest, each thing present."""
    return Known(
        tap_id=tap_id,
        guest="G-2041",
        at_ms=NOON_MS,
        rev=rev,
        name="Giulia",
        language="it",
        tier="gold",
        tier_soon="black",
        tags=("birthday", "vegetarian"),
        age_band="30-39",
        height_cm=168,
        party=4,
        payments=True,
        zone="site",
        since_ms=NOON_MS,
        rights=(
            RightKnown(
                product="day", names={"it": "Giornata al parco", "en": "A day at the park"}, end_ms=NOON_MS
            ),
            RightKnown(product="ride", slot_ms=NOON_MS + HOUR_MS, seat="12A"),
        ),
        passages=(SeenAt(at_ms=NOON_MS, point="hall", granted=True), SeenAt(at_ms=NOON_MS, point="park")),
        confirmed=("height",),
        answers={"vegetarian?": "yes"},
        look_ups=(SeenAt(at_ms=NOON_MS, point="park"),),
        noticed=(SeenAt(at_ms=NOON_MS, point="hall"), SeenAt(at_ms=NOON_MS, point="", granted=True)),
        consents=(
            ConsentKnown(purpose="presence", given=False),
            ConsentKnown(purpose="offers", given=offers, since_ms=NOON_MS, source="kiosk"),
            ConsentKnown(purpose="research", given=False),
        ),
        keeps={"journal": 7, "sealed": 395, "answers": 30, "seen": 1, "zones": 1},
    )


def an_order(**changes: object) -> OrderView:
    """A cup that waits at the shop's second counter."""
    cup = OrderLine(article="cup", names={"it": "Tazza del parco", "en": "Park mug", "de": "Parkbecher"})
    order = OrderView(id="o-1", state="ready", store="hall", counter="2", lines=(cup,), code="482913")
    return msgspec.structs.replace(order, **changes)


def near_them(tap_id: str, **changes: object) -> NearView:
    """What stands beside a guest's plan: each thing present."""
    orders = (an_order(), an_order(id="o-2", state="reserved", counter="", until_ms=NOON_MS + HOUR_MS))
    view = NearView(tap_id=tap_id, movable=("e2",), orders=orders, ask="op-1", shelves=True, at_ms=NOON_MS)
    return msgspec.structs.replace(view, **changes)


def unfinished_things(many: int = 2) -> tuple[LeftView, ...]:
    """What was looked for elsewhere: one in a basket, one that is sent, and some that nobody counted."""
    (mug, sent), bare = some_shelves().articles, {"shelves": (), "delivery": {}}
    names = {
        "it": "Letto ad acqua",
        "en": "Water bed",
        "de": "Wasserbett",
        "fr": "Lit à eau",
        "es": "Cama de agua",
    }
    bed = msgspec.structs.replace(sent, article="bed", names=names, price_minor=49_900, shelves=())
    things = [
        LeftView(article=mug, at_ms=NOON_MS - HOUR_MS, basket=True),
        LeftView(article=bed, at_ms=NOON_MS),
    ]
    plain = msgspec.structs.replace(mug, names={"it": "Capsule Roma", "en": "Roma pods"}, **bare)
    things += [
        LeftView(article=msgspec.structs.replace(plain, article=f"p{one}"), at_ms=1) for one in range(4)
    ]
    return tuple(things[:many])


def some_times(tap_id: str, *, free: int = 4, done: bool = False) -> Times:
    """Other times of the flight, each an hour later than the one before."""
    starts = [NOON_MS + (5 + number) * HOUR_MS for number in range(free)]
    choices = tuple(SlotChoice(start_ms=start, end_ms=start + HOUR_MS) for start in starts)
    return Times(tap_id=tap_id, entitlement="e2", choices=choices, done=done)


SENT = Delivery(first=dt.date(2026, 7, 20), last=dt.date(2026, 7, 24), instead_of=dt.date(2026, 7, 16))


def some_shelves() -> Shelves:
    """Two articles in two stores: every word of a shelf."""
    words = (("in_stock", "last"), ("ask", "none"))
    articles = tuple(
        ArticleView(
            article=f"a{number}",
            names={"it": "Tazza del parco", "en": "Park mug", "fr": "Tasse du parc", "es": "Taza del parque"},
            price_minor=1_290,
            currency="EUR",
            shelves=(
                ShelfView(store="hall", word=here, at_ms=NOON_MS, here=True),
                ShelfView(store="park", word=there, at_ms=NOON_MS - 12 * 60_000),
            ),
            delivery=said(SENT if number else None, SENT.first),
        )
        for number, (here, there) in enumerate(words)
    )
    return Shelves(articles=articles, at_ms=NOON_MS)


def some_offers() -> OffersView:
    """Three tiles: a price, a gift, and one that was taken up."""
    said = {
        "it": ("Gelato del lago", "Un gelato, metà prezzo", "Oggi, al bar.", "Lo prendo"),
        "en": ("Lake gelato", "A gelato at half price", "Today, at the bar.", "I take it"),
        "de": ("Eis am See", "Ein Eis zum halben Preis", "Heute, an der Bar.", "Nehme ich"),
    }
    words = {
        code: Message(name=name, headline=headline, body=body, call=call)
        for code, (name, headline, body, call) in said.items()
    }
    first = OfferTile(
        exposure="x.1", offer="gelato", kind=Kind.DISCOUNT, messages=words, currency="EUR", price_minor=200,
        was_minor=400, until="2026-06-30",
    )  # fmt: skip
    gift = msgspec.structs.replace(first, exposure="x.2", price_minor=0, was_minor=500)
    taken = msgspec.structs.replace(first, exposure="x.3", taken=True)
    return OffersView(point="hall", exposure="x", bundle=1, tiles=(first, gift, taken))


@dataclass
class FakeOffers:
    """The stage's offers; ``painted`` is what the page said that it has shown."""

    now: OffersView = field(default_factory=lambda: OffersView(point="hall"))
    open: OffersView = field(default_factory=lambda: OffersView(point="hall"))
    """What is offered to anybody."""
    shown: list[str] = field(default_factory=list)
    did: list[tuple[str, str]] = field(default_factory=list)

    def public(self, point: str, painted: Iterable[str] = ()) -> OffersView:
        self.shown += painted
        return self.open

    def view(self, tap_id: str, point: str) -> OffersView:
        return self.now

    def painted(self, tap_id: str, point: str, exposures: Iterable[str]) -> None:
        self.shown += exposures

    def take(self, tap_id: str, point: str, exposure: str) -> TakenView:
        self.did.append(("take", exposure))
        taken = TakenView(exposure=exposure, offer="gelato", label="Lake gelato", code="polso:x")
        return msgspec.structs.replace(taken, elsewhere=(self.shop,))

    shop = TillElsewhere(device="edge-2", point="till-2", names={"it": "Bottega", "en": "Shop"})

    def send(self, tap_id: str, point: str, exposure: str, *, device: str) -> TakenView:
        self.did.append(("send", exposure, device))
        taken = TakenView(exposure=exposure, offer="gelato", label="Lake gelato", code="m.x", to=device)
        return msgspec.structs.replace(taken, elsewhere=(self.shop,))

    def decline(self, tap_id: str, point: str, exposure: str) -> None:
        self.did.append(("decline", exposure))

    def quiet(self, tap_id: str, point: str) -> None:
        self.did.append(("quiet", ""))


@dataclass
class FakeNear:
    """The stage's desk for whoever stands near; ``now`` is what it shows, ``refuses`` why it does not."""

    now: NearView | None = None
    refuses: PolsoError | None = None
    did: list[tuple[object, ...]] = field(default_factory=list)
    offers: FakeOffers = field(default_factory=FakeOffers)

    def view(self, tap_id: str, point: str) -> NearView:
        return (
            NearView(tap_id=tap_id) if self.now is None else msgspec.structs.replace(self.now, tap_id=tap_id)
        )

    def times(self, tap_id: str, point: str, right: str) -> Times:
        self._note("times", right)
        return some_times(tap_id)

    def move(self, tap_id: str, point: str, right: str, *, start_ms: int) -> Times:
        self._note("move", right, start_ms)
        chosen = (SlotChoice(start_ms=start_ms, end_ms=start_ms + HOUR_MS),)
        return Times(tap_id=tap_id, entitlement=right, choices=chosen, done=True)

    def shelves(self, point: str = "") -> Shelves:
        return some_shelves()

    def claim(self, tap_id: str, point: str, code: str) -> Became:
        self._note("claim", code)
        return Became.CLAIMED if code == "12345678" else Became.WRONG

    def reserve(self, tap_id: str, point: str, *, article: str, store: str, op: str) -> OrderView:
        self._note("reserve", article, store)
        return an_order(id="o-3", state="reserved", counter="", store=store)

    def give_feedback(
        self, tap_id: str, point: str, *, score: int, because: str = "", named: bool = False
    ) -> FeedbackTaken:
        self._note("feedback", score, because, *(["named"] if named else []))
        return FeedbackTaken(first=True, called=named)

    def _note(self, *did: object) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.did.append(did)


@dataclass(kw_only=True)
class FakeGuests:
    """What guests ask of the stage, and what they have said."""

    said: dict[str, bool] = field(default_factory=dict)
    refuses: bool = False
    rev: int = 1
    """Of the profile that central told last."""
    near: FakeNear = field(default_factory=FakeNear)

    def what_you_know(self, tap_id: str, point: str) -> Known:
        if self.refuses:
            raise NotAllowed("This page needs your band once more.", hint="Hold the band to the reader.")
        return a_known(tap_id, offers=self.said.get("offers", True), rev=self.rev)

    def consent(self, tap_id: str, point: str, purpose: str, *, given: bool) -> Known:
        self.said[purpose] = given
        return self.what_you_know(tap_id, point)

    def own_page(self, tap_id: str, point: str) -> str:
        if self.refuses:
            raise NotAllowed("This band cannot prove that it is no copy.", hint="Ask our staff.")
        return f"https://central.example/own/?t=p.{'x' * 180}"

    def stop_card(self, tap_id: str, point: str, pin: str = "") -> CardStopped:
        if self.refuses:
            raise NotAllowed("This page needs your band once more.", hint="Hold the band to the reader.")
        self.near.did.append(("stop", pin))
        became: dict[str, Literal["pin", "wrong", "stopped"]] = {"": "pin", "7193": "stopped"}
        return CardStopped(became=became.get(pin, "wrong"))
