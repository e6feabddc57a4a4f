"""Who and what the pictures show: bodies as the service would tell them, the same at every run."""

from __future__ import annotations

import datetime as dt

from edge.codes import qr_svg
from edge.core.decision import Act, Family, Outcome, Reason, WhatNext
from edge.core.delivery import Delivery, said
from edge.core.offers import Kind, Message
from edge.nearviews import ArticleView, NearView, OrderLine, OrderView, ShelfView, SlotChoice, Times
from edge.offerviews import OffersView, OfferTile
from edge.payviews import BasketState, BasketView, LegView, LineView
from edge.run.album.scene import HOUR_MS, NOON_MS
from edge.service.noticed import AtKiosk
from edge.views import (
    ConsentKnown,
    Counters,
    DeviceHealth,
    GuestView,
    HealthView,
    HelpCall,
    Known,
    Plan,
    PlanItem,
    RightKnown,
    SeenAt,
    StaffView,
)
from kiosk.offers import shown_by
from kiosk.texts import Texts

OUTCOMES = {
    Family.GO: (Outcome.GRANTED, Reason.ENTERED, WhatNext(act=Act.GO_ON)),
    Family.ASK: (Outcome.REFERRED, Reason.HEIGHT_CONFIRM, WhatNext(act=Act.CONFIRM)),
    Family.WAIT: (Outcome.DENIED, Reason.TOO_EARLY, WhatNext(act=Act.COME_BACK, at_ms=NOON_MS + 3 * HOUR_MS)),
    Family.USED: (Outcome.DENIED, Reason.ALREADY_USED_HERE, WhatNext(act=Act.SEE_STAFF)),
    Family.STOP: (Outcome.DENIED, Reason.WRONG_GATE, WhatNext(act=Act.GO_TO, place="volo-1")),
    Family.STAFF: (Outcome.REFERRED, Reason.BAND_LOST, WhatNext(act=Act.SEE_STAFF)),
    Family.AGAIN: (Outcome.REFERRED, Reason.BAND_READ_ERROR, WhatNext(act=Act.TAP_AGAIN)),
}
TAP = "kiosk-1:00000000:1"
ITEMS = (
    PlanItem(
        entitlement="e-day", product="giornata", used=True,
        names={"it": "Biglietto di un giorno", "en": "Day ticket", "de": "Tageskarte"},
    ),
    PlanItem(
        entitlement="e-flight", product="volo-prenotato", point="volo-1", uses_left=1,
        names={"it": "Volo prenotato", "en": "Reserved flight", "de": "Reservierter Flug"},
        start_ms=NOON_MS + 2 * HOUR_MS, end_ms=NOON_MS + 3 * HOUR_MS,
    ),
    PlanItem(
        entitlement="e-room", product="camera", point="door-214",
        names={"it": "Camera 214", "en": "Room 214", "de": "Zimmer 214"},
    ),
)  # fmt: skip


def verdict(family: Family, *, language: str = "it", people: int = 1) -> GuestView:
    """Return what a gate's light is told."""
    outcome, reason, what_next = OUTCOMES[family]
    return GuestView(
        seq=1, tap_id="gate-1:00000000:1", point="gate-1", outcome=outcome, family=family,
        text=f"reason.{reason}.guest", at_ms=NOON_MS, next=what_next, language=language, people=people,
    )  # fmt: skip


def staff_taps() -> tuple[StaffView, ...]:
    """Return the last taps of a gate, newest first."""
    told = (
        (Family.STAFF, "Luca", 4), (Family.GO, "Emma", 3), (Family.WAIT, "Hans", 2), (Family.GO, "Giulia", 1),
    )  # fmt: skip
    return tuple(staff_tap(family, name, number) for family, name, number in told)


def staff_tap(family: Family, name: str, number: int) -> StaffView:
    """Return one tap as staff read it."""
    outcome, reason, what_next = OUTCOMES[family]
    return StaffView(
        seq=number, tap_id=f"gate-1:00000000:{number}", point="gate-1", direction="in", outcome=outcome,
        reason=reason, family=family, at_ms=NOON_MS - 60_000 * (5 - number), next=what_next, name=name,
        band_short=f"7f3a91c{number}", guest=f"g-{number}", language="it", product="giornata", trust=3,
        took_ms=4.2,
    )  # fmt: skip


def plan(*, name: str = "Giulia", family: Family = Family.GO, language: str = "it") -> Plan:
    """Return a guest's day."""
    known = family is Family.GO
    text = "reason.identified.guest" if known else "reason.band_lost.guest"
    return Plan(
        tap_id=TAP, point="kiosk-1", at_ms=NOON_MS, name=name if known else "", language=language,
        family=family, text=text, items=ITEMS if known else (),
    )  # fmt: skip


def at_kiosk(name: str, language: str) -> AtKiosk:
    """Return that one guest who allows it stands before the kiosk."""
    return AtKiosk(point="kiosk-1", people=1, name=name, language=language)


def known() -> Known:
    """Return all that a device may hold of one guest."""
    return Known(
        tap_id=TAP, guest="g-2041", at_ms=NOON_MS, name="Giulia", language="it", tier="gold",
        tags=("birthday",), age_band="30-39", party=4, payments=True, zone="parco",
        since_ms=NOON_MS - HOUR_MS,
        rights=(
            RightKnown(product="giornata", names=ITEMS[0].names, end_ms=NOON_MS + 6 * HOUR_MS),
            RightKnown(product="volo-prenotato", names=ITEMS[1].names, slot_ms=ITEMS[1].start_ms),
        ),
        passages=(SeenAt(at_ms=NOON_MS - HOUR_MS, point="gate-1", granted=True),),
        confirmed=("height",),
        consents=(
            ConsentKnown(purpose="presence", given=False),
            ConsentKnown(purpose="offers", given=True, since_ms=NOON_MS - HOUR_MS, source="kiosk"),
            ConsentKnown(purpose="research", given=False),
        ),
        keeps={"journal": 7, "sealed": 395, "answers": 30, "seen": 1},
    )  # fmt: skip


def near() -> NearView:
    """Return what stands beside a guest's plan: an order that is ready, one that waits, and a question."""
    mug = OrderLine(article="tazza", names={"it": "Tazza del parco", "en": "Park mug"})
    orders = (
        OrderView(id="o-1", state="ready", store="bottega-1", counter="2", lines=(mug,), code="482913"),
        OrderView(
            id="o-2", state="reserved", store="bottega-1", lines=(mug,), until_ms=NOON_MS + 2 * HOUR_MS
        ),
    )  # fmt: skip
    return NearView(tap_id=TAP, movable=("e-flight",), orders=orders, ask="b-1", shelves=True)


def times(*, free: int = 4, done: bool = False) -> Times:
    """Return other times of the booked flight, or that one has been taken."""
    starts = [NOON_MS + hours * HOUR_MS for hours in (1, 3, 4, 5)[:free]]
    choices = tuple(SlotChoice(start_ms=start, end_ms=start + HOUR_MS) for start in starts)
    return Times(tap_id=TAP, entitlement="e-flight", choices=choices, done=done)


LATE = Delivery(first=dt.date(2026, 7, 20), last=dt.date(2026, 7, 24), instead_of=dt.date(2026, 7, 16))


def shelves() -> dict[str, object]:
    """Return where three articles can be had, as the kiosk's page keeps it."""
    things = (
        ("Tazza del parco", 1_290, "in_stock", "last"), ("Plaid del lago", 3_900, "last", "in_stock"),
        ("Mongolfiera di legno", 2_450, "none", "ask"),
    )  # fmt: skip
    articles = [
        ArticleView(
            article=name, names={"it": name}, price_minor=minor, currency="EUR",
            shelves=(
                ShelfView(store="bottega-1", word=here, at_ms=NOON_MS - 3 * 60_000, here=True),
                ShelfView(store="bar-1", word=there, at_ms=NOON_MS - 12 * 60_000),
            ),
            delivery=said(LATE if here == "none" else None, LATE.first),
        )
        for name, minor, here, there in things
    ]  # fmt: skip
    return {"tap_id": TAP, "articles": articles, "at_ms": NOON_MS}


OFFERS = (
    ("Gelato del lago", "Gelato a metà prezzo", "Oggi al Bar del Lago: due gusti a scelta.", 200, 400),
    ("Caffè di benvenuto", "Un caffè in omaggio", "Lo offriamo noi, al bar.", 0, 150),
    ("Volpe di peluche", "La volpe di Aurora", "Nuova in Bottega, morbida e grande.", 2_490, 2_490),
)


def offers() -> dict[str, object]:
    """Return three tiles, as the kiosk's page keeps them."""
    tiles = [
        OfferTile(
            exposure=f"x.{number}", offer=name, campaign="lake", kind=Kind.DISCOUNT, currency="EUR",
            price_minor=minor, was_minor=was, until="2026-01-31",
            messages={"it": Message(name=name, headline=headline, body=body, call="Lo prendo")},
        )
        for number, (name, headline, body, minor, was) in enumerate(OFFERS, 1)
    ]  # fmt: skip
    shown = shown_by(OffersView(point="kiosk-1", bundle=1, tiles=tuple(tiles)), Texts.load())
    return {"tap_id": TAP, "tiles": shown.tiles}


def taken() -> dict[str, str]:
    """Return what a guest has who took the first one up."""
    return {"tap_id": TAP, "exposure": "x.1", "label": OFFERS[0][0], "svg": qr_svg("polso:gelato")}


def health(*, online: bool = True) -> HealthView:
    """Return the device's own state, well or cut off for seven minutes."""
    readers = ("gate-1", "kiosk-1", "bar-1")
    return HealthView(
        at_ms=NOON_MS, writable=True, online=online, sync_age_ms=2_000 if online else 420_000,
        outbox=0 if online else 31, profiles=812, layout=4, disk_free_bytes=48_000_000_000, taps=1_204,
        p50_ms=6.1, p99_ms=19.4, screens=8, witnesses=1,
        devices=tuple(DeviceHealth(device=f"{p}", kind="reader", state="idle", point=p) for p in readers),
    )  # fmt: skip


def counters() -> Counters:
    """Return the day so far."""
    rhythm = (3, 5, 4, 8, 9, 7, 12, 14, 11, 16, 18, 17, 21, 19, 23)
    return Counters(
        entered={"gate-1": 812, "volo-1": 204}, exited={"uscita-1": 96}, denied={"gate-1": 14, "volo-1": 9},
        inside={"parco": 716, "volo": 18}, reasons={"entered": 1_016, "too_early": 9, "already_used_here": 8},
        per_minute=rhythm * 4,
    )  # fmt: skip


def help_call(*, escalated: bool = False, coming: bool = False) -> HelpCall:
    """Return a call from the shop's kiosk."""
    return HelpCall(
        id="h-1", point="kiosk-1", at_ms=NOON_MS - (31_000 if escalated else 4_000), escalated=escalated,
        acknowledged_ms=NOON_MS if coming else None,
    )  # fmt: skip


LINES = (
    LineView(
        item="espresso", name="Espresso", quantity=2, price_minor=150, amount_minor=300, tax_permille=100
    ),
    LineView(item="pizza", name="Pizza", quantity=1, price_minor=900, amount_minor=900, tax_permille=100),
)


def basket(state: BasketState, *, paid_minor: int = 0, rev: int = 1) -> BasketView:
    """Return a till's basket in one state, as staff and guest see it."""
    if state is BasketState.IDLE:
        return BasketView(point="bar-1")
    words, family = WORDS.get(state, ("", None))
    paid = PAID_MINOR.get(state, paid_minor)
    legs = (LegView(tender="wallet", amount_minor=paid, name="Emma"),) if paid else ()
    return BasketView(
        point="bar-1", state=state, op_id="b-1", rev=rev, currency="EUR", lines=LINES,
        total_minor=WHOLE_MINOR, paid_minor=paid, due_minor=WHOLE_MINOR - paid,
        legs=legs, words=words, family=family, name="Emma",
        ready_here_minor=420 if state is BasketState.SHORT else None, language="it",
        missing_minor=780 if state is BasketState.SHORT else 0, seq=7 if paid else 0,
        pin_left=3 if state is BasketState.PIN else None, at_ms=NOON_MS, opened_ms=NOON_MS - 20_000,
    )  # fmt: skip


WHOLE_MINOR, PART_MINOR = 1_200, 500
PAID_MINOR = {
    **dict.fromkeys((BasketState.APPROVED, BasketState.HELD, BasketState.VOIDED), WHOLE_MINOR),
    BasketState.PARTLY_PAID: PART_MINOR,
}
WORDS: dict[BasketState, tuple[str, Family | None]] = {
    BasketState.OPEN: ("pay.basket", None),
    BasketState.AWAITING: ("pay.await_tap", None),
    BasketState.PIN: ("pay.pin", Family.ASK),
    BasketState.SHORT: ("pay.short", Family.WAIT),
    BasketState.DECLINED: ("pay.other_way", Family.STOP),
    BasketState.PARTLY_PAID: ("pay.partly_paid", Family.ASK),
    BasketState.HELD: ("pay.held", Family.GO),
    BasketState.APPROVED: ("pay.approved", Family.GO),
    BasketState.GIVEN_UP: ("pay.given_up", None),
    BasketState.VOIDED: ("pay.voided", Family.GO),
}
