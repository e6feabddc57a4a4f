"""Life of a campaign: two people before anybody is told of it, one to take it back, each version kept."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from edge.core.offers import Bundle, Cap, Effect, Message, Offer, Period
from edge.errors import NotAllowed, Refused, Unknown
from sync.central.campaigns import checks, life, results
from sync.central.campaigns.lift import Verdict
from sync.central.console.pages.campaign_calendar import calendar
from sync.central.money import budgets
from sync.central.offers import bundles, campaigned
from sync.central.offers.bundles import Draft
from sync.central.offers.campaigned import Audience, Campaign, Plan, Standing, State
from sync.central.store import Store
from tests.service.offered import an_offer
from tests.sync.builders import Clockwork, a_device, a_site
from tests.sync.campaigns.shop import ANNA, FIRST, LAST, MESSAGES, PIERO, SITE, a_plan, opened, scheduled

DAY_MS = 24 * 3_600_000
NAME = "soup-days"
CAKE = Effect(percent=10, articles=("cake",))


@pytest.fixture
def park(small_store: Store) -> Store:
    a_site(small_store)
    opened(small_store)
    return small_store


def live(store: Store) -> Bundle:
    with store.reading() as tx:
        return bundles.draft_in_force(tx, SITE).bundle


def test_nobody_looks_through_what_they_wrote_and_nothing_unread_is_published(park: Store) -> None:
    with park.transaction() as tx:
        life.make(tx, SITE, NAME, plan=a_plan(), by=ANNA)
    with park.transaction() as tx, pytest.raises(NotAllowed):
        life.review(tx, SITE, NAME, by=ANNA)
    with park.transaction() as tx, pytest.raises(Refused, match="draft"):
        life.schedule(tx, SITE, NAME, by=PIERO)
    with park.transaction() as tx:
        assert life.review(tx, SITE, NAME, by=PIERO).state is State.REVIEWED
    assert live(park).offers == ()


def test_whoever_changes_a_draft_wrote_it_and_the_first_look_is_worth_nothing_more(park: Store) -> None:
    with park.transaction() as tx:
        life.make(tx, SITE, NAME, plan=a_plan(), by=ANNA)
        life.review(tx, SITE, NAME, by=PIERO)
        life.make(tx, SITE, NAME, plan=a_plan(goal="Other"), by=PIERO)
    with park.transaction() as tx, pytest.raises(NotAllowed):
        life.review(tx, SITE, NAME, by=PIERO)
    with park.transaction() as tx:
        assert [one.state for one in life.revisions(tx, SITE, NAME)] == [State.DRAFT, State.ENDED]


def test_published_it_is_an_offer_of_a_signed_bundle_with_its_rule_budget_and_experiment(park: Store) -> None:
    scheduled(park)
    now = live(park)
    (offer,) = now.offers
    assert (offer.id, offer.campaign, offer.experiment, offer.rule) == (NAME, NAME, NAME, f"campaign.{NAME}")
    assert now.rules[0].cel == '("behaviour:weekly" in guest.segments)'
    assert (now.experiments[0].share, now.experiments[0].planned) == (1_000, 100)
    with park.reading() as tx:
        (version, *_) = bundles.versions(tx, SITE)
        assert (version.made_by, version.reviewed_by, version.live_by) == (ANNA, PIERO, ANNA)
        assert life.find(tx, SITE, NAME).version == version.version == now.version
        assert budgets.total(tx, SITE, f"gift:{NAME}", currency="EUR") == 100_000


def test_one_person_pauses_it_in_a_new_version_and_its_budget_comes_back(park: Store) -> None:
    scheduled(park)
    with park.transaction() as tx:
        life.pause(tx, SITE, NAME, by=PIERO)
    assert (live(park).version, live(park).offers, live(park).rules, live(park).experiments) == (
        2,
        (),
        (),
        (),
    )
    with park.transaction() as tx:
        assert budgets.total(tx, SITE, f"gift:{NAME}", currency="EUR") == 0
        life.schedule(tx, SITE, NAME, by=PIERO)
        assert budgets.total(tx, SITE, f"gift:{NAME}", currency="EUR") == 100_000
        life.end(tx, SITE, NAME, by=PIERO)
        with pytest.raises(Refused, match="ended"):
            life.schedule(tx, SITE, NAME, by=PIERO)
    with park.reading() as tx:
        told = {one.version: len(one.draft.bundle.offers) for one in bundles.versions(tx, SITE)}
    assert told == {1: 1, 2: 0, 3: 1, 4: 0}


def test_wrong_price_is_put_right_by_a_new_version_while_the_old_one_stays_as_it_was(park: Store) -> None:
    scheduled(park)
    less = a_plan({"effect": Effect(percent=20, articles=("soup",))})
    with park.transaction() as tx:
        life.make(tx, SITE, NAME, plan=less, by=ANNA)
    assert [one.effect for one in live(park).offers] == [Effect(percent=50, articles=("soup",))]
    with park.transaction() as tx:
        life.review(tx, SITE, NAME, by=PIERO)
        life.schedule(tx, SITE, NAME, by=ANNA)
        states = [one.state for one in life.revisions(tx, SITE, NAME)]
        old = bundles.version_of(tx, SITE, 1).draft.bundle.offers[0].effect
    assert [one.effect for one in live(park).offers] == [Effect(percent=20, articles=("soup",))]
    assert (states, old) == ([State.SCHEDULED, State.ENDED], Effect(percent=50, articles=("soup",)))


def test_what_is_published_can_be_paused_while_its_next_revision_is_a_draft(park: Store) -> None:
    scheduled(park)
    with park.transaction() as tx:
        life.make(tx, SITE, NAME, plan=a_plan(goal="Next"), by=ANNA)
        life.pause(tx, SITE, NAME, by=ANNA)
        assert [one.state for one in life.revisions(tx, SITE, NAME)] == [State.DRAFT, State.PAUSED]
        life.end(tx, SITE, NAME, by=ANNA)
        assert [one.state for one in life.revisions(tx, SITE, NAME)] == [State.ENDED, State.PAUSED]
    assert live(park).offers == ()


def test_offers_loaded_by_hand_and_campaigns_stay_in_one_bundle(park: Store) -> None:
    hand = Draft(bundle=Bundle(version=0, offers=(an_offer(),)), budgets={"gift:summer": 5})
    with park.transaction() as tx:
        made = bundles.make(tx, SITE, hand, by=ANNA)
        bundles.review(tx, SITE, made.version, by=PIERO)
        bundles.go_live(tx, SITE, made.version, by=ANNA)
    scheduled(park)
    assert [one.id for one in live(park).offers] == ["soup-less", NAME]
    with park.transaction() as tx:
        again = bundles.make(tx, SITE, hand, by=ANNA)
        assert [one.id for one in again.draft.bundle.offers] == ["soup-less", NAME]
        life.pause(tx, SITE, NAME, by=ANNA)
        bundles.review(tx, SITE, again.version, by=PIERO)
        with pytest.raises(Refused, match="newer"):
            bundles.go_live(tx, SITE, again.version, by=ANNA)
    assert [one.id for one in live(park).offers] == ["soup-less"]
    with park.reading() as tx:
        assert bundles.draft_in_force(tx, SITE).budgets["gift:summer"] == 5


def test_stopping_all_offers_pauses_every_campaign(park: Store) -> None:
    scheduled(park)
    with park.transaction() as tx:
        life.stop_all(tx, SITE, by=PIERO)
        assert life.find(tx, SITE, NAME).state is State.PAUSED
        assert budgets.total(tx, SITE, f"gift:{NAME}", currency="EUR") == 0
    assert live(park).offers == ()
    scheduled(park, "cake-days", a_plan({"effect": Effect(percent=5, articles=("cake",))}))
    assert [one.id for one in live(park).offers] == ["cake-days"]


def test_taking_out_never_brings_anything_in(park: Store) -> None:
    scheduled(park)
    with park.transaction() as tx:
        bundles.stop(tx, SITE, by=PIERO)
        with pytest.raises(NotAllowed, match=NAME):
            bundles.take_out(tx, SITE, by=PIERO)


def test_it_waits_for_offers_that_are_published_for_a_later_hour(park: Store) -> None:
    with park.transaction() as tx:
        made = bundles.make(tx, SITE, Draft(bundle=Bundle(version=0)), by=ANNA)
        bundles.review(tx, SITE, made.version, by=PIERO)
        bundles.go_live(tx, SITE, made.version, by=ANNA, from_ms=2**42)
    with pytest.raises(Refused, match="hour"):
        scheduled(park)


def test_the_calendar_says_whether_it_is_live_and_what_is_over_leaves_the_next_bundle(
    park: Store, clock: Clockwork
) -> None:
    with park.reading() as tx:
        today = campaigned.today_of(tx, SITE)
    scheduled(park, NAME, a_plan({"period": Period(first=today, last=today)}))
    with park.transaction() as tx:
        one = life.find(tx, SITE, NAME)
        assert one.standing(today) is Standing.LIVE
        assert one.standing("2000-01-01") is Standing.SCHEDULED
        assert one.standing("2999-01-01") is Standing.ENDED
    clock.ms += 2 * DAY_MS
    scheduled(park, "cake-days", a_plan({"period": Period(first=FIRST, last="2999-01-01")}))
    assert [one.id for one in live(park).offers] == ["cake-days"]
    with park.transaction() as tx:
        life.make(tx, SITE, "late", plan=a_plan({"period": Period(first=FIRST, last=today)}), by=ANNA)
        life.review(tx, SITE, "late", by=PIERO)
        with pytest.raises(Refused, match="gone by"):
            life.schedule(tx, SITE, "late", by=ANNA)


def test_a_campaign_is_found_by_its_name_or_not_at_all(store: Store) -> None:
    park = store
    a_site(park)
    opened(park)
    with park.transaction() as tx:
        life.make(tx, SITE, NAME, plan=a_plan(), by=ANNA)
        assert [one.id for one in campaigned.newest(tx, SITE)] == [NAME]
        assert life.published(tx, SITE, NAME) is None
        with pytest.raises(Unknown):
            life.find(tx, SITE, "other")
    hand = Draft(bundle=Bundle(version=0, offers=(an_offer(),)), budgets={"gift:summer": 5})
    with park.transaction() as tx:
        made = bundles.make(tx, SITE, hand, by=ANNA)
        bundles.review(tx, SITE, made.version, by=PIERO)
        bundles.go_live(tx, SITE, made.version, by=ANNA)
        with pytest.raises(Refused, match="soup-less"):
            life.make(tx, SITE, "soup-less", plan=a_plan(), by=ANNA)
        life.review(tx, SITE, NAME, by=PIERO)
        found = results.results(tx, SITE, life.schedule(tx, SITE, NAME, by=ANNA))
        assert found.days == ()
        assert found.lift is not None
        assert found.lift.verdict is Verdict.NOT_YET


def said(**changes: str) -> dict[str, Message]:
    return {"it": msgspec.structs.replace(MESSAGES["it"], **changes)}


def test_what_no_channel_could_show_or_judge_is_refused_with_its_place(park: Store) -> None:
    cases: list[tuple[str, Plan, str]] = [
        ("Soup Days", a_plan(), "small letters"),
        (NAME, a_plan(goal=""), "what it is for"),
        (NAME, a_plan({"period": Period(first=LAST, last=FIRST)}), "begins and ends"),
        (NAME, a_plan({"period": Period(first="soon", last=LAST)}), "begins and ends"),
        (NAME, a_plan(control=6_000), "kept out"),
        (NAME, a_plan(window_days=0), "days"),
        (NAME, a_plan({"public": True}), "everybody"),
        (NAME, a_plan({"messages": said(name="Zuppa 🍲")}), "no receipt prints"),
        (NAME, a_plan({"messages": said(body="a\nb")}), "no screen shows"),
        (NAME, a_plan({"messages": said(headline="x" * 41)}), "headline"),
        (NAME, a_plan(audience=Audience(rule="guest.nothing == 1")), "guest.nothing"),
        (NAME, a_plan(budget=0), "needs a budget"),
    ]
    for name, plan, place in cases:
        with park.transaction() as tx, pytest.raises(Refused, match=place):
            life.make(tx, SITE, name, plan=plan, by=ANNA)


def test_missing_languages_and_clashing_prices_are_told_and_stop_nothing(park: Store) -> None:
    with park.transaction() as tx:
        one = life.make(tx, SITE, NAME, plan=a_plan({"messages": said()}), by=ANNA)
        assert len(checks.warnings(tx, SITE, one)) == 4
    other = Campaign(id="b", revision=1, state=State.DRAFT, plan=a_plan(), made_by=ANNA, made_ms=1)

    def beside(offer: Offer) -> bool:
        return bool(checks.clashes([one, msgspec.structs.replace(other, plan=a_plan(offer_of(offer)))]))

    base = a_plan().offer
    assert beside(base)
    assert not beside(msgspec.structs.replace(base, effect=Effect(percent=5, articles=("cake",))))
    assert beside(msgspec.structs.replace(base, effect=Effect(percent=5)))
    assert not beside(msgspec.structs.replace(base, effect=None))
    assert not beside(msgspec.structs.replace(base, period=Period(first="2027-01-01", last="2027-02-01")))


def offer_of(offer: Offer) -> dict[str, object]:
    return {"effect": offer.effect, "period": offer.period}


def test_a_draft_that_is_let_go_leaves_what_was_paused_before_it_to_be_resumed_or_ended(park: Store) -> None:
    scheduled(park)
    with park.transaction() as tx:
        life.pause(tx, SITE, NAME, by=ANNA)
        life.make(tx, SITE, NAME, plan=a_plan(goal="Other"), by=ANNA)
        assert life.steps(life.revisions(tx, SITE, NAME)) == {State.REVIEWED, State.ENDED}
        life.end(tx, SITE, NAME, by=ANNA)
    with park.reading() as tx:
        (listed,) = campaigned.newest(tx, SITE)
        assert (listed.revision, listed.state) == (1, State.PAUSED)
        assert life.find(tx, SITE, NAME) == listed
        assert life.steps(life.revisions(tx, SITE, NAME)) == {State.SCHEDULED, State.ENDED}
    with park.transaction() as tx:
        assert life.schedule(tx, SITE, NAME, by=ANNA).revision == 1
    assert [one.id for one in live(park).offers] == [NAME]
    with park.transaction() as tx:
        assert life.steps(life.revisions(tx, SITE, NAME)) == {State.PAUSED, State.ENDED}
        life.end(tx, SITE, NAME, by=ANNA)
        assert life.steps(life.revisions(tx, SITE, NAME)) == frozenset()
        assert life.make(tx, SITE, NAME, plan=a_plan(), by=ANNA).revision == 3, "no number is given twice"


def test_a_calendar_shows_each_campaigns_days_and_on_which_of_them_it_meets_another(park: Store) -> None:
    plans = {
        "early": a_plan({"period": Period(first="2025-01-01", last="2025-01-10")}),
        "late": a_plan({"period": Period(first="2025-01-06", last="2025-01-20")}),
        "apart": a_plan({"period": Period(first="2025-01-16", last="2025-01-20"), "effect": CAKE}),
    }
    with park.transaction() as tx:
        made = [life.make(tx, SITE, name, plan=plan, by=ANNA) for name, plan in plans.items()]
    drawn = calendar(made, "2025-01-11")
    assert [(one.name, one.whole, one.meets) for one in drawn.rows] == [
        ("early", (0, 500), ((250, 250),)), ("late", (250, 750), ((250, 250),)), ("apart", (750, 250), ()),
    ]  # fmt: skip
    assert drawn.today == 500
    assert calendar(made, "2025-02-01").today is None
    assert calendar((), "2025-02-01").rows == ()


def test_a_pause_another_revision_and_a_stop_leave_its_limits_dealt_as_they_were(park: Store) -> None:
    def dealt() -> tuple[str, ...]:
        with park.reading() as tx:
            (offer,) = bundles.draft_in_force(tx, SITE).bundle.offers
        return offer.dealt

    def moved(step: Callable[..., object], **said: object) -> None:
        with park.transaction() as tx:
            step(tx, SITE, NAME, **said)

    first = a_device(park, SITE, points=())[0].id
    plan = a_plan({"caps": (Cap(most=0, everywhere=2),)})
    scheduled(park, NAME, plan)
    a_device(park, SITE, points=())
    moved(life.pause, by=ANNA)
    moved(life.schedule, by=ANNA)
    assert dealt() == (first,)
    scheduled(park, NAME, a_plan({"caps": (Cap(most=0, everywhere=3),)}))
    assert dealt() == (first,)
    with park.transaction() as tx:
        life.stop_all(tx, SITE, by=ANNA)
    moved(life.schedule, by=ANNA)
    assert dealt() == (first,)


def test_whoever_deals_to_nobody_is_warned_before_it_is_published(park: Store) -> None:
    with park.transaction() as tx:
        made = life.make(tx, SITE, NAME, plan=a_plan({"caps": (Cap(most=0, everywhere=2),)}), by=ANNA)
        told = checks.warnings(tx, SITE, made)
        assert [one for one in told if "nobody would see it" in one]
    a_device(park, SITE, points=())
    with park.reading() as tx:
        assert not [one for one in checks.warnings(tx, SITE, made) if "nobody would see it" in one]
