"""A coupon made anew: asked, voided by its home, and only then given; used, over, away, gone, forgotten."""

from __future__ import annotations

import pytest

from edge import carried
from edge.core.events import Kind
from edge.core.offers import Effect
from edge.core.offers.anew import Became
from edge.errors import Refused, Unknown
from sync.central.care import anew, cases, held, instead
from sync.central.care.anew import State
from sync.central.care.goodwill import Gift
from sync.central.machines import devices
from sync.central.machines.voice import voice
from sync.central.money import policy as policies
from sync.central.money import topups
from sync.central.money.policy import Policy
from sync.central.offers import bundles
from sync.central.registry import members, wallets
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settling import vouchers
from sync.central.store import Connection, Store, now_of
from sync.signing import public_half
from tests.service.offered import an_offer
from tests.sync.builders import NOW_MS, SITE
from tests.sync.care.anew import GUEST, LAST, OFFER, OLD, Counter, made_over


@pytest.fixture
def counter(store: Store) -> Counter:
    return Counter(store)


@pytest.fixture
def small(small_store: Store) -> Counter:
    return Counter(small_store)


def gives(counter: Counter, minor: int = 500, op: str = "good") -> anew.Ask:
    with counter.store.transaction() as tx:
        return instead.give(tx, SITE, "a-1", gift=Gift(op=op, minor=minor, by="carla"))


def takes_back(counter: Counter) -> anew.Ask:
    with counter.store.transaction() as tx:
        return anew.take_back(tx, SITE, "a-1", by="carla")


def test_nothing_is_made_before_its_home_has_voided_it_and_then_one_is(counter: Counter) -> None:
    asked = counter.ask()
    (told,) = counter.feed()
    assert (told.home, told.to, told.exposure) == (counter.home.id, counter.shop.id, OLD)
    assert (asked.state, asked.code, counter.codes()) == (State.WAITING, "", set())
    counter.answers()
    now = counter.must()
    made = made_over(now.code)
    assert (now.state, made.home, made.to) == (State.ISSUED, carried.CENTRAL, counter.shop.id)
    assert (made.promise.offer.id, made.promise.until, made.promise.bundle) == (OFFER, LAST, 1)
    assert made.exposure not in (OLD, "")
    with counter.store.transaction() as tx:
        key = public_half(voice(tx, SITE).private_key)
    assert carried.read(now.code).is_by(key)  # type: ignore[union-attr]  # it was read above
    assert counter.feed() == []
    assert counter.words(asked.case) == ["coupon_asked", "coupon_anew"]
    assert counter.diary() == ["issued", "waiting"]
    old, new = counter.holds(), counter.holds(made.exposure)
    assert old is not None
    assert new is not None
    assert (old.state, new.state, new.home, new.handed) == ("over", "open", counter.shop.id, True)


def test_whoever_hears_of_coupons_hears_of_it_once(small: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str, int]] = []

    def hear(tx: Connection, site: str, guest: str, *, kind: str, units: int) -> None:
        assert (tx.closed, site) == (False, SITE)
        told.append((guest, kind, units))

    monkeypatch.setattr(vouchers, "GIVEN", [hear])
    small.ask()
    (asked,) = small.feed()
    for _ in range(2):
        small.answers(asked=asked)
    assert told == [(GUEST, "offer:summer", 1)]


def test_sent_twice_it_is_one_ask_and_one_coupon_and_for_something_else_it_is_refused(small: Counter) -> None:
    asked = small.ask()
    assert small.ask(case=asked.case) == asked
    with pytest.raises(Refused, match="something else"):
        small.ask(case=asked.case, to=small.home.id)
    with pytest.raises(Refused, match="asked already"):
        small.ask("a-2", case=asked.case)
    (told,) = small.feed()
    small.answers()
    small.answers(asked=told)
    with pytest.raises(Unknown):
        small.ask("a-3", case=asked.case)
    assert len(small.codes()) == 1
    assert small.diary() == ["issued", "waiting"]


def test_used_meanwhile_the_ask_ends_with_where_and_when(counter: Counter) -> None:
    asked = counter.ask()
    counter.answers(Became.USED, point="bar", at_ms=NOW_MS - 60_000)
    now = counter.must()
    assert (now.state, now.point, now.used_ms, now.code) == (State.USED, "bar", NOW_MS - 60_000, "")
    assert counter.words(asked.case) == ["coupon_asked", "coupon_used"]
    assert counter.diary() == ["used", "waiting"]
    counter.took(kind=Kind.OFFER_RETURNED)
    assert counter.ask("a-2", case=asked.case).state is State.WAITING, (
        "the basket was given up: it is open again"
    )


def test_what_had_ended_is_not_made_anew(small: Counter) -> None:
    asked = small.ask()
    small.answers(Became.OVER)
    assert (small.must().state, small.codes()) == (State.OVER, set())
    assert small.words(asked.case)[-1] == "coupon_over"


def test_one_that_expires_while_its_home_is_away_is_not_made_anew(small: Counter) -> None:
    small.ask()
    small.answers(until="2001-01-01")
    assert (small.must().state, small.codes(), small.feed()) == (State.OVER, set(), [])


def test_a_campaign_that_ended_takes_nothing_from_a_coupon_that_was_given(small: Counter) -> None:
    small.ask()
    with small.store.transaction() as tx:
        bundles.stop(tx, SITE, by="olga")
    small.answers()
    assert small.must().state is State.ISSUED


def test_taken_back_before_its_home_hears_nothing_is_voided_and_after_it_the_guest_has_another(
    counter: Counter,
) -> None:
    counter.ask()
    (told,) = counter.feed()
    assert takes_back(counter).state is State.TAKEN_BACK
    assert takes_back(counter).state is State.TAKEN_BACK
    assert counter.feed() == []
    counter.answers(asked=told)  # its word was under way
    assert counter.must().state is State.ISSUED
    assert len(counter.codes()) == 1


def test_an_ask_taken_back_and_made_again_gives_one_whichever_answer_comes(small: Counter) -> None:
    asked = small.ask()
    (first,) = small.feed()
    takes_back(small)
    small.ask("a-2", case=asked.case, to=small.home.id)
    (second,) = small.feed()
    for told in (first, second, second, first):
        small.answers(asked=told)
    assert [small.must("a-1").state, small.must("a-2").state] == [State.ISSUED, State.OVER]
    assert len(small.codes()) == 1


def test_goodwill_in_its_place_counts_as_all_goodwill_does_and_nobody_has_both(counter: Counter) -> None:
    asked = counter.ask()
    with counter.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(goodwill_minor=1_000))
    assert gives(counter).state is State.MADE_GOOD
    assert gives(counter).state is State.MADE_GOOD
    with counter.store.reading() as tx:
        assert cases.must_find(tx, SITE, asked.case).given_minor == 500
    (told,) = counter.feed()
    assert told.exposure == OLD, "the old one is voided all the same when its home is back"
    counter.answers()
    assert (counter.must().state, counter.codes(), counter.feed()) == (State.MADE_GOOD, set(), [])
    with pytest.raises(Unknown):
        counter.ask("a-2", case=asked.case)
    assert counter.words(asked.case) == [
        "coupon_asked",
        "goodwill_given",
        "coupon_made_good",
        "coupon_voided",
    ]


def test_above_the_limit_without_a_wallet_nothing_is_given(small: Counter) -> None:
    small.ask()
    with small.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(goodwill_minor=400))
    with pytest.raises(Refused, match="no wallet"):
        gives(small)
    assert small.must().state is State.WAITING


@pytest.mark.parametrize("void_first", [True, False])
def test_what_a_second_person_refuses_has_taken_no_coupons_place(counter: Counter, void_first: bool) -> None:
    asked = counter.ask()
    with counter.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(goodwill_minor=400))
        wallets.create(tx, SITE, Wallet(id="w1", currency="EUR"))
        members.join(tx, SITE, Member(guest=GUEST, wallet="w1", head=True))
    assert gives(counter).state is State.MADE_GOOD
    (told,) = counter.feed()
    if void_first:
        counter.answers()
    with pytest.raises(Refused, match="goodwill"):
        counter.ask("a-2", case=asked.case)
    with counter.store.transaction() as tx:
        (waits,) = topups.topups(tx, SITE, waiting=True)
        topups.rule(tx, SITE, waits.id, by="otto", given=False)
    counter.ask("a-2", case=asked.case)
    counter.answers(asked=counter.feed()[-1])
    if not void_first:
        counter.answers(asked=told)
    assert [counter.must("a-1").code, counter.must("a-2").state] == ["", State.ISSUED]
    assert len(counter.codes()) == 1


def test_goodwill_for_what_was_used_after_all_says_so(small: Counter) -> None:
    asked = small.ask()
    with small.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(goodwill_minor=1_000))
    gives(small)
    small.answers(Became.USED, point="bar", at_ms=NOW_MS)
    assert (small.must().state, small.must().used_ms) == (State.MADE_GOOD, NOW_MS)
    assert small.words(asked.case)[-1] == "coupon_used"


def test_a_home_that_is_gone_for_good_is_not_asked_and_one_that_goes_meanwhile_is_shown(
    small: Counter,
) -> None:
    asked = small.ask()
    with small.store.transaction() as tx:
        devices.revoke(tx, SITE, small.home.id)
        assert anew.is_gone(tx, SITE, small.home.id)
    takes_back(small)
    with pytest.raises(Refused, match="is gone"):
        small.ask("a-2", case=asked.case)


def test_what_went_to_another_till_is_asked_for_there(counter: Counter) -> None:
    asked = counter.ask()
    counter.answers(Became.SENT, to=counter.shop.id)
    (told,) = counter.feed()
    assert (told.home, told.handed, told.id) == (counter.shop.id, True, asked.id)
    assert counter.must().state is State.WAITING
    there = counter.holds()
    assert there is not None
    assert (there.home, there.handed) == (counter.shop.id, True)
    counter.answers(asked=told)  # no longer its home's to say
    assert counter.codes() == set()


def test_nobody_but_its_home_says_what_became_of_it(small: Counter) -> None:
    with small.store.transaction() as tx:
        held.move(tx, SITE, OLD, home=small.shop.id)
    small.ask()
    small.answers()
    small.took(kind=Kind.OFFER_REDEEMED, op_id="b-9")
    assert (small.must().state, small.codes()) == (State.WAITING, set())
    kept = small.holds()
    assert kept is not None
    assert kept.state == "open"


def test_a_purchase_that_goes_back_takes_the_new_one_along(counter: Counter) -> None:
    asked = counter.ask(to=counter.home.id)
    counter.answers()
    new = made_over(counter.must().code).exposure
    counter.took(kind=Kind.OFFER_DECLINED)
    counter.took(kind=Kind.OFFER_DECLINED)
    assert (counter.must().state, counter.codes()) == (State.ENDED, set())
    (told,) = counter.feed()
    assert (told.exposure, told.home, told.handed) == (new, counter.home.id, True)
    counter.answers()
    assert (counter.codes(), counter.feed()) == (set(), [])
    assert "coupon_ended" in counter.words(asked.case)


def test_a_purchase_that_goes_back_takes_along_what_was_made_anew_of_the_new_one(counter: Counter) -> None:
    asked = counter.ask(to=counter.home.id)
    counter.answers()
    counter.ask("a-2", made_over(counter.must().code).exposure, case=asked.case)
    counter.answers()
    last = made_over(counter.must("a-2").code).exposure
    counter.took(kind=Kind.OFFER_DECLINED)
    assert counter.must("a-2").state is State.ENDED
    (told,) = counter.feed()
    assert (told.exposure, told.home, told.handed) == (last, counter.shop.id, True)


def test_a_use_that_its_home_dates_beyond_all_calendars_is_shown_as_of_now(small: Counter) -> None:
    small.ask()
    small.answers(Became.USED, point="bar", at_ms=2**63)
    with small.store.reading() as tx:
        assert small.must().used_ms <= now_of(tx)


def test_the_new_one_can_be_made_anew_where_it_is_good(small: Counter) -> None:
    asked = small.ask(to=small.home.id)
    small.answers()
    first = made_over(small.must().code)
    small.ask("a-2", first.exposure, case=asked.case)
    (told,) = small.feed()
    assert (told.handed, told.until, told.home) == (True, LAST, small.home.id)
    small.answers()
    second = made_over(small.must("a-2").code)
    assert len({OLD, first.exposure, second.exposure}) == 3


def test_what_only_a_band_can_use_and_what_is_not_the_guests_is_not_made_anew(small_store: Store) -> None:
    counter = Counter(small_store, an_offer(points_earned=10))
    with pytest.raises(Refused, match="band alone"):
        counter.ask()
    counter.took("e-other.0", guest="g-other")
    with pytest.raises(Unknown):
        counter.ask("a-2", "e-other.0")


def test_an_old_one_is_not_voided_for_a_code_that_no_till_would_read(small_store: Store) -> None:
    every = tuple(f"article-number-{number:03}" for number in range(60))
    counter = Counter(small_store, an_offer(effect=Effect(off_minor=150, articles=every, units=1)))
    with pytest.raises(Refused, match="too many things"):
        counter.ask()
    assert (counter.stands(), counter.feed()) == (None, [])


def test_it_can_only_be_good_at_a_till_that_there_is(small: Counter) -> None:
    with pytest.raises(Unknown, match="no such till"):
        small.ask(to="edge-nowhere")


def test_a_strangers_is_made_anew_by_the_receipt_that_brought_it(small: Counter) -> None:
    small.took("e-paper.0", guest=None, op_id="op-till-1")
    case = small.case("c-2", guest="", ref="op-till-1")
    small.ask("a-9", "e-paper.0", case=case.id)
    small.answers()
    now = small.must("a-9")
    assert (now.state, now.guest) == (State.ISSUED, "")
    assert small.words(case.id) == ["coupon_asked", "coupon_anew"]
