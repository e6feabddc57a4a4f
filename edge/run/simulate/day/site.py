"""The site of the day at central: a park with its store, its guests with their money, and one campaign."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from edge.core.bands import Band, Trust
from edge.core.catalogue import LANGUAGES, Article
from edge.core.consent import Consent, Purpose, Source
from edge.core.entitlements import Entitlement, Product, Reentry, Status, Terms
from edge.core.lease import Limits
from edge.core.offers import Effect, Kind, Message, Offer, Period, Unit
from edge.core.places import Direction, Layout, Point, PointKind, Zone
from edge.run.simulate.day.plan import PRICES, SOUP, Ticket, Visitor
from edge.run.simulate.platform import CURRENCY, SITE, key_of
from sync.central import sites
from sync.central.campaigns import life
from sync.central.machines import devices
from sync.central.machines.devices import NewDevice
from sync.central.machines.voice import voice
from sync.central.money import policy, pots
from sync.central.offers.campaigned import Plan
from sync.central.registry import (
    bands,
    catalogue,
    consents,
    guests,
    layout,
    members,
    profiles,
    rights,
    wallets,
)
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection, Store
from sync.signing import public_half

ZONE = ZoneInfo("Europe/Rome")
DATE = dt.date(2026, 7, 18)
"""A Saturday in July, without a change of clocks."""
MIDNIGHT_MS = int(dt.datetime.combine(DATE, dt.time(), ZONE).timestamp() * 1_000)
PARK, STORE, LOUNGE = "park", "store", "lounge"
CAMPAIGN, OFF_MINOR, CONTROL = "soup-at-noon", 150, 5_000
MARKETING, SHOP = "marketing", "shop"
TTL_S, AT_EDGE_MINOR_MAX = 2 * 86_400, 100_000_000
"""The operator lets an edge hold a million: it serves all of the park."""
PIECE = 500
"""Guests entered in one transaction."""


class Edge(NamedTuple):
    """One machine of the site, and what stands at it."""

    name: str
    gates: tuple[str, ...] = ()
    exits: tuple[str, ...] = ()
    lounges: tuple[str, ...] = ()
    tills: tuple[str, ...] = ()
    kiosks: tuple[str, ...] = ()
    zone: str = PARK

    @property
    def points(self) -> tuple[str, ...]:
        """All of them, as its readers are called."""
        return (*self.gates, *self.exits, *self.lounges, *self.kiosks, *self.tills)


EDGES = (
    Edge("north", gates=("north-1", "north-2", "north-3"), exits=("north-out",)),
    Edge("south", gates=("south-1", "south-2"), exits=("south-out",)),
    Edge("park", lounges=("lounge-1",), kiosks=("kiosk-1",), tills=("bar-1", "bar-2", "bar-3")),
    Edge("store", tills=("store-1", "store-2"), zone=STORE),
)
STATUS = MappingProxyType({Ticket.GOOD: Status.VALID, Ticket.UNPAID: Status.UNPAID})
CALLS = {"it": "Lo prendo", "en": "I take it", "fr": "Je prends", "de": "Nehme ich", "es": "Lo quiero"}
SOUPS = {"it": "Zuppa", "en": "Soup", "fr": "Soupe", "de": "Suppe", "es": "Sopa"}


class Park:
    """Central's database with all of it in, as ``platform.Opened`` asks for it."""

    def __init__(self, file: Path, known: Sequence[Visitor]) -> None:
        """Open it, enrol the edges, and enter everybody who will come."""
        importlib.import_module("sync.central.app")  # the last room: no table and no step is learnt of later
        self.now_ms: Callable[[], int] = lambda: MIDNIGHT_MS
        self.store = Store(str(file), now_ms=lambda: self.now_ms())
        with self.store.transaction() as tx:
            sites.create_site(tx, SITE)
            _lay_out(tx)
            self.devices = [_enrolled(tx, number, edge) for number, edge in enumerate(EDGES)]
            layout.publish_layout(tx, SITE)
            chosen = policy.Policy(edge_ttl_s=TTL_S, device_minor_max=AT_EDGE_MINOR_MAX, limits=Limits())
            policy.put_policy(tx, SITE, chosen)
            catalogue.put(tx, SITE, [_article(name, minor) for name, minor in PRICES.items()])
            self.band_key, self.voice = sites.band_key(tx, SITE), voice(tx, SITE)
        expected = [one for one in known if one.ticket is not Ticket.NONE]
        for start in range(0, len(expected), PIECE):
            with self.store.transaction() as tx:
                _welcome(tx, expected[start : start + PIECE], self.band_key)
        with self.store.transaction() as tx:
            _campaign(tx, planned=max(10, len(known) // 10))

    def begin(self, now_ms: Callable[[], int]) -> None:
        """Follow the day's time from now on."""
        self.now_ms = now_ms

    def close(self) -> None:
        """Close the database."""
        self.store.close()


def _lay_out(tx: Connection) -> None:
    settings = Layout(site=SITE, version=0, timezone=ZONE.key, currency=CURRENCY)
    layout.put_settings(tx, SITE, settings)
    for zone in (Zone(id=PARK), Zone(id=STORE, parent=PARK), Zone(id=LOUNGE, parent=PARK)):
        layout.put_thing(tx, SITE, zone)
    day = Terms(
        uses_max=1, reentry=Reentry.NEVER, points=tuple(gate for edge in EDGES for gate in edge.gates)
    )
    layout.put_thing(tx, SITE, Product(id="day", terms=day))


def _enrolled(tx: Connection, number: int, edge: Edge) -> str:
    """Enrol an edge with all that stands at it; return its name at central."""
    for point in _points(edge):
        layout.put_thing(tx, SITE, point)
    public = public_half(key_of(number))
    new = NewDevice(site=SITE, kind="edge", name=edge.name, points=edge.points, public_key=public)
    return devices.add_device(tx, new)[0].id


def _points(edge: Edge) -> list[Point]:
    out = Direction.OUT
    return [
        *(Point(id=one, kind=PointKind.GATE, zone=PARK, to_zone=PARK) for one in edge.gates),
        *(Point(id=one, kind=PointKind.GATE, zone=PARK, from_zone=PARK, direction=out) for one in edge.exits),
        *(Point(id=one, kind=PointKind.LOUNGE, zone=PARK, to_zone=LOUNGE) for one in edge.lounges),
        *(Point(id=one, kind=PointKind.KIOSK, zone=edge.zone) for one in edge.kiosks),
        *(Point(id=one, kind=PointKind.TILL, zone=edge.zone) for one in edge.tills),
    ]


def _article(name: str, minor: int) -> Article:
    names = SOUPS if name == SOUP else dict.fromkeys(LANGUAGES, name.capitalize())
    return Article(id=name, names=names, price_minor=minor, tax_permille=100, category="food")


def _welcome(tx: Connection, part: Sequence[Visitor], band_key: bytes) -> None:
    """Enter guests with a band, a day's right and money in a wallet."""
    guests.add_guests(tx, SITE, [Guest(id=one.guest) for one in part])
    cards = [
        BandCard(band=Band(id=bands.band_id(band_key, one.uid), trust_min=Trust.UID), guest=one.guest)
        for one in part
    ]
    bands.add_bands(tx, SITE, cards)
    held = [
        (one.guest, Entitlement(id=f"r{one.number}", product="day", status=STATUS[one.ticket]))
        for one in part
    ]
    rights.add_rights(tx, SITE, held)
    for one in part:
        if one.is_head:
            wallets.create(tx, SITE, Wallet(id=one.wallet, currency=CURRENCY))
            pots.top_up(
                tx, SITE, f"charge:{one.wallet}", wallet=one.wallet, paid=("bank", one.minor, CURRENCY)
            )
        members.join(tx, SITE, Member(guest=one.guest, wallet=one.wallet, head=one.is_head))
        if one.allows:
            word = Consent(purpose=Purpose.OFFERS, turns=1, since_ms=1, source=Source.APP, text=1)
            consents.stand(tx, SITE, one.guest, words=[word])
    profiles.publish_guests(tx, SITE, [one.guest for one in part])


def _campaign(tx: Connection, *, planned: int) -> None:
    """Publish one euro and a half off the soup, kept from half of all guests so that its effect is read."""
    offer = Offer(
        id="",
        kind=Kind.DISCOUNT,
        campaign="",
        messages={
            one: Message(name=SOUPS[one], headline=SOUPS[one], body=f"{SOUPS[one]}.", call=CALLS[one])
            for one in LANGUAGES
        },
        period=Period(first=DATE.isoformat(), last=DATE.isoformat()),
        effect=Effect(off_minor=OFF_MINOR, articles=(SOUP,), units=1),
    )
    plan = Plan(
        goal="More soup",
        offer=offer,
        unit=Unit.MONEY,
        budget=10_000_000,
        each=OFF_MINOR,
        control=CONTROL,
        planned=planned,
        window_days=1,
    )
    life.make(tx, SITE, CAMPAIGN, plan=plan, by=MARKETING)
    life.review(tx, SITE, CAMPAIGN, by=SHOP)
    life.schedule(tx, SITE, CAMPAIGN, by=MARKETING)
