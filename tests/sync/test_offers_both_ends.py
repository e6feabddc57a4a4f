"""Offers from central to the till and back: published, lent, taken up, paid, proven, and chosen again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.consent import TOPICS
from edge.core.events import Kind, Lane
from edge.core.lease import Want
from edge.core.offers import Bundle, Offer, OfferRule
from edge.core.offers.asked import Exposed
from edge.payviews import BasketState
from sync.central.accounting.day import prove
from sync.central.accounting.voucher_sums import campaigns
from sync.central.choices import judge_choices
from sync.central.feed import head
from sync.central.machines.lanes import event_table
from sync.central.machines.voice import voice_table
from sync.central.money import leases, pots
from sync.central.money.placed import PlacedRow
from sync.central.offers import bundles
from sync.central.offers.bundles import Draft
from sync.central.registry import catalogue, consents, layout, members, profiles, segments, wallets
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import insert, select, update
from tests.builders import NOW_MS, a_layout
from tests.security.remarked import GUEST, SITE, Park
from tests.service.house import CENTRAL_KEY, an_edge
from tests.service.offered import CAKE, MONEY, PIECES, SOUP, a_gift, an_offer, seen, took
from tests.service.purses import bought, cashier, left

WALLET, DAY_MS = "w-1", 24 * 3_600_000


@pytest.fixture
def park(tmp_path: Path) -> Iterator[Park]:
    with an_edge(tmp_path / "edge") as edge:
        made = Park(tmp_path, edge)
        made.clock.ms = NOW_MS
        with made.store.transaction() as tx:
            key = {"site_id": SITE, "private_key": CENTRAL_KEY, "made_ms": 1}
            tx.execute(insert(voice_table).values(**key))
            known = a_layout()
            layout.put_settings(tx, SITE, known)
            for thing in (*known.zones, *known.points, *known.products):
                layout.put_thing(tx, SITE, thing)
            layout.publish_layout(tx, SITE)
            catalogue.put(tx, SITE, [SOUP, CAKE])
            wallets.create(tx, SITE, Wallet(id=WALLET, currency="EUR"))
            members.join(tx, SITE, Member(guest=GUEST, wallet=WALLET, head=True))
            pots.top_up(tx, SITE, "in:1", wallet=WALLET, paid=("bank", 5_000, "EUR"))
            segments.put(tx, SITE, GUEST, codes=("behaviour:coffee",))
            for topic in TOPICS:
                consents.set_here(tx, SITE, GUEST, purpose=topic, given=True)
            profiles.publish_guests(tx, SITE, [GUEST])
        yield made
        made.store.close()


def publish(park: Park, *more: Offer, total: int = 1_000) -> None:
    """Two offers, one of them by a rule over a code; then the edge hears of it and borrows."""
    rules = (OfferRule(id="coffee", version=1, cel="'behaviour:coffee' in guest.segments"),)
    bundle = Bundle(version=0, offers=(an_offer(rule="coffee"), a_gift(), *more), rules=rules)
    with park.store.transaction() as tx:
        version = bundles.make(
            tx, SITE, Draft(bundle=bundle, budgets={MONEY: total, PIECES: 5}), by="a"
        ).version
        bundles.review(tx, SITE, version, by="b")
        bundles.go_live(tx, SITE, version, by="a")
        assert head(tx, SITE).seq
    park.told()
    borrow(park)


def borrow(park: Park) -> None:
    """Central sets aside what the device's own wants ask for, and the device takes it."""
    placement = park.edge.service.placement
    profile = park.edge.profiles.get(park.band)
    assert profile is not None
    placement.needs(profile, 2_000)
    wants = placement.wants()
    assert {want.kind for want in wants} >= {MONEY, PIECES}
    with park.store.transaction() as tx:
        for want in wants:
            assert isinstance(leases.grant(tx, park.device, want), PlacedRow), want
        offered = leases.offered(tx, park.device, after=placement.after())
    asked = park.edge.clock.monotonic_ms()
    placement.take(offered.grants, offered.closes, asked_ms=asked, after=offered.to)


def test_an_offer_is_taken_up_paid_booked_proven_and_chosen_again(park: Park) -> None:
    publish(park)
    taken = took(park.edge, park.band)
    took(park.edge, park.band, "cake-free")
    view = bought(park.edge)
    assert view.state is BasketState.APPROVED
    assert [line.off_minor for line in view.lines] == [150, CAKE.price_minor]
    assert left(park.edge, WALLET) == 5_000 - 450
    park.heard()
    proof = prove(park.store, SITE, NOW_MS - DAY_MS, until_ms=NOW_MS + DAY_MS)
    assert proof.unexplained == 0
    with park.store.reading() as tx:
        spent = {one.campaign: (one.used, one.worth_minor) for one in campaigns(tx, SITE)}
    assert spent[MONEY] == (150, 150)
    assert spent[PIECES] == (1, CAKE.price_minor)
    choices = judge_choices(park.store, SITE)
    assert (choices.judged, choices.equal, choices.unknown) == (1, 1, 0)
    assert taken.label


def test_a_void_at_the_till_takes_the_campaigns_cost_back_at_central(park: Park) -> None:
    publish(park)
    took(park.edge, park.band)
    view = bought(park.edge)
    park.edge.service.void(cashier(park.edge), view.op_id, "void-00000001", reason="too salty")
    park.heard()
    assert prove(park.store, SITE, NOW_MS - DAY_MS, until_ms=NOW_MS + DAY_MS).unexplained == 0
    with park.store.reading() as tx:
        spent = {one.campaign: (one.used, one.worth_minor) for one in campaigns(tx, SITE)}
    assert spent.get(MONEY, (0, 0)) == (0, 0)
    assert park.edge.journal.head(Lane.ORDINARY).seq


def test_a_changed_choice_is_found_and_one_of_an_unknown_bundle_is_not_judged(park: Park) -> None:
    publish(park)
    seen(park.edge, park.band)
    park.heard()
    own = event_table.c
    there = (own.site_id == SITE, own.kind == int(Kind.OFFERS_EXPOSED))
    with park.store.transaction() as tx:
        body = bytes(tx.execute(select(own.body).where(*there)).scalar_one())
        exposed = msgspec.msgpack.decode(body, type=Exposed)
        wrong = msgspec.structs.replace(exposed, choice=msgspec.structs.replace(exposed.choice, tiles=()))
        tx.execute(update(event_table).where(*there).values(body=msgspec.msgpack.encode(wrong)))
    found = judge_choices(park.store, SITE)
    assert (found.judged, found.equal, len(found.different)) == (1, 0, 1)
    asked = msgspec.structs.replace(exposed.asked, bundle=99)
    with park.store.transaction() as tx:
        other = msgspec.structs.replace(exposed, asked=asked)
        tx.execute(update(event_table).where(*there).values(body=msgspec.msgpack.encode(other)))
    found = judge_choices(park.store, SITE)
    assert (found.judged, found.unknown) == (0, 1)


def test_a_choice_among_as_many_as_there_may_be_is_journaled_in_brief_and_made_again(park: Park) -> None:
    publish(park, *(an_offer(f"soup-{number}", needs=("s" * 90,)) for number in range(198)))
    assert seen(park.edge, park.band).tiles
    park.heard()
    found = judge_choices(park.store, SITE)
    assert (found.judged, found.equal) == (1, 1)


def test_budgets_are_never_overspent_whatever_devices_ask(park: Park) -> None:
    publish(park, total=300)
    with park.store.transaction() as tx:
        more = leases.grant(tx, park.device, Want(wallet="", kind=MONEY, total=9_000))
    granted = more.placed.counters.granted if isinstance(more, PlacedRow) else 0
    assert granted <= 300
    assert left(park.edge, "") <= 300 + 5
