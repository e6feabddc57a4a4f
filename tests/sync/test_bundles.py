"""Bundles at central: refused with the place, published by two, never changed, only followed."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.catalogue import Article
from edge.core.lease import Want
from edge.core.offers import Budget, Bundle, Offer, OfferRule, Unit
from edge.core.places import Layout
from edge.errors import NotAllowed, Refused
from edge.published import HEAD, PART, Head, Part, put_together
from sync.central.feed import item_table
from sync.central.money import budgets, leases, placed
from sync.central.money.placed import PlacedRow
from sync.central.offers import bundle_checks, bundles
from sync.central.offers.bundles import Draft, State
from sync.central.registry import catalogue, layout
from sync.central.store import Store, select
from sync.lending import Unplaced
from tests.service.offered import MONEY, a_message, an_offer
from tests.sync.builders import a_device, a_site

SITE = "park"


@pytest.fixture
def park(store: Store) -> Store:
    a_site(store)
    with store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome", currency="EUR"))
        layout.publish_layout(tx, SITE)
        catalogue.put(tx, SITE, [Article(id="soup", names={"it": "Zuppa"}, price_minor=600)])
    return store


def a_draft(*offers: Offer, total: int = 1_000, **changes: object) -> Draft:
    bundle = Bundle(version=0, offers=offers or (an_offer(),), **changes)  # type: ignore[arg-type]  # fields of Bundle by name
    return Draft(bundle=bundle, budgets={MONEY: total})


def live(store: Store, draft: Draft) -> int:
    with store.transaction() as tx:
        version = bundles.make(tx, SITE, draft, by="olga").version
        bundles.review(tx, SITE, version, by="piero")
        bundles.go_live(tx, SITE, version, by="olga")
    return version


def told(store: Store) -> tuple[dict[str, Head], list[Part], bytes]:
    from sync.central.machines.voice import voice

    with store.transaction() as tx:
        rows = list(tx.execute(select(item_table).where(item_table.c.body.is_not(None))))
        key = voice(tx, SITE).private_key
    heads = {row.key: msgspec.msgpack.decode(bytes(row.body), type=Head) for row in rows if row.kind == HEAD}
    parts = [msgspec.msgpack.decode(bytes(row.body), type=Part) for row in rows if row.kind == PART]
    return heads, parts, key


def test_two_people_stand_between_a_draft_and_what_is_live(park: Store) -> None:
    with park.transaction() as tx:
        made = bundles.make(tx, SITE, a_draft(), by="olga")
    with park.transaction() as tx, pytest.raises(Refused, match="draft"):
        bundles.go_live(tx, SITE, made.version, by="olga")
    with park.transaction() as tx, pytest.raises(NotAllowed):
        bundles.review(tx, SITE, made.version, by="olga")
    with park.transaction() as tx:
        bundles.review(tx, SITE, made.version, by="piero")
    with park.transaction() as tx:
        assert bundles.go_live(tx, SITE, made.version, by="olga").state is State.LIVE
    assert told(park)[0]


def test_what_is_published_is_signed_whole_and_the_last_two_lie_at_every_edge(park: Store) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    for version in (1, 2, 3):
        assert live(park, a_draft(an_offer(priority=version))) == version
    heads, parts, private = told(park)
    key = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    found = {head.version: put_together(head, parts, site=SITE, public_key=key) for head in heads.values()}
    assert sorted(found) == [2, 3]
    assert found[3].offers[0].priority == 3
    with park.reading() as tx:
        assert [(one.version, one.state) for one in bundles.versions(tx, SITE)] == [
            (3, State.LIVE), (2, State.ENDED), (1, State.ENDED),
        ]  # fmt: skip


def test_a_newer_live_version_is_never_overtaken_by_an_older_one(park: Store) -> None:
    with park.transaction() as tx:
        old = bundles.make(tx, SITE, a_draft(), by="olga").version
        bundles.review(tx, SITE, old, by="piero")
    live(park, a_draft())
    with park.transaction() as tx, pytest.raises(Refused, match="newer"):
        bundles.go_live(tx, SITE, old, by="piero")


def test_one_person_stops_everything_at_once(park: Store) -> None:
    live(park, a_draft())
    with park.transaction() as tx:
        assert bundles.stop(tx, SITE, by="olga").draft.bundle.offers == ()
    with park.reading() as tx:
        assert bundles.versions(tx, SITE)[0].state is State.LIVE


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (an_offer(messages={}), "says nothing"),
        (
            an_offer(messages={"it": msgspec.structs.replace(a_message("x")["it"], headline="x" * 41)}),
            "headline",
        ),
        (an_offer(messages={"xx": a_message("x")["it"]}), "speaks"),
        (an_offer(rule="r9"), "no rule r9"),
        (an_offer(group="g9"), "no group g9"),
        (an_offer(id=""), "an id"),
        (an_offer(budget=None), "needs a budget"),
        (an_offer(budget=Budget(id="offer:x", unit=Unit.MONEY, each=9)), "otherwise"),
        (an_offer(budget=Budget(id="gift:winter", unit=Unit.MONEY, each=9)), "in all"),
        (an_offer(points_earned=-1), "points"),
        (an_offer(points_earned=100_001), "at most 100000 points"),
        (an_offer(points_after_days=366), "365 days"),
    ],
)
def test_what_no_screen_could_show_is_refused_with_its_place(park: Store, wrong: Offer, place: str) -> None:
    with park.transaction() as tx, pytest.raises(Refused, match=place):
        bundles.make(tx, SITE, a_draft(wrong), by="olga")
    with park.reading() as tx:
        assert bundles.versions(tx, SITE) == ()


def test_a_rule_that_does_not_compile_is_refused_with_its_name(park: Store) -> None:
    rules = (OfferRule(id="r1", version=1, cel="1 +"),)
    with park.transaction() as tx, pytest.raises(Refused, match="rule r1"):
        bundles.make(tx, SITE, a_draft(rules=rules), by="olga")


def test_a_missing_language_and_an_unknown_article_are_said_and_stop_nothing(park: Store) -> None:
    draft = a_draft(an_offer(needs=("stew",)))
    with park.reading() as tx:
        found = bundle_checks.look(tx, SITE, draft.bundle, totals=draft.budgets)
    assert found.faults == ()
    assert "soup-less: no words in de" in found.warnings
    assert "soup-less: article stew is not in the catalogue" in found.warnings
    live(park, draft)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"bundle": {"version": "x"}}', '{"bundle": 1}', "\ud800"])
def test_what_is_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="no bundle"):
        bundles.read(text)


def test_a_draft_is_read_as_it_was_written() -> None:
    draft = a_draft()
    assert bundles.read(msgspec.json.encode(draft).decode()) == draft


def test_devices_are_lent_no_more_than_a_campaign_may_cost_in_all(park: Store) -> None:
    here, _ = a_device(park)
    live(park, a_draft(total=500))
    with park.transaction() as tx:
        row = leases.grant(tx, here, Want(wallet="", kind=MONEY, total=400))
        assert isinstance(row, PlacedRow)
        assert row.placed.counters.granted == 400
        more = leases.grant(tx, here, Want(wallet="", kind=MONEY, lease=row.id, total=4_000))
        assert isinstance(more, PlacedRow)
        assert more.placed.counters.granted == 500
        assert isinstance(leases.grant(tx, here, Want(wallet="", kind="gift:none", total=5)), Unplaced)
    live(park, a_draft(total=100))
    with park.reading() as tx:
        assert budgets.total(tx, SITE, MONEY, currency="EUR") == 500, "what is out stays out"
    live(park, a_draft(total=700))
    with park.reading() as tx:
        assert budgets.left(tx, SITE, MONEY, currency="EUR") == (200, 500)


def test_a_budget_is_told_by_where_it_lies_and_its_parts_come_to_the_whole(park: Store) -> None:
    (one, _), (other, _) = a_device(park), a_device(park)
    live(park, a_draft(total=1_000))
    with park.transaction() as tx:
        for device, wanted in ((one, 400), (other, 100)):
            leases.grant(tx, device, Want(wallet="", kind=MONEY, total=wanted))
        (row,) = [row for row in placed.of_device(tx, SITE, one.id) if row.placed.kind == MONEY]
        used = msgspec.structs.replace(row.placed.counters, spent=150)
        told = msgspec.structs.replace(row.placed, counters=used)
        placed.put(tx, SITE, [msgspec.structs.replace(row, placed=told)])
    with park.reading() as tx:
        found = budgets.spread(tx, SITE, MONEY, currency="EUR")
    assert (found.free, found.held, found.used) == (500, {one.id: 250, other.id: 100}, 150)


@pytest.mark.parametrize("kind", ["gift", "gift:", "money:x", "gift:a b", "gift:" + "x" * 25, "offer:a/b"])
def test_what_no_lease_can_count_is_no_budget(kind: str) -> None:
    with pytest.raises(Refused, match="no budget"):
        budgets.check(kind)
