"""What shown offers came to teaches the next version's model; a ranking that does harm is left out."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from edge.core.events import Kind
from edge.core.facts import Moment
from edge.core.feedback import FeedbackGiven
from edge.core.offers import AboutGuest, Bundle, Context, Occasion, Standing, choose, exposure_of
from edge.core.offers.asked import Exposed, asked_of
from edge.core.offers.said import Told
from edge.core.payment import Leg, Tender
from edge.core.places import Layout
from edge.core.ranking import Model, guard, score
from edge.errors import Refused
from sync.central import learning
from sync.central.accounting import ops
from sync.central.channels import exposures
from sync.central.channels.exposures import Kept
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.money.basket import Op
from sync.central.offers import bundles
from sync.central.offers.bundles import Draft, State
from sync.central.people import merging
from sync.central.people.merging import Pair
from sync.central.registry import guests, layout
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.builders import ROME
from tests.service.offered import MONEY, an_offer
from tests.sync.builders import NOW_MS, SITE
from tests.sync.test_echo import Gate

LOWERED = Leg(number=2, tender=Tender.DISCOUNT, amount_minor=150, line=0, label="Sconto")
MODEL = Model(version=4, features=("always", "segment:interest:coffee"))


@pytest.fixture
def kiosk(small_store: Store) -> Gate:
    return Gate(small_store)


def published(store: Store, model: Model | None = MODEL) -> Bundle:
    offers = tuple(replace(an_offer(name), group="", effect=None) for name in "ab")
    draft = Draft(bundle=Bundle(version=0, offers=offers, model=model), budgets={MONEY: 1_000})
    with store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome", currency="EUR"))
        layout.publish_layout(tx, SITE)
        return bundles.make(tx, SITE, draft, by="olga").draft.bundle


def chosen(bundle: Bundle, number: int) -> Exposed:
    occasion = Occasion(
        exposure=f"x-{number}",
        draw=number * 1_000,  # every one explores, by turns
        bundle=bundle,
        context=Context(guest=AboutGuest(segments=("interest:coffee",))),
        moment=Moment(now_ms=NOW_MS),
        timezone=ROME,
        site=SITE,
        point="kiosk-1",
        guest="g1",
        standing=Standing(offers=True, namespaces=("interest", "behaviour")),
        slices={MONEY: 1_000},
    )
    return Exposed(asked=asked_of(occasion), choice=choose(occasion))


def lives(kiosk: Gate, bundle: Bundle, *, taken: str, returned: str = "", again: str = "") -> None:
    """Twenty guests: each first tile is painted, and one of the two offers is always redeemed."""
    for number in range(20):
        exposed = chosen(bundle, number)
        tile = exposed.choice.tiles[0]
        told = Told(exposure=exposure_of(exposed.choice, tile), offer=tile.offer, op_id=f"b-{number}")
        kiosk.says(Kind.OFFERS_EXPOSED, exposed)
        kiosk.says(Kind.OFFER_SHOWN, told)
        if tile.offer == taken:
            kiosk.says(Kind.OFFER_REDEEMED, told)
        if tile.offer == returned:
            kiosk.says(Kind.OFFER_RETURNED, told)
        if tile.offer == again:
            kiosk.says(Kind.OFFER_REDEEMED, replace(told, op_id=f"b-{number}-again"))
    kiosk.says(Kind.OFFERS_EXPOSED, chosen(bundle, 20))


def lives_in_an_app(store: Store, bundle: Bundle, *, taken: str, came_back: str = "") -> None:
    """Twenty guests of an app: each is shown a first tile, and one of the two offers is always sold."""
    with store.transaction() as tx:
        take_turn(tx, SITE)
        guests.put_guests(tx, SITE, [Guest(id="g1")])
        for number in range(20):
            exposed = chosen(bundle, number)
            tile = exposed.choice.tiles[0]
            name, ref = exposure_of(exposed.choice, tile), f"o-{number}"
            exposures.keep(tx, SITE, Kept("app", "g1", exposed), occasion=bytes([number]))
            exposures.show(tx, SITE, name)
            if tile.offer == taken:
                exposures.redeem(tx, SITE, name, ref=ref)
            if came_back:
                told = Entry("/shop", ref, came_back, NOW_MS << 16, 0, Via.APP, What.REFUNDED, ref=ref)
                diary.put(tx, SITE, [told])
        exposures.keep(tx, SITE, Kept("app", "g1", chosen(bundle, 20)), occasion=b"unseen")


def learnt(store: Store, version: int = 1) -> learning.Lesson:
    with store.transaction() as tx:
        return learning.learn(tx, SITE, version, by="olga")


def test_what_is_redeemed_ranks_higher_in_a_draft_of_the_next_version(
    kiosk: Gate, small_store: Store
) -> None:
    lives(kiosk, published(small_store), taken="b")
    lesson = learnt(small_store)
    model = lesson.draft.draft.bundle.model
    assert (lesson.choices, lesson.better, lesson.draft.version) == (20, None, 2)
    assert lesson.draft.state is State.DRAFT
    assert model is not None
    assert model.version == 5
    assert score(model, "b", (0, 1)) > 0.7 > score(model, "a", (0, 1))
    assert learnt(small_store).draft.draft.bundle.model == model


def test_what_an_app_sells_teaches_as_much_as_what_a_kiosk_does(small_store: Store) -> None:
    Gate(small_store)
    lives_in_an_app(small_store, published(small_store), taken="b")
    lesson = learnt(small_store)
    model = lesson.draft.draft.bundle.model
    assert model is not None
    assert (lesson.choices, model.version) == (20, 5), "what nobody saw teaches nothing"
    assert score(model, "b", (0, 1)) > 0.7 > score(model, "a", (0, 1))


def test_kiosk_and_app_are_one_lesson(kiosk: Gate, small_store: Store) -> None:
    bundle = published(small_store)
    lives(kiosk, bundle, taken="b")
    lives_in_an_app(small_store, bundle, taken="b")
    assert learnt(small_store).choices == 40


def test_what_an_app_tells_to_have_come_back_is_no_reward(small_store: Store) -> None:
    Gate(small_store)
    lives_in_an_app(small_store, published(small_store), taken="b", came_back="g:g1")
    model = learnt(small_store).draft.draft.bundle.model
    assert model is not None
    assert score(model, "b", (0, 1)) == score(model, "a", (0, 1))


@pytest.mark.parametrize("one_person", [True, False])
def test_what_came_back_under_another_name_of_its_guest_is_no_reward(
    small_store: Store, one_person: bool
) -> None:
    Gate(small_store)
    bundle = published(small_store)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=one) for one in ("g1", "g2")])
        if one_person:
            asked = merging.ask(tx, SITE, Pair("g2", "g1"), by="olga", why="both passports seen")
            merging.rule(tx, SITE, asked.id, by="otto", given=True)
    lives_in_an_app(small_store, bundle, taken="b", came_back="g:g2")
    model = learnt(small_store).draft.draft.bundle.model
    assert model is not None
    assert (score(model, "b", (0, 1)) == score(model, "a", (0, 1))) is one_person


def test_what_came_back_counts_as_not_redeemed(kiosk: Gate, small_store: Store) -> None:
    lives(kiosk, published(small_store), taken="b", returned="b")
    model = learnt(small_store).draft.draft.bundle.model
    assert model is not None
    assert score(model, "b", (0, 1)) == score(model, "a", (0, 1))


@pytest.mark.parametrize(("score_", "rewarded"), [(2, False), (3, True)])
def test_what_made_its_guests_unhappy_is_no_reward(
    kiosk: Gate, small_store: Store, score_: int, rewarded: bool
) -> None:
    lives(kiosk, published(small_store), taken="b")
    for number in range(20):
        kiosk.says(Kind.FEEDBACK_GIVEN, FeedbackGiven(score=score_, point="hall", about=f"b-{number}"))
    kiosk.says(Kind.FEEDBACK_GIVEN, FeedbackGiven(score=1, point="hall"))
    model = learnt(small_store).draft.draft.bundle.model
    assert model is not None
    assert (score(model, "b", (0, 1)) > score(model, "a", (0, 1))) is rewarded


def test_what_came_back_and_was_bought_once_more_counts(kiosk: Gate, small_store: Store) -> None:
    lives(kiosk, published(small_store), taken="b", returned="b", again="b")
    model = learnt(small_store).draft.draft.bundle.model
    assert model is not None
    assert score(model, "b", (0, 1)) > 0.7 > score(model, "a", (0, 1))


@pytest.mark.parametrize(
    ("stands", "changes"),
    [
        (True, {}),
        (True, {"refunded_minor": 599}),
        (False, {"refunded_minor": 400, "voided_minor": 200}),
        (False, {"refunded_minor": 300, "legs": (replace(LOWERED, voided_minor=150),)}),
        (True, {"refunded_minor": 300, "legs": (replace(LOWERED, voided_minor=149),)}),
        (True, {"refunded_minor": 300, "legs": (replace(LOWERED, voided_minor=150, label=""),)}),
    ],
)
def test_what_was_refunded_line_by_line_is_no_reward(
    kiosk: Gate, small_store: Store, stands: bool, changes: dict[str, Any]
) -> None:
    sale = replace(Op(id="", device="till-1", currency="EUR", captured_minor=600, legs=(LOWERED,)), **changes)
    with small_store.transaction() as tx:
        ops.put(tx, SITE, [replace(sale, id=f"b-{number}") for number in range(20)], moved=[])
    lives(kiosk, published(small_store), taken="b")
    model = learnt(small_store).draft.draft.bundle.model
    assert model is not None
    assert (score(model, "b", (0, 1)) > score(model, "a", (0, 1))) is stands


def test_ranking_that_does_harm_is_left_out_of_the_next_version(
    kiosk: Gate, small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "CHOICES_MIN", 20)
    lives(kiosk, published(small_store), taken="b")
    lesson = learnt(small_store)
    assert (lesson.better, lesson.draft.draft.bundle.model) == ("b", None)


def test_version_without_a_model_has_nothing_to_learn_by(kiosk: Gate, small_store: Store) -> None:
    published(small_store, None)
    with pytest.raises(Refused, match="no model"):
        learnt(small_store)
