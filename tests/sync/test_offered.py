"""Caps of offers hold over devices: what one kiosk showed a guest, the next one does not show again."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.calendar import day_of
from edge.core.consent import TOPICS
from edge.core.events import Kind
from edge.core.offers import Bundle, Cap, Counted, Offer, Span, Why
from edge.core.offers import Kind as Sort
from edge.core.offers.elsewhere import OFFER_TIMES, Times, Totals
from edge.core.offers.said import Told
from edge.core.retention import DAY_MS
from edge.service.offerbook import times_elsewhere
from sync.central import intake, offered
from sync.central.choices import judge_choices
from sync.central.feed import item_table
from sync.central.offers import bundles
from sync.central.offers.bundles import Draft
from sync.central.privacy import erasure
from sync.central.registry import consents, guests, layout, profiles
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from sync.wire import Ack
from tests.service.offered import a_message, seen
from tests.sync.builders import NOW_MS
from tests.sync.builders import SITE as SITE_ON_PAPER
from tests.sync.ends import served, until
from tests.sync.money.shop import SITE, TILL, UID, Shop, a_guest, a_shop, a_site
from tests.sync.test_echo import Gate

GUEST = f"g-{UID.hex()}"


def capped(id: str, *caps: Cap) -> Offer:
    return Offer(id=id, kind=Sort.NEW, campaign="summer", messages=a_message(id), caps=caps)


AGREED_S_MAX = 5.0
OFFERS = (
    capped("twice", Cap(most=2)),
    capped("once-sold", Cap(counted=Counted.REDEEMED, span=Span.WEEK, most=1)),
)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Store]:
    """A central whose clock is the machine's, as devices hear it."""
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    yield store
    store.close()


@pytest.fixture
def pair(live: Store, tmp_path: Path) -> Iterator[tuple[Shop, Shop]]:
    """Two devices of one site with the same offers, a real central between them, one guest of both."""
    a_site(live)
    a_guest(live)
    with live.transaction() as tx:
        layout.publish_layout(tx, SITE)
        for topic in TOPICS:
            consents.set_here(tx, SITE, GUEST, purpose=topic, given=True)
        profiles.publish_guests(tx, SITE, [GUEST])
        made = bundles.make(tx, SITE, Draft(bundle=Bundle(version=0, offers=OFFERS)), by="a")
        bundles.review(tx, SITE, made.version, by="b")
        bundles.go_live(tx, SITE, made.version, by="a")
    with (
        served(live) as url,
        a_shop(live, tmp_path / "a", url) as a,
        a_shop(live, tmp_path / "b", url) as b,
    ):
        for shop in (a, b):
            until(lambda shop=shop: shop.service.offers.bundles.live() and shop.profiles.get(band(shop)))
        yield a, b


def band(shop: Shop) -> bytes:
    return shop.vault.band_id(UID)


def shows(shop: Shop) -> set[str]:
    """What a guest sees there; a new visit each time, or the same tiles would stand."""
    shop.sequencer.submit(lambda tx: tx.delete("offers", f"@{TILL}"))
    return {tile.offer for tile in seen(shop, band(shop), TILL).tiles}  # type: ignore[arg-type]  # a shop has the service of a house


def elsewhere(shop: Shop) -> Totals:
    return shop.sequencer.submit(lambda tx: times_elsewhere(tx, GUEST))


def times(shop: Shop, offer: str) -> int:
    return sum(one.times for there in elsewhere(shop).values() for one in there if one.offer == offer)


def shown_again(shop: Shop, offer: str, kind: Kind = Kind.OFFER_SHOWN) -> None:
    told = Told(exposure="e1.0", offer=offer, guest=GUEST, point=TILL)
    shop.sequencer.submit(lambda tx: tx.append(kind, told))
    shop.client.kick()


def why(shop: Shop, offer: str) -> Why | None:
    [last, *_] = shop.service.offers.explained()
    return next((loser.why for loser in last.choice.losers if loser.offer == offer), None)


def test_what_one_kiosk_showed_counts_at_the_next_together_with_its_own(pair: tuple[Shop, Shop]) -> None:
    a, b = pair
    assert "twice" in shows(a)
    shown_again(a, "twice")
    until(lambda: times(b, "twice") == 2)
    assert shows(b) == {"once-sold"}
    assert why(b, "twice") is Why.CAP
    assert times(a, "twice") == 0, "its own it knows better"


def test_what_was_redeemed_elsewhere_is_redeemed_here(pair: tuple[Shop, Shop]) -> None:
    a, b = pair
    shown_again(a, "once-sold", Kind.OFFER_REDEEMED)
    until(lambda: times(b, "once-sold") == 1)
    assert shows(b) == {"twice"}
    assert why(b, "once-sold") is Why.CAP


def test_what_was_taken_back_elsewhere_may_be_redeemed_here(pair: tuple[Shop, Shop]) -> None:
    a, b = pair
    shown_again(a, "once-sold", Kind.OFFER_REDEEMED)
    until(lambda: times(b, "once-sold") == 1)
    shown_again(a, "once-sold", Kind.OFFER_RETURNED)
    until(lambda: times(b, "once-sold") == 0)
    assert "once-sold" in shows(b)


def test_while_apart_each_device_goes_on_by_its_own_count(pair: tuple[Shop, Shop]) -> None:
    """The bound of what remains: a cap once for each device that is cut off."""
    a, b = pair
    b.cable.pull()
    shown_again(a, "twice")
    shown_again(a, "twice")
    until(a.drained)
    assert "twice" in shows(b)
    b.cable.plug()
    b.client.kick()
    until(lambda: times(b, "twice") == 2 and times(a, "twice") == 1)


def test_while_apart_two_devices_hold_together_what_central_dealt_them(
    pair: tuple[Shop, Shop], live: Store
) -> None:
    offer = capped("once", Cap(most=0, everywhere=1))
    with live.transaction() as tx:
        made = bundles.make(tx, SITE, Draft(bundle=Bundle(version=0, offers=(offer,))), by="a")
        bundles.review(tx, SITE, made.version, by="b")
        bundles.go_live(tx, SITE, made.version, by="a")
    for shop in pair:
        until(lambda shop=shop: shop.service.offers.bundles.version() == made.version)
        shop.cable.pull()
    assert sorted(len(shows(shop)) for shop in pair) == [0, 1]
    assert {why(shop, "once") for shop in pair} == {None, Why.NO_SHARE}
    for shop in pair:
        shop.cable.plug()
        shop.client.kick()
        until(shop.drained)
    again = judge_choices(live, SITE)
    assert (again.judged, again.equal) == (2, 2)


def test_with_an_erasure_both_ends_forget_it_and_late_events_bring_nothing_back(
    pair: tuple[Shop, Shop], live: Store
) -> None:
    a, b = pair
    shown_again(a, "twice")
    until(lambda: times(b, "twice") == 1)
    with live.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    until(lambda: not elsewhere(b))
    shown_again(a, "twice")
    until(a.drained)
    assert held(live, SITE, GUEST) is None
    assert not elsewhere(b)


def held(store: Store, site: str, guest: str) -> bytes | None:
    own = item_table.c
    wanted = select(own.body).where(own.site_id == site, own.kind == OFFER_TIMES, own.key == guest)
    with store.reading() as tx:
        return tx.execute(wanted).scalar()


# On paper


@pytest.fixture
def gate(store: Store) -> Gate:
    made = Gate(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE_ON_PAPER, [Guest(id="g1")])
    return made


def test_an_event_sent_again_counts_once_and_of_unknown_visitors_nothing_is_kept(
    gate: Gate, store: Store
) -> None:
    for guest in ("g1", None, "a stranger"):
        gate.says(Kind.OFFER_SHOWN, Told(exposure="e1.0", offer="soup", guest=guest), band=None)
    before = held(store, SITE_ON_PAPER, "g1")
    assert isinstance(intake.take(store, gate.device, gate.journal.batch(1, 1, 0)), Ack)
    assert held(store, SITE_ON_PAPER, "g1") == before is not None
    assert [list(there) for there in offered._totals(before).values()] == [
        [Times("soup", Counted.SHOWN, day_of(dt.UTC, 0, NOW_MS))]
    ]
    assert held(store, SITE_ON_PAPER, "a stranger") is None


def test_bodies_that_do_not_decode_and_names_too_long_count_as_nothing() -> None:
    assert offered.read(Kind.OFFER_SHOWN, b"\xc1", at_ms=1) is None
    long = msgspec.msgpack.encode(Told(exposure="e", offer="x" * 41, guest="g1"))
    assert offered.read(Kind.OFFER_SHOWN, long, at_ms=1) is None


def test_counts_of_guests_who_were_shown_nothing_for_long_go(gate: Gate, store: Store) -> None:
    gate.says(Kind.OFFER_SHOWN, Told(exposure="e1.0", offer="soup", guest="g1"), band=None)
    with store.transaction() as tx:
        assert offered.before(tx, SITE_ON_PAPER, NOW_MS - DAY_MS) == ("", 0)
        assert offered.before(tx, SITE_ON_PAPER, NOW_MS + DAY_MS) == ("g1", 1)
        assert offered.before(tx, SITE_ON_PAPER, NOW_MS + DAY_MS, after="g1") == ("g1", 0)
    assert held(store, SITE_ON_PAPER, "g1") is None


def test_a_no_said_at_one_device_is_the_next_ones_within_five_seconds(pair: tuple[Shop, Shop]) -> None:
    a, b = pair
    assert shows(a) == shows(b) == {"twice", "once-sold"}
    profile = a.profiles.get(band(a))
    assert profile is not None
    began = time.monotonic()
    a.service._consents.set_by_guest(profile, "offers", given=False, point=TILL)
    assert shows(a) == set(), "there it holds at once"
    until(lambda: shows(b) == set())
    assert time.monotonic() - began <= AGREED_S_MAX
