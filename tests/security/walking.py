"""A walk through the console: a site with one of everything, and each page of it as each role sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import msgspec
import pytest
from werkzeug.test import TestResponse

from edge.core.bands import Band
from edge.core.catalogue import Article, Group
from edge.core.consent import Channel
from edge.core.entitlements import Entitlement
from edge.core.events import Acted, Kind
from edge.core.feedback import FeedbackGiven
from edge.core.lease import Want
from edge.core.money import Money
from edge.core.offers import Bundle
from edge.core.offers.said import Told as Offered
from edge.core.orders import Order, Ordered, Stock
from edge.core.profiles import StaffMember
from edge.core.retention import DAY_MS
from edge.core.slots import Slot
from edge.core.tiers import Ladder
from edge.core.tiers import Step as Rung
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central import intake
from sync.central.analysis.results import Result, keep
from sync.central.campaigns import life
from sync.central.care import anew, cases, points
from sync.central.care.anew import Ask as Anew
from sync.central.care.case import Links, Step, Told
from sync.central.care.points import Award
from sync.central.channels import book as channels
from sync.central.channels import handed
from sync.central.channels.handed import Handout
from sync.central.console import acts
from sync.central.console.acts import Act
from sync.central.console.operators import Role
from sync.central.hooks import subscriptions
from sync.central.hooks.subscriptions import Wanted
from sync.central.imports import jobs
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.journey.figures import PEOPLE_MIN
from sync.central.machines.devices import Device
from sync.central.money import choosing, leases, ledger
from sync.central.money.policy import Policy
from sync.central.near import feedback, orders, slots, stock
from sync.central.offers import bundles
from sync.central.people import merging
from sync.central.people.merging import Pair
from sync.central.psp import charges, mandates, refunds
from sync.central.psp.judgement import Charge, Purpose, State
from sync.central.psp.refunds import Refund
from sync.central.registry import (
    bands,
    catalogue,
    conditions,
    consents,
    guests,
    ladders,
    members,
    rights,
    staff,
    wallets,
)
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settling import payouts, vouchers
from sync.central.settling.sepa import Account
from sync.central.store import Connection, Store
from tests.security.matrix import CONSOLE_FILE
from tests.security.matrix import rights as rows_of
from tests.sync.builders import KEY, NOW_MS, SITE, Clockwork, a_device, a_journal
from tests.sync.campaigns.shop import a_plan
from tests.sync.console.desk import Browser, a_browser, an_open_park, an_operator

PAGES = sorted(
    {
        one.route
        for one in rows_of(CONSOLE_FILE)
        if one.method == "GET" and not one.route.startswith("/assets")
    }
)
RIGHT = "2ea0d28293e65ffa7c11bad8eff1897b"
"""As long as an id gets that nobody chose."""
WORN, STOCK = bytes([1]) * 16, bytes([2]) * 16
FAR_MS = 4_000_000_000_000
"""A time to come, whatever the clock says."""


SEALS = Vault(bytes(32), new_ring())


class Ways(HTMLParser):
    """Where a page leads: its links, and the forms that it sends."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here, self.found = here, set[tuple[str, str]]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {key: value or "" for key, value in attrs}
        if tag == "a" and not said.get("href", "").startswith("#"):
            self.found.add(("GET", urlsplit(said["href"]).path or self._here))
        if tag == "form":
            method = said.get("method", "get").upper()
            self.found.add((method, urlsplit(said.get("action", "")).path or self._here))


def a_charged_card(tx: Connection) -> dict[str, tuple[str, ...]]:
    """A time to come, a shelf, an order, a card to be stored, charges paid and not known of, and a refund."""
    wallets.create(tx, SITE, Wallet(id="w-1", currency="EUR"))
    members.join(tx, SITE, Member(guest="g-1", wallet="w-1"))
    stock.put(tx, SITE, [Stock(article="cola", store="gate", device="", on_hand=3, at_ms=1)])
    orders.place(
        tx, SITE, Order(id="o-1", guest="g-1", store="gate", device="", lines=(Ordered(article="cola"),))
    )
    slots.put(tx, SITE, [Slot(point="ride", product="p-1", start_ms=FAR_MS, end_ms=FAR_MS + 1)])
    drink = vouchers.free_drink(("drink",))
    vouchers.give(tx, SITE, vouchers.Order(id="v-1", voucher=drink, units=1, guest="g-1"))
    money = Money(2_000, "EUR")
    limits = mandates.Limits(1, 2, 3)
    made = mandates.Mandate(id="m-1", wallet="w-1", guest="g-1", psp="stripe", limits=limits)
    mandates.add(tx, SITE, made, seals=SEALS)
    for id_, purpose in (("c-1", Purpose.TOP_UP), ("c-2", Purpose.DEBT)):
        charges.add(tx, SITE, Charge(id=id_, mandate="m-1", wallet="w-1", purpose=purpose, money=money))
    for id_, state in (("c-1", State.PAID), ("c-2", State.UNKNOWN)):
        charges.keep(tx, SITE, msgspec.structs.replace(charges.charge(tx, SITE, id_), state=state))
    refunds.ask(tx, SITE, Refund(id="b-1", charge="c-1", money=Money(500, "EUR"), asked_by="olga"))
    return {"mandate": ("m-1",), "charge": ("c-1", "c-2"), "refund": ("b-1",)}


def a_paid_out_wallet(tx: Connection) -> dict[str, tuple[str, ...]]:
    """A wallet that lives, one that is blocked, and one whose money went to the bank."""
    wallets.create(tx, SITE, Wallet(id="w-2", currency="EUR"))
    entries = (ledger.Entry("bank", -900), ledger.Entry("wallet:w-2", 900))
    paid_in = ledger.Posting(site=SITE, key="in:1", kind="topup", at_ms=1, currency="EUR", entries=entries)
    ledger.post(tx, paid_in)
    payouts.begin(tx, SITE, "w-2", to=Account("Anna Rossi", "IT60X0542811101000000123456"))
    wallets.create(tx, SITE, Wallet(id="w-3", currency="EUR"))
    wallets.set_block(tx, SITE, "w-3", blocked=True)
    return {"wallet": ("w-1", "w-3"), "batch": (payouts.close_batch(tx, SITE),)}


def two_who_are_one(tx: Connection) -> tuple[str, ...]:
    """A guest who was joined to the first one, and somebody of whom that is asked."""
    guests.put_guests(tx, SITE, [Guest(id="g-2"), Guest(id="g-3")])
    done = merging.ask(tx, SITE, Pair("g-2", "g-1"), by="olga", why="documents")
    merging.rule(tx, SITE, done.id, by="piero", given=True)
    return (merging.ask(tx, SITE, Pair("g-3", "g-1"), by="olga", why="documents").id,)


def a_busy_week(tx: Connection) -> None:
    """As many guests came in as a figure is of, and let their visits be learnt from; it rains."""
    conditions.tell(tx, SITE, weather="rain")
    ladders.put_ladder(tx, SITE, Ladder(steps=(Rung("basic", 0), Rung("gold", 9_000)), currency="EUR"))
    for number in range(PEOPLE_MIN):
        consents.set_here(tx, SITE, f"c-{number}", purpose="research", given=True)
        before_ms = NOW_MS - 10 * DAY_MS
        one = Entry("/a", str(number), f"g:c-{number}", before_ms << 16, 0, Via.GATE, What.ENTERED)
        diary.put(tx, SITE, [one])
    keep(tx, SITE, [Result("funnel", 1, 20_000, 1, 1_000, "", ((SITE, 1, "came", PEOPLE_MIN),))])
    for _ in range(PEOPLE_MIN):
        feedback.take(tx, SITE, FeedbackGiven(score=1, point="gate", because="price", articles=("cola",)))
    keep(tx, SITE, [Result("behaviour:weekly", 1, 20_000, PEOPLE_MIN, 1_000, "", ())])


def some_campaigns(tx: Connection, device: Device) -> tuple[str, ...]:
    """A campaign at each step of its life, one of them with a day behind it and a slice at a device."""
    plan = a_plan()
    for name, steps in (("draft", 0), ("good", 1), ("live", 2)):
        life.make(tx, SITE, name, plan=plan, by="olga")
        if steps > 0:
            life.review(tx, SITE, name, by="piero")
        if steps > 1:
            life.schedule(tx, SITE, name, by="olga")
    leases.grant(tx, device, Want(wallet="", kind="gift:live", total=5_000))
    return "draft", "good", "live"


def a_case(tx: Connection) -> str:
    """A case of a guest who wears a band and paid by card; more points than care gives wait for somebody."""
    links = Links(guest="g-1", order="o-1")
    first = Told(op="a", step=Step.OPENED, at_ms=1, word="money", via="phone", links=links)
    id_ = cases.open_case(tx, SITE, first, note="charged twice").id
    for number, state in enumerate((anew.State.ISSUED, anew.State.WAITING)):
        asked = Anew(id=f"again-{number}", case=id_, exposure=f"x.{number}", home="edge-1", to="edge-2",
                     offer="live", bundle=1, guest="g-1", state=state, code="m.code")  # fmt: skip
        anew.put(tx, SITE, asked, new=True)
    return points.give(tx, SITE, id_, award=Award(op="p", points=100_000, by="carla")).id


def a_day_of(store: Store, device: Device) -> None:
    """A device tells of an attempt that it refused, and of an offer that it showed."""
    journal, refused = a_journal(device), Acted(staff="anna", reason="self")
    journal.append(0, msgspec.msgpack.encode(refused), kind=int(Kind.ATTEMPT_REFUSED))
    shown = Offered(exposure="x.1", offer="live", campaign="live", bundle=1)
    journal.append(0, msgspec.msgpack.encode(shown), kind=int(Kind.OFFER_SHOWN))
    intake.take(store, device, journal.batch(1, 2))


def a_full_site(store: Store) -> dict[str, tuple[str, ...]]:
    """A site with one of everything; returns what stands for each blank of an address."""
    an_open_park(store)
    device, _ = a_device(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g-1", name="Giulia")])
        worn = (BandCard(band=Band(id=WORN), guest="g-1"), BandCard(band=Band(id=STOCK)))
        bands.add_bands(tx, SITE, worn)
        rights.put_rights(tx, SITE, [Entitlement(id=RIGHT, product="day")], guest="g-1")
        staff.put_staff(tx, SITE, StaffMember(id="anna", name="Anna", roles=("gate",)))
        job = jobs.begin(tx, SITE, name="a.csv", who="olga")
        catalogue.put(tx, SITE, [Article(id="cola", price_minor=200), Group(id="drinks")])
        choosing.wish(tx, SITE, Policy(risk_minor=1_000), by="piero")
        found_twice = two_who_are_one(tx)
        charged = a_charged_card(tx) | a_paid_out_wallet(tx)
        a_busy_week(tx)
        told = Wanted(url="https://shop.example/", kinds=("paid",))
        asked, paused = (subscriptions.add(tx, SITE, told).id for _ in range(2))
        subscriptions.pause(tx, SITE, paused)
        app = channels.Member(
            site=SITE, id="app", via=Channel.APP, routes=frozenset(), namespaces=frozenset(), public_key=KEY
        )
        channels.add(tx, app)
        handed.note(tx, SITE, Handout("app", "behaviour:weekly", "offers", "csv", PEOPLE_MIN, "olga", 1))
        case = a_case(tx)
        acts.record(tx, Act(site=SITE, who="olga", what="channel_added", target="app"))
        for by, steps in (("olga", 2), ("olga", 1), ("olga", 0)):
            made = bundles.make(tx, SITE, bundles.Draft(bundle=Bundle(version=0)), by=by).version
            if steps > 0:
                bundles.review(tx, SITE, made, by="piero")
            if steps > 1:
                bundles.go_live(tx, SITE, made, by=by)
        promoted = some_campaigns(tx, device)
    a_day_of(store, device)
    return {
        "site": (SITE,), "guest": ("g-1", "g-2"), "merge": found_twice,
        "band": (WORN.hex(), STOCK.hex()), "right": (RIGHT,), "ask": ("again-0", "again-1"),
        "member": ("anna",), "job": (str(job),), "product": ("day",), "zone": ("park",), "point": ("gate",),
        "version": ("2", "3"), "device": (device.id,), "name": ("admin",), "purpose": ("marketing",),
        "campaign": promoted, "report": ("funnel",), "channel": ("app",), "case": (case,),
        "article": ("cola",), "group": ("drinks",), "order": ("o-1",), "hook": (asked, paused), **charged,
    }  # fmt: skip


class Walk:
    """Every page, as every role sees it, and where it leads."""

    def __init__(self, store: Store) -> None:
        self.store, self.filled = store, a_full_site(store)
        self.browsers: dict[str, Browser] = {}
        for role in Role:
            an_operator(store, role.value, role)
            self.browsers[role.value] = a_browser(store, role.value)
        self._ways = self.browsers["admin"].client.application.url_map.bind("localhost")

    def addresses(self, route: str) -> Iterator[str]:
        blanks = re.findall(r"<(\w+)>", route)
        many = max([len(self.filled[blank]) for blank in blanks], default=1)
        for at in range(many):
            filled = re.sub(
                r"<(\w+)>", lambda found, at=at: self.filled[found[1]][at % len(self.filled[found[1]])], route
            )
            yield f"/console{filled}"

    def ways(self, role: str, route: str) -> Iterator[tuple[str, str, str]]:
        for here in self.addresses(route):
            reply = self.browsers[role].get(here)
            yield from ((here, *way) for way in self.ways_of(here, reply))

    def ways_of(self, here: str, reply: TestResponse) -> set[tuple[str, str]]:
        if reply.mimetype != "text/html":
            return set()
        reader = Ways(here)
        reader.feed(reply.text)
        return reader.found

    def route_of(self, method: str, address: str) -> str:
        rule, _ = self._ways.match(address, method, return_rule=True)
        return str(rule.rule).removeprefix("/console") or "/"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    store = Store(str(tmp_path_factory.mktemp("walk") / "central.db"), now_ms=Clockwork(), seals=SEALS)
    yield Walk(store)
    store.close()
