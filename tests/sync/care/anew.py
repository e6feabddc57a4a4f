"""A guest with a coupon that a device on paper gave, a second till, and care that has it made anew."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from edge import carried
from edge.core.events import Kind, Lane
from edge.core.offers import Bundle, Offer
from edge.core.offers.anew import COUPON_ASK, Became, CouponAnswer, CouponAsk, answered
from edge.core.offers.said import Told as Offered
from edge.core.places import Layout, Point, PointKind, Zone
from sync.central import intake
from sync.central.care import anew, cases, held
from sync.central.care.anew import Ask, Wanted
from sync.central.care.case import Case, Links, Step, Told
from sync.central.feed import item_table
from sync.central.journey import diary
from sync.central.journey.entry import What
from sync.central.machines import devices
from sync.central.machines.devices import Device, NewDevice
from sync.central.offers import bundles
from sync.central.offers.bundles import Draft
from sync.central.registry import catalogue, guests, layout
from sync.central.registry.guests import Guest
from sync.central.store import Connection, Store, select
from sync.signing import public_half
from sync.wire import Ack
from tests.service.offered import MONEY, SOUP, an_offer
from tests.sync.builders import NOW_MS, SITE, a_device, a_journal

GUEST, OLD, OFFER = "g1", "e-1.0", "soup-less"
LAST = "2099-06-30"


class Counter:
    """Two tills, one of which gave a coupon; what central tells of it, and what its home says."""

    def __init__(self, store: Store, *offers: Offer) -> None:
        self.store = store
        self.home, _ = a_device(store, points=("bar", "gate"))
        self.paper = a_journal(self.home)
        with store.transaction() as tx:
            new = NewDevice(
                site=SITE, kind="edge", name="shop", points=("shop",), public_key=public_half(b"q" * 32)
            )
            self.shop: Device = devices.add_device(tx, new)[0]
            layout.put_settings(
                tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome", currency="EUR")
            )
            layout.put_thing(tx, SITE, Zone(id="park"))
            for id, kind in (("gate", PointKind.GATE), ("bar", PointKind.TILL), ("shop", PointKind.TILL)):
                layout.put_thing(tx, SITE, Point(id=id, kind=kind, zone="park"))
            layout.publish_layout(tx, SITE)
            guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia")])
            catalogue.put(tx, SITE, [SOUP])
            _published(tx, *(offers or (an_offer(),)))
        self.took()

    def tells(self, kind: Kind, body: msgspec.Struct, lane: int = 0) -> None:
        """The home journals something and sends it."""
        self.paper.append(lane, msgspec.msgpack.encode(body), kind=int(kind), band=None)
        last = len(self.paper.lanes[lane])
        taken = intake.take(self.store, self.home, self.paper.batch(last, last, lane))
        assert isinstance(taken, Ack), taken
        assert taken.quarantined == ()

    def took(self, exposure: str = OLD, kind: Kind = Kind.OFFER_TAKEN, **said: Any) -> None:
        """Something became of a coupon at its home."""
        told = Offered(exposure=exposure, offer=OFFER, campaign="summer", bundle=1, guest=GUEST, point="bar")
        self.tells(kind, replace(told, **said))

    def case(self, op: str = "c-1", **links: str) -> Case:
        """A case of the guest, opened at the desk."""
        told = Links(**({"guest": GUEST} | links))
        with self.store.transaction() as tx:
            first = Told(op=op, step=Step.OPENED, at_ms=NOW_MS, word="right", links=told)
            return cases.open_case(tx, SITE, first)

    def ask(self, op: str = "a-1", exposure: str = OLD, *, case: str = "", to: str = "") -> Ask:
        """Care asks for it to be made anew at the shop."""
        id_ = case or self.case().id
        wanted = Wanted(op=op, exposure=exposure, to=to or self.shop.id, by="carla")
        with self.store.transaction() as tx:
            return anew.ask(tx, SITE, id_, wanted=wanted)

    def feed(self) -> list[CouponAsk]:
        """What devices are told."""
        own = item_table.c
        with self.store.reading() as tx:
            here = (own.site_id == SITE, own.kind == COUPON_ASK, own.body.is_not(None))
            found = tx.execute(select(own.body).where(*here).order_by(own.seq)).scalars().all()
        return [msgspec.msgpack.decode(bytes(body), type=CouponAsk) for body in found]

    def answers(self, became: Became = Became.VOIDED, asked: CouponAsk | None = None, **said: Any) -> None:
        """The home says what became of it."""
        wanted = asked or self.feed()[-1]
        told: CouponAnswer = replace(answered(wanted, became), **({"until": LAST} | said))
        self.tells(Kind.COUPON_ANSWERED, told, Lane.PRIORITY)

    def stands(self, op: str = "a-1") -> Ask | None:
        with self.store.reading() as tx:
            return anew.find(tx, SITE, op)

    def must(self, op: str = "a-1") -> Ask:
        found = self.stands(op)
        assert found is not None
        return found

    def holds(self, exposure: str = OLD) -> held.Held | None:
        with self.store.reading() as tx:
            return held.find(tx, SITE, exposure)

    def words(self, case: str) -> list[str]:
        with self.store.reading() as tx:
            return [one.word for one in cases.steps_of(tx, SITE, case) if one.step is Step.ACTED]

    def diary(self) -> list[str]:
        """What the guest's diary says of coupons, by the words."""
        with self.store.reading() as tx:
            found = diary.of_guest(tx, SITE, f"g:{GUEST}")
        return sorted(one.subject for one in found if one.what is What.COUPON)

    def codes(self) -> set[str]:
        """Every code that was made, of all asks."""
        with self.store.reading() as tx:
            return {one.code for one in anew.of_guests(tx, SITE, [GUEST]) if one.code}


def _published(tx: Connection, *offers: Offer) -> None:
    """Offers in force, with money enough."""
    draft = Draft(bundle=Bundle(version=0, offers=offers), budgets={MONEY: 100_000})
    version = bundles.make(tx, SITE, draft, by="olga").version
    bundles.review(tx, SITE, version, by="otto")
    bundles.go_live(tx, SITE, version, by="olga")


def made_over(code: str) -> carried.MadeOver:
    """What a code says."""
    found = carried.read(code)
    assert found is not None
    return found.made
