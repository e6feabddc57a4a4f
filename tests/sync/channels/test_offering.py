"""Offers by a channel: the edges' engine chooses, as far as its guest allows it there, and caps hold."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge.core.catalogue import Article
from edge.core.consent import Channel, Consent, Namespace
from edge.core.entitlements import Party
from edge.core.events import Kind as EventKind
from edge.core.offers import (
    Bundle,
    Cap,
    Control,
    Counted,
    Offer,
    OfferRule,
    Span,
    Why,
    bucket_of,
    choose,
)
from edge.core.offers import Kind as Sort
from edge.core.offers.asked import occasion_of
from edge.core.orders import Stock
from edge.core.ranking import Model
from edge.core.retention import DAY_MS
from edge.rules import compile_offer_rule
from sync.central import offered
from sync.central.channels import exposures
from sync.central.channels.exposures import Kept
from sync.central.choices import judge_choices
from sync.central.days import zone_of
from sync.central.near import stock
from sync.central.offers import bundles
from sync.central.offers.bundles import Draft
from sync.central.privacy import erasure
from sync.central.registry import catalogue, consents, guests, members, segments, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member as Payer
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import Wallet
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Order
from sync.central.store import Store, func, select, update
from tests.service.offered import a_message
from tests.sync.builders import SITE, Clockwork
from tests.sync.channels.test_channels import Shop
from tests.sync.journey.book import GUEST, a_passage

EVERYTHING = tuple(
    topic + way
    for topic in ("offers", "offers:interest", "offers:behaviour", "offers:demographic")
    for way in ("", "@app")
)
COFFEE = OfferRule(id="r1", version=1, cel="'behaviour:coffee' in guest.segments")


def an_offer(id: str, **said: Any) -> Offer:
    plain = {"kind": Sort.SAMPLE, "campaign": "summer", "messages": a_message(id)}
    return Offer(**({"id": id} | plain | said))


class Stand(Shop):
    """An app that shows offers of a site."""

    def publishes(self, *offers: Offer, **said: Any) -> None:
        """Two people put these live, whatever was before."""
        self.clock.ms += 1
        bundle = Bundle(version=0, offers=offers, **said)
        with self.book.store.transaction() as tx:
            made = bundles.make(tx, SITE, Draft(bundle=bundle), by="olga")
            bundles.review(tx, SITE, made.version, by="piero")
            bundles.go_live(tx, SITE, made.version, by="olga")

    def says_of(self, topics: tuple[str, ...], guest: str = GUEST, *, given: bool = True) -> None:
        self.clock.ms += 1
        with self.book.store.transaction() as tx:
            take_turn(tx, SITE)
            for topic in topics:
                wanted = Consent(purpose=topic, turns=0, since_ms=self.clock.ms, source="app")
                consents.say(tx, SITE, guest, wanted=wanted, given=given)

    def offers(self, guest: str = GUEST) -> dict[str, dict[str, Any]]:
        """What the app is told to show, by offer, in its order."""
        status, told = self.asks("GET", f"/v1/guests/{guest}/offers")
        assert status == 200, told
        return {one["offer"]: one for one in told["tiles"]}

    def shows(self, offer: str, guest: str = GUEST) -> str:
        """The app paints one of them."""
        exposure = str(self.offers(guest)[offer]["exposure"])
        status, told = self.asks("POST", f"/v1/exposures/{exposure}/shown")
        assert (status, told["shown"]) == (200, True), told
        return exposure

    def redeems(self, exposure: str, ref: str = "s-1") -> tuple[int, Any]:
        return self.asks("POST", f"/v1/exposures/{exposure}/redeemed", {"ref": ref})

    def chosen(self, guest: str = GUEST) -> list[Kept]:
        with self.book.store.reading() as tx:
            return list(exposures.of_guest(tx, SITE, guest))

    def why(self, offer: str) -> Why | None:
        losers = self.chosen()[-1].exposed.choice.losers
        return next((one.why for one in losers if one.offer == offer), None)


@pytest.fixture
def stand(small_store: Store, clock: Clockwork) -> Stand:
    made = Stand(small_store, clock)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia"), Guest(id="g-2", age_band="8-11")])
        segments.put(tx, SITE, GUEST, codes=["behaviour:coffee", "interest:boats"])
    made.publishes(
        an_offer("for-all", public=True),
        an_offer("for-you"),
        an_offer("coffee", rule="r1"),
        an_offer("at-a-kiosk", points=("kiosk",)),
        rules=(COFFEE,),
    )
    return made


def test_who_allows_it_is_chosen_for_by_what_they_allow_and_all_else_is_as_for_anybody(stand: Stand) -> None:
    assert set(stand.offers()) == {"for-all"}
    stand.says_of(EVERYTHING)
    told = stand.offers()
    assert set(told) == {"for-all", "for-you", "coffee"}
    assert told["coffee"]["messages"]["it"]["headline"] == "coffee"
    assert all(one["personal"] for one in told.values())
    assert stand.why("at-a-kiosk") is Why.OTHER_POINT
    stand.says_of(("offers:behaviour@app",), given=False)
    assert set(stand.offers()) == {"for-all", "for-you"}
    stand.says_of(("offers@app",), given=False)
    told = stand.offers()
    assert set(told) == {"for-all"}
    assert not told["for-all"]["personal"]


def test_a_part_that_is_not_in_the_channels_list_is_not_there_for_it(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    blind = stand.by(id="blind", namespaces=frozenset({Namespace.INTEREST}))
    assert set(blind.offers()) == {"for-all", "for-you"}
    mail = stand.by(id="mail", via=Channel.EMAIL)
    assert set(mail.offers()) == {"for-all"}, "what is allowed in the app is not allowed by mail"


def test_a_child_and_who_wants_quiet_get_no_marketing(stand: Stand) -> None:
    stand.says_of(EVERYTHING, "g-2")
    assert stand.offers("g-2") == {}
    with stand.book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g-2")])
        wallets.create(tx, SITE, Wallet(id="w", currency="EUR"))
        members.join(tx, SITE, Payer(guest="g-2", wallet="w", no_charge=True))
    assert stand.offers("g-2") == {}, "whose head of family lets them pay nothing may be a child"
    with stand.book.store.transaction() as tx:
        payer = members.members_by_guest(tx, SITE, ["g-2"])["g-2"]
        members.join(tx, SITE, msgspec.structs.replace(payer, no_charge=False))
        guests.put_guests(tx, SITE, [Guest(id="g-2", party=Party(id="p", size=2, role="child"))])
    assert stand.offers("g-2") == {}, "who came as a child is one when they pay, too"
    stand.says_of(EVERYTHING)
    stand.says_of(("quiet",))
    assert stand.offers() == {}
    stand.clock.ms += DAY_MS
    assert set(stand.offers()) == {"for-all", "for-you", "coffee"}


def test_one_day_has_one_choice_until_something_of_it_changes(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    first = stand.offers()
    assert stand.offers() == first
    stand.says_of(("offers:interest@app",), given=False)
    assert stand.offers()["for-you"]["exposure"] != first["for-you"]["exposure"]
    stand.clock.ms += DAY_MS
    assert len(stand.chosen()) == 2
    stand.offers()
    assert len(stand.chosen()) == 3


def test_the_same_choice_comes_out_again_to_the_last_octet_with_its_odds(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    model = Model(version=4, features=("always",))
    stand.publishes(an_offer("a"), an_offer("b"), an_offer("c"), model=model, rules=(COFFEE,))
    stand.offers()
    exposed = stand.chosen()[-1].exposed
    with stand.book.store.reading() as tx:
        bundle = bundles.version_of(tx, SITE, exposed.asked.bundle).draft.bundle
        zone = zone_of(tx, SITE)
    rules = {one.id: compile_offer_rule(one.cel) for one in bundle.rules}
    again = choose(occasion_of(exposed.asked, bundle, rules, timezone=zone))
    assert msgspec.msgpack.encode(again) == msgspec.msgpack.encode(exposed.choice)
    first = exposed.choice.tiles[0]
    assert first.propensity is not None
    assert exposed.choice.drawn is not None
    assert len(exposed.choice.drawn.candidates) == 3


def test_central_makes_every_choice_of_a_channel_again_and_finds_the_one_that_differs(stand: Stand) -> None:
    stand.offers()
    stand.says_of(EVERYTHING)
    stand.offers()
    found = judge_choices(stand.book.store, SITE)
    assert (found.judged, found.equal, found.unknown) == (2, 2, 0)
    one, own = stand.chosen()[-1].exposed, exposures.choice_table.c
    wrong = msgspec.structs.replace(one, choice=msgspec.structs.replace(one.choice, tiles=()))
    with stand.book.store.transaction() as tx:
        body = msgspec.msgpack.encode(wrong)
        tx.execute(update(exposures.choice_table).where(own.guest_id == GUEST).values(body=body))
    found = judge_choices(stand.book.store, SITE)
    assert (found.judged, found.equal) == (2, 1)
    assert [other.device for other in found.different] == [f"channel/shop-online/{one.choice.exposure}"]


def test_a_guest_is_in_one_control_group_in_every_channel(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    mine = bucket_of("salt", GUEST)
    for share, withheld in ((mine, False), (mine + 1, True)):
        stand.publishes(an_offer("for-you"), control=Control(salt="salt", share=share))
        assert ("for-you" in stand.offers()) is not withheld
        assert (stand.chosen()[-1].exposed.choice.withheld == ("for-you",)) is withheld
        assert stand.chosen()[-1].exposed.choice.bucket == mine


def test_what_was_shown_counts_for_every_place_and_stands_in_the_diary(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    stand.publishes(an_offer("once", caps=(Cap(span=Span.WEEK, most=1),)))
    exposure = stand.shows("once")
    status, told = stand.asks("POST", f"/v1/exposures/{exposure}/shown")
    assert (status, told) == (200, {"shown": True, "redeemed": False, "again": True})
    with stand.book.store.reading() as tx:
        (there,) = offered.of_guest(tx, SITE, GUEST).items()
    assert (there[0], [(one.offer, one.times) for one in there[1]]) == ("channel/shop-online", [("once", 1)])
    assert ("offered", 1) in stand.book.says()
    stand.clock.ms += DAY_MS
    assert stand.offers() == {}, "a week has one"
    assert stand.why("once") is Why.CAP
    stand.clock.ms += 7 * DAY_MS
    assert set(stand.offers()) == {"once"}


def test_an_offer_is_redeemed_once_by_one_sale_and_no_more_often_than_its_caps(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    stand.publishes(an_offer("deal", caps=(Cap(counted=Counted.REDEEMED, span=Span.CAMPAIGN, most=1),)))
    other = stand.by(id="other")
    unseen, elsewhere = str(stand.offers()["deal"]["exposure"]), other.shows("deal")
    assert stand.redeems(unseen)[0] == 400, "nobody saw it"
    exposure = stand.shows("deal")
    assert stand.redeems(exposure) == (200, {"shown": True, "redeemed": True, "again": False})
    assert stand.redeems(exposure) == (200, {"shown": True, "redeemed": True, "again": True})
    assert stand.redeems(exposure, "s-2")[0] == 400
    assert other.redeems(elsewhere, "s-3")[0] == 400, "the guest has had it"
    assert [one for one, _ in stand.book.says()].count("redeemed") == 1


def test_a_cap_that_holds_everywhere_lets_no_channel_show_its_offer(stand: Stand) -> None:
    """A channel paints when it likes and says so later: no slot of such a cap is dealt to one."""
    stand.says_of(EVERYTHING)
    stand.publishes(an_offer("twice", caps=(Cap(most=0, everywhere=2),)), an_offer("plain"))
    assert set(stand.offers()) == {"plain"}
    assert stand.why("twice") is Why.NO_SHARE


def test_what_anybody_is_shown_is_sold_to_more_than_one(stand: Stand) -> None:
    exposure = stand.shows("for-all")
    first = {"shown": True, "redeemed": True, "again": False}
    assert stand.redeems(exposure, "s-1") == (200, first)
    assert stand.redeems(exposure, "s-2") == (200, first)
    assert stand.redeems(exposure, "s-2") == (200, first | {"again": True})


def test_of_other_channels_tiles_and_of_older_versions_a_channel_says_nothing(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    exposure, other = stand.shows("for-you"), stand.by(id="other")
    for path in (f"{exposure}/shown", "none.1/shown", f"{exposure.partition('.')[0]}.9/shown"):
        assert other.asks("POST", f"/v1/exposures/{path}")[0] == 404
    assert other.redeems(exposure)[0] == 404
    stand.publishes(an_offer("for-you"))
    assert stand.redeems(exposure)[0] == 404, "a wrong price is corrected by a new version"
    assert stand.asks("GET", "/v1/guests/nobody/offers")[0] == 404


def test_who_took_it_back_meanwhile_is_counted_and_written_down_no_more(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    exposure = str(stand.offers()["for-you"]["exposure"])
    stand.says_of(("offers@app",), given=False)
    assert stand.asks("POST", f"/v1/exposures/{exposure}/shown")[0] == 200
    with stand.book.store.reading() as tx:
        assert offered.of_guest(tx, SITE, GUEST) == {}
    assert "offered" not in [one for one, _ in stand.book.says()]


def test_with_an_erasure_and_with_their_days_choices_go(stand: Stand) -> None:
    def left() -> int:
        with stand.book.store.reading() as tx:
            tables = (exposures.choice_table, exposures.tile_table)
            return sum(tx.execute(select(func.count()).select_from(one)).scalar_one() for one in tables)

    stand.offers("g-2")
    stand.says_of(EVERYTHING)
    stand.shows("for-you")
    assert left() == 3
    with stand.book.store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    assert left() == 1, "what anybody was shown stays for its days"
    with stand.book.store.transaction() as tx:
        assert exposures.delete_before(tx, stand.clock.ms - 1) == 0
        assert exposures.delete_before(tx, stand.clock.ms) == 1
    assert left() == 0


def test_a_site_without_offers_says_so(small_store: Store, clock: Clockwork) -> None:
    shop = Shop(small_store, clock)
    status, told = shop.asks("GET", f"/v1/guests/{GUEST}/offers")
    assert (status, "no offers" in told["detail"]) == (400, True)


def test_a_channel_knows_visits_points_and_shelves_as_a_kiosk_does(stand: Stand) -> None:
    rule = "guest.visits == 1 && guest.first_visit && guest.points == 90 && 'mug' in stock.last_pieces"
    stand.says_of(EVERYTHING)
    stand.publishes(an_offer("known", rule="r2"), rules=(OfferRule(id="r2", version=1, cel=rule),))
    assert stand.offers() == {}
    assert stand.why("known") is Why.MISSING_FIELD
    stand.book.tells(EventKind.DECIDED, a_passage())
    at_ms = stand.clock.ms
    with stand.book.store.transaction() as tx:
        catalogue.put(tx, SITE, [Article(id="mug", names={"it": "Tazza"}, price_minor=9, tax_permille=220)])
        stock.put(tx, SITE, [Stock(article="mug", store="bar", device="", on_hand=2, at_ms=at_ms)])
        wallets.create(tx, SITE, Wallet(id="w", currency="EUR"))
        members.join(tx, SITE, Payer(guest=GUEST, wallet="w"))
        vouchers.give(tx, SITE, Order(id="p", voucher=vouchers.points(1), units=90, wallet="w"))
    stand.publishes(an_offer("known", rule="r2"), rules=(OfferRule(id="r2", version=1, cel=rule),))
    assert set(stand.offers()) == {"known"}
    found = judge_choices(stand.book.store, SITE)
    assert (found.judged, found.equal) == (2, 2)
    stand.says_of(("offers:behaviour@app",), given=False)
    assert stand.offers() == {}
    assert stand.chosen()[-1].exposed.asked.context.guest.visits is None
