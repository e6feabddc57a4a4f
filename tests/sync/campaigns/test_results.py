"""Results: who was offered it and who was kept out, by the real choice, and what they bought; or not yet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.facts import Moment
from edge.core.offers import (
    AboutGuest,
    Bundle,
    Context,
    Control,
    Occasion,
    Standing,
    choose,
    exposure_of,
)
from edge.core.offers.asked import Exposed, asked_of
from edge.core.offers.control import bucket_of
from edge.core.offers.said import Told
from edge.rules import compile_offer_rule
from sync.central import intake
from sync.central.campaigns import life, results
from sync.central.campaigns.lift import Verdict
from sync.central.channels import exposures
from sync.central.channels.exposures import Kept
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.machines.lanes import event_table
from sync.central.offers import bundles
from sync.central.people import merging
from sync.central.people.merging import Pair
from sync.central.registry import consents, guests
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store, update
from tests.builders import ROME
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.campaigns.shop import a_plan, opened, scheduled
from tests.sync.test_echo import Gate

NAME, DAY_MS = "soup-days", 24 * 3_600_000
PEOPLE = [f"g{number}" for number in range(80)]


@pytest.fixture
def kiosk(small_store: Store) -> Gate:
    gate = Gate(small_store)
    opened(small_store)
    scheduled(small_store, NAME, a_plan(control=5_000, planned=30))
    with small_store.transaction() as tx:
        take_turn(tx, SITE)
        for guest in PEOPLE:
            consents.set_here(tx, SITE, guest, purpose="offers", given=True)
    return gate


def bundle_of(store: Store) -> Bundle:
    with store.reading() as tx:
        return bundles.draft_in_force(tx, SITE).bundle


def chosen(bundle: Bundle, guest: str | None, *, at_ms: int = NOW_MS, **changes: Any) -> Exposed:
    occasion = Occasion(
        exposure=f"x-{guest}-{at_ms}",
        draw=1,
        bundle=bundle,
        context=Context(guest=AboutGuest(segments=("behaviour:weekly",))),
        moment=Moment(now_ms=at_ms),
        timezone=ROME,
        site=SITE,
        point="kiosk-1",
        guest=guest,
        standing=Standing(offers=True, namespaces=("behaviour",)),
        rules={one.id: compile_offer_rule(one.cel) for one in bundle.rules},
        slices={f"gift:{NAME}": 100_000},
        **changes,
    )
    return Exposed(asked=asked_of(occasion), choice=choose(occasion))


def come(kiosk: Gate, people: list[str], bundle: Bundle, **changes: Any) -> None:
    """All of them stand before the kiosk, which tells of it in one batch."""
    rows = kiosk.journal.lanes[0]
    first = len(rows) + 1
    for guest in people:
        exposed = chosen(bundle, guest, **changes)
        said: list[tuple[Kind, msgspec.Struct]] = [(Kind.OFFERS_EXPOSED, exposed)]
        for tile in exposed.choice.tiles:
            name = exposure_of(exposed.choice, tile)
            said.append((Kind.OFFER_SHOWN, Told(exposure=name, offer=tile.offer, campaign=NAME, guest=guest)))
        for kind, body in said:
            kiosk.journal.append(0, msgspec.msgpack.encode(body), kind=int(kind), band=None)
    intake.take(kiosk.store, kiosk.device, kiosk.journal.batch(first, len(rows)))


def a_purchase(guest: str, *, what: What = What.BOUGHT, day: int = 1, subject: str = "soup cake") -> Entry:
    return Entry(
        source="/till",
        id=f"{guest}-{what}",
        owner=f"g:{guest}",
        hlc=(NOW_MS + day * DAY_MS) << 16,
        uncertainty_ms=0,
        via=Via.TILL,
        what=what,
        subject=subject,
        ref=f"b-{guest}",
        amount_minor=600,
        currency="EUR",
    )


def bought(store: Store, *entries: Entry) -> None:
    with store.transaction() as tx:
        diary.put(tx, SITE, list(entries))


def read(store: Store) -> results.Results:
    with store.reading() as tx:
        one = life.published(tx, SITE, NAME)
        assert one is not None
        return results.results(tx, SITE, one)


def kept_out(guest: str) -> bool:
    return bucket_of(NAME, guest) < 5_000


def test_effect_is_read_once_both_arms_are_full_and_have_had_their_days(
    kiosk: Gate, small_store: Store, clock: Clockwork
) -> None:
    bundle = bundle_of(small_store)
    come(kiosk, PEOPLE[:20], bundle)
    early = read(small_store).lift
    assert early is not None
    assert early.verdict is Verdict.NOT_YET
    assert early.offered.guests == sum(not kept_out(one) for one in PEOPLE[:20])
    assert early.withheld.guests == sum(kept_out(one) for one in PEOPLE[:20])

    come(kiosk, PEOPLE[20:], bundle, at_ms=NOW_MS + 1)
    bought(small_store, *(a_purchase(guest) for guest in PEOPLE if not kept_out(guest)))
    full = read(small_store).lift
    assert full is not None
    assert full.verdict is Verdict.NOT_YET

    clock.ms += 8 * DAY_MS
    now = read(small_store).lift
    assert now is not None
    assert now.verdict is Verdict.MORE
    assert (now.withheld.did, now.offered.did) == (0, now.offered.guests)
    assert now.low > 0.8


def test_what_was_bought_late_before_brought_back_or_is_something_else_does_not_count(
    kiosk: Gate, small_store: Store, clock: Clockwork
) -> None:
    come(kiosk, PEOPLE, bundle_of(small_store))
    first = [one for one in PEOPLE if not kept_out(one)][:5]
    bought(
        small_store,
        a_purchase(first[0]),
        a_purchase(first[1], day=8),
        a_purchase(first[2], day=-1),
        a_purchase(first[3]),
        a_purchase(first[3], what=What.REFUNDED, day=3),
        a_purchase(first[4], subject="cake"),
    )
    clock.ms += 9 * DAY_MS
    now = read(small_store).lift
    assert now is not None
    assert now.offered.did == 1


def test_of_who_lets_nothing_be_chosen_for_them_any_more_nothing_is_read(
    kiosk: Gate, small_store: Store
) -> None:
    come(kiosk, PEOPLE[:20], bundle_of(small_store))
    gone = [next(one for one in PEOPLE if kept_out(one) is arm) for arm in (True, False)]
    with small_store.transaction() as tx:
        take_turn(tx, SITE)
        for guest in gone:
            consents.set_here(tx, SITE, guest, purpose="offers", given=False)
    now = read(small_store).lift
    assert now is not None
    assert now.withheld.guests == sum(kept_out(one) for one in PEOPLE[:20]) - 1
    assert now.offered.guests == sum(not kept_out(one) for one in PEOPLE[:20]) - 1


def test_who_gets_no_personal_offer_at_all_and_who_was_in_both_arms_are_left_out(
    kiosk: Gate, small_store: Store, clock: Clockwork
) -> None:
    bundle = bundle_of(small_store)
    nobody = msgspec.structs.replace(bundle, control=Control(salt="all", share=10_000))
    come(kiosk, PEOPLE[:10], nobody)
    kiosk.says(Kind.OFFERS_EXPOSED, chosen(bundle, None))
    come(kiosk, PEOPLE[10:20], bundle)
    come(kiosk, PEOPLE[10:11], bundle, at_ms=NOW_MS + 1, held_buckets={NAME: 9_999 * kept_out(PEOPLE[10])})
    clock.ms += 1
    found = read(small_store)
    assert found.lift is not None
    assert found.lift.offered.guests + found.lift.withheld.guests == 9
    assert found.two_arms == 1


def test_who_lost_to_another_offer_after_the_draw_is_in_the_arm_of_the_offered(
    kiosk: Gate, small_store: Store
) -> None:
    """The draw comes before groups and slots: leaving the losers out would compare unlike guests."""
    bundle = bundle_of(small_store)
    rival = msgspec.structs.replace(
        bundle.offers[0],
        id="rival",
        priority=9,
        rule="",
        budget=None,
        effect=None,
        experiment="",
        excludes=(NAME,),
    )
    come(kiosk, PEOPLE[:20], msgspec.structs.replace(bundle, offers=(*bundle.offers, rival)))
    found = read(small_store).lift
    assert found is not None
    assert found.offered.guests == sum(not kept_out(one) for one in PEOPLE[:20])


def in_an_app(store: Store, people: list[str], bundle: Bundle) -> None:
    """All of them look into an app, which shows what was chosen; every second tile is sold."""
    with store.transaction() as tx:
        take_turn(tx, SITE)
        for guest in people:
            exposed = chosen(bundle, guest)
            exposures.keep(tx, SITE, Kept("app", guest, exposed), occasion=guest.encode())
            for tile in exposed.choice.tiles:
                name = exposure_of(exposed.choice, tile)
                exposures.show(tx, SITE, name)
                if int(guest[1:]) % 2:
                    exposures.redeem(tx, SITE, name, ref=guest)


def test_what_an_app_offered_counts_beside_what_a_kiosk_did(kiosk: Gate, small_store: Store) -> None:
    bundle = bundle_of(small_store)
    come(kiosk, PEOPLE[:10], bundle)
    in_an_app(small_store, PEOPLE[10:20], bundle)
    found = read(small_store)
    assert found.lift is not None
    assert found.lift.offered.guests == sum(not kept_out(one) for one in PEOPLE[:20])
    assert found.lift.withheld.guests == sum(kept_out(one) for one in PEOPLE[:20])
    (day,) = found.days
    assert day.shown == sum(not kept_out(one) for one in PEOPLE[:20])
    assert day.redeemed == sum(not kept_out(one) for one in PEOPLE[11:20:2])


def test_who_is_one_person_is_in_one_arm_or_left_out_and_buys_under_any_name(
    kiosk: Gate, small_store: Store, clock: Clockwork
) -> None:
    bundle, offered = bundle_of(small_store), [one for one in PEOPLE if not kept_out(one)][:4]
    out = next(one for one in PEOPLE if kept_out(one))
    clock.ms += 1
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=one) for one in (*offered, out)])
        for guest, head in ((offered[1], offered[0]), (out, offered[2])):
            asked = merging.ask(tx, SITE, Pair(guest, head), by="olga", why="both passports seen")
            merging.rule(tx, SITE, asked.id, by="otto", given=True)
    come(kiosk, [*offered, out], bundle, at_ms=NOW_MS)
    bought(small_store, a_purchase(offered[1]))
    clock.ms += DAY_MS
    found = read(small_store)
    assert found.lift is not None
    assert (found.lift.offered.guests, found.lift.withheld.guests, found.two_arms) == (2, 0, 1)
    assert found.lift.offered.did == 1


def test_another_share_is_another_experiment(kiosk: Gate, small_store: Store, clock: Clockwork) -> None:
    come(kiosk, PEOPLE[:20], bundle_of(small_store))
    clock.ms += DAY_MS
    scheduled(small_store, NAME, a_plan(control=1_000, planned=30))
    found = read(small_store)
    assert found.lift is not None
    assert (found.lift.offered.guests, found.lift.withheld.guests) == (0, 0)
    assert sum(day.shown for day in found.days) > 0


def test_days_add_up_what_was_shown_redeemed_and_brought_back(kiosk: Gate, small_store: Store) -> None:
    told = Told(exposure="e.1", offer=NAME, campaign=NAME)
    taken = msgspec.structs.replace(told, minor=300)
    for kind, said in (
        (Kind.OFFER_SHOWN, told),
        (Kind.OFFER_TAKEN, told),
        (Kind.OFFER_REDEEMED, taken),
        (Kind.OFFER_REDEEMED, taken),
        (Kind.OFFER_RETURNED, taken),
    ):
        kiosk.says(kind, said)
    kiosk.says(Kind.OFFER_SHOWN, msgspec.structs.replace(told, offer="other", campaign="other"))
    (day,) = read(small_store).days
    assert (day.shown, day.taken, day.redeemed, day.returned, day.minor) == (1, 1, 2, 1, 300)


def test_what_cannot_be_read_is_said_in_the_log_and_costs_nothing_else(
    kiosk: Gate, small_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told(exposure="e.1", offer=NAME, campaign=NAME)
    kiosk.says(Kind.OFFER_SHOWN, told)
    kiosk.says(Kind.OFFER_TAKEN, told)
    with small_store.transaction() as tx:
        own = event_table.c
        tx.execute(update(event_table).where(own.kind == int(Kind.OFFER_TAKEN)).values(body=b"\xc1"))
    (day,) = read(small_store).days
    assert (day.shown, day.taken) == (1, 0)
    assert "campaigns.unread" in caplog.text


def test_without_guests_who_are_kept_out_there_is_nothing_to_read(small_store: Store) -> None:
    Gate(small_store)
    opened(small_store)
    scheduled(small_store, NAME, a_plan(control=0))
    found = read(small_store)
    assert found.lift is None
