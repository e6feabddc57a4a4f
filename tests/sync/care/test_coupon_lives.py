"""Coupons made anew in lives that go another way: erased, merged, restored, closed, old, and by dice."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest
from msgspec.structs import replace

from edge.core.offers.anew import Became
from edge.core.retention import DAY_MS
from edge.errors import Refused, Unknown
from sync.central.care import anew, cases, held, instead
from sync.central.care.anew import State
from sync.central.care.case import Step, Told
from sync.central.care.goodwill import Gift
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.privacy import erasure
from sync.central.registry import guests, links
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.portions import sample_and_whole
from tests.sync.builders import NOW_MS, SITE
from tests.sync.care.anew import GUEST, Counter

USED_SHARE, STEPS = 0.3, 8


@pytest.fixture
def counter(store: Store) -> Counter:
    return Counter(store)


@pytest.fixture
def small(small_store: Store) -> Counter:
    return Counter(small_store)


def test_whoever_is_erased_while_its_home_is_away_leaves_nothing_and_gets_nothing(counter: Counter) -> None:
    asked = counter.ask()
    (told,) = counter.feed()
    with counter.store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    assert (counter.stands(), counter.holds(), counter.feed()) == (None, None, [])
    counter.answers(asked=told)
    assert (counter.stands(), counter.codes()) == (None, set())
    with counter.store.reading() as tx:
        assert GUEST not in {one.links.guest for one in [cases.must_find(tx, SITE, asked.case)]}


def test_a_guest_who_became_one_with_another_has_both_ones_coupons(small: Counter) -> None:
    with small.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g2")])
        links.join(tx, SITE, GUEST, head="g2")
    case = small.case("c-2", guest="g2")
    small.ask(case=case.id)
    small.answers()
    assert small.must().state is State.ISSUED
    with small.store.reading() as tx:
        people = links.together(tx, SITE, ["g2"])
        assert [one.id for one in anew.of_guests(tx, SITE, people)] == ["a-1"]


def test_a_central_that_was_put_back_to_before_it_asked_makes_the_one_that_is_owed(small: Counter) -> None:
    case = small.case()
    asked = small.ask(case=case.id)
    (told,) = small.feed()
    with small.store.transaction() as tx:
        tx.execute(anew.anew_table.delete())
    small.answers(asked=told)
    now = small.must()
    assert (now.state, now.case, now.to) == (State.ISSUED, asked.case, small.shop.id)
    small.answers(asked=replace(told, id="a-unknown", case="NOCASE"))
    assert len(small.codes()) == 1


def test_a_closed_case_hears_no_more_and_the_guest_has_the_coupon_all_the_same(small: Counter) -> None:
    asked = small.ask()
    with small.store.transaction() as tx:
        end = Told(op="end", step=Step.CLOSED, at_ms=NOW_MS, word="put_right")
        cases.tell(tx, SITE, asked.case, told=end)
    small.answers()
    assert small.must().state is State.ISSUED
    assert small.diary() == ["issued", "waiting"]


def test_what_devices_told_long_ago_is_forgotten(small: Counter) -> None:
    small.ask()
    small.answers()
    with small.store.transaction() as tx:
        gone = (anew.delete_before(tx, NOW_MS + DAY_MS), held.delete_before(tx, NOW_MS + DAY_MS))
    assert gone == (1, 2)
    assert (small.stands(), small.holds()) == (None, None)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", sample_and_whole(30, 1_000))
def test_in_whatever_order_words_come_at_most_one_is_given_and_never_before_the_old_one_is_void(
    small: Counter, seeds: int
) -> None:
    """Asks, withdrawals, goodwill and words told again, each schedule by its seed."""
    case = small.case()
    with small.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(goodwill_minor=10_000_000))
    for seed in range(seeds):
        life = Life(small, case.id, seed)
        every = life.lived()
        given = [one for one in every if one.code]
        assert len(given) <= 1, seed
        assert life.void or not given, seed
        assert not (given and any(one.state is State.MADE_GOOD for one in every)), seed


class Life:
    """One coupon's asks, by one seed."""

    def __init__(self, counter: Counter, case: str, seed: int) -> None:
        self.counter, self.case, self.seed, self.old = counter, case, seed, f"e-{seed}.0"
        self.dice = random.Random(seed)  # noqa: S311  # a schedule, to be played again
        self.used, self.void, self.asked = self.dice.random() < USED_SHARE, False, list[str]()
        counter.took(self.old)

    def lived(self) -> tuple[anew.Ask, ...]:
        for number in range(STEPS):
            self.dice.choice((self.ask, self.back, self.good, self.answer, self.answer))(number)
        with self.counter.store.reading() as tx:
            return anew.of_coupon(tx, SITE, self.old)

    def ask(self, number: int) -> None:
        op, to = f"s{self.seed}-{number}", self.dice.choice([self.counter.home.id, self.counter.shop.id])
        if _tried(partial(self.counter.ask, op, self.old, case=self.case, to=to)):
            self.asked.append(op)

    def back(self, _: int) -> None:
        for op in self.asked[-1:]:
            with self.counter.store.transaction() as tx:
                anew.take_back(tx, SITE, op, by="carla")

    def good(self, _: int) -> None:
        for op in self.asked[-1:]:
            _tried(partial(_good, self.counter, op))

    def answer(self, _: int) -> None:
        """Its home answers once for each ask that it was told of, perhaps when that was withdrawn."""
        for told in [one for one in self.counter.feed() if one.exposure == self.old][:1]:
            if self.dice.random() < USED_SHARE:
                self.back(0)
            self.counter.answers(Became.USED if self.used else Became.VOIDED, asked=told)
            self.void = self.void or not self.used


def _good(counter: Counter, op: str) -> None:
    with counter.store.transaction() as tx:
        instead.give(tx, SITE, op, gift=Gift(op=f"g-{op}", minor=1, by="carla"))


def _tried(act: Callable[[], object]) -> bool:
    try:
        act()
    except (Refused, Unknown):
        return False
    return True
