"""Caps of how often a guest sees an offer, over stores that are cut off and tell each other when they can."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.core.offers import Cap, Count, Counted, Effect, Offer, Span, choose
from edge.core.offers.dealing import share
from edge.core.offers.elsewhere import Times, Totals, added, summed
from tests.core.offered import an_occasion, an_offer
from tests.core.strategies import LAWS

MOST, STEPS, DAYS, WEEK_DAYS = 2, 60, 9, 7
SHOWN = Counted.SHOWN
CAPS = tuple(Cap(counted=SHOWN, span=span, most=most) for span, most in ((Span.DAY, MOST), (Span.WEEK, 5)))
OFFER = an_offer(effect=Effect(percent=10), caps=CAPS)
EVERYWHERE = tuple(Cap(counted=SHOWN, span=cap.span, most=0, everywhere=cap.most) for cap in CAPS)


class Town:
    """Stores that show one offer to guests who go between them, and a central that adds up what it hears."""

    def __init__(
        self, seed: int, *, cut: bool = True, deaf: bool = False, dealt: Dealt | None = None
    ) -> None:
        self.draw = random.Random(seed)  # noqa: S311  # towns to be had again
        self.stores = [f"store-{n}" for n in range(self.draw.randrange(2, 6))]
        self.guests = [f"guest-{n}" for n in range(4)]
        self.cut, self.deaf, self.dealt = cut, deaf, dealt
        self.offer = OFFER if dealt is None else dealt(self.stores)
        self.away: set[str] = set()
        self.unsaid: dict[str, list[tuple[str, Times]]] = {store: [] for store in self.stores}
        self.central: dict[str, Totals] = {guest: {} for guest in self.guests}
        self.known: dict[str, dict[str, Totals]] = {store: {} for store in self.stores}
        self.shown: dict[tuple[str, str, int], int] = {}

    def live(self) -> None:
        """Let days pass in which stores are cut off, come back, and show what may be shown."""
        for day in sorted(self.draw.randrange(DAYS) for _ in range(STEPS)):
            store = self.draw.choice(self.stores)
            if self.cut and self.draw.random() < 0.3:
                self.away ^= {store}
            for one in self.stores:
                self.tell(one)
            self.hear(store)
            self.show(store, self.draw.choice(self.guests), day)

    def tell(self, store: str) -> None:
        """Bring central what it has not heard, if it can be reached."""
        if store in self.away:
            return
        for guest, one in self.unsaid[store]:
            self.central[guest] = added(self.central[guest], [one], device=store)
        self.unsaid[store].clear()

    def hear(self, store: str) -> None:
        """Learn of all others, if central can be reached."""
        if store in self.away or self.deaf:
            return
        for guest, totals in self.central.items():
            self.known[store][guest] = {name: there for name, there in totals.items() if name != store}

    def show(self, store: str, guest: str, day: int) -> None:
        """Show the offer to a guest where its caps let it, and count it here."""
        there = summed(self.known[store].get(guest, {}), day=day)
        counts = [
            Count(
                offer="a", counted=SHOWN, span=span, here=self.here(store, guest, day, days),
                elsewhere=there.get(("a", SHOWN, span), 0), allowed=self.allowed(cap, store, guest, day),
            )
            for cap, span, days in zip(self.offer.caps, (Span.DAY, Span.WEEK), (1, WEEK_DAYS), strict=True)
        ]  # fmt: skip
        if choose(an_occasion(self.offer, guest=guest, counts=tuple(counts))).winner != "a":
            return
        assert all(one.here + one.elsewhere < cap.most for one, cap in zip(counts, CAPS, strict=True))
        self.shown[store, guest, day] = self.shown.get((store, guest, day), 0) + 1
        self.unsaid[store].append((guest, Times("a", SHOWN, day)))

    def allowed(self, cap: Cap, store: str, guest: str, day: int) -> int | None:
        """Return how many are this store's own, of a cap that holds everywhere."""
        return share(self.offer, cap, device=store, guest=guest, day=day) if cap.everywhere else None

    def here(self, store: str, guest: str, day: int, days: int) -> int:
        """Return how often this store showed it within so many days."""
        return sum(self.shown.get((store, guest, day - back), 0) for back in range(days))

    @property
    def most_on_a_day(self) -> int:
        """How often the guest who saw it most on one day saw it, in all stores together."""
        return self.most_in(1)

    def most_in(self, days: int) -> int:
        """How often the guest who saw it most within so many days saw it, in all stores together."""
        return max(
            sum(self.here(store, guest, day, days) for store in self.stores)
            for guest in self.guests
            for day in range(DAYS)
        )


Dealt = Callable[[list[str]], Offer]
"""What makes an offer whose caps hold everywhere out of the stores of a town."""


def to_all(stores: list[str]) -> Offer:
    """Deal the caps among all stores of a town."""
    return replace(OFFER, caps=EVERYWHERE, dealt=tuple(stores))


def lived(seed: int, *, cut: bool = True, deaf: bool = False, dealt: Dealt | None = None) -> Town:
    town = Town(seed, cut=cut, deaf=deaf, dealt=dealt)
    town.live()
    return town


def holds(seeds: range) -> None:
    """None is broken by what a store knew; who is cut off knows itself alone, and has the cap once."""
    for seed in seeds:
        joined, apart = lived(seed, cut=False), lived(seed)
        assert joined.most_on_a_day <= MOST, seed
        assert apart.most_on_a_day <= MOST * len(apart.stores), seed
        assert max(apart.shown.values()) <= MOST, (seed, "one store never breaks it, whatever it hears")
        assert sum(joined.shown.values()) > STEPS // 3, (seed, "the cap must have let something be shown")


def test_no_cap_is_broken_by_what_a_store_knew_and_who_is_cut_off_has_it_once() -> None:
    holds(range(40))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_no_cap_is_broken_by_what_a_store_knew_in_a_thousand_towns() -> None:
    holds(range(1_000, 2_000))


def test_stores_that_hear_of_nobody_break_the_cap_in_the_same_towns() -> None:
    assert max(lived(seed, cut=False, deaf=True).most_on_a_day for seed in range(40)) > MOST


def hold_everywhere(seeds: range) -> None:
    """Broken by nobody, by stores that come and go as by those that hear nothing."""
    shown = 0
    for seed in seeds:
        for town in (lived(seed, dealt=to_all), lived(seed, deaf=True, dealt=to_all)):
            assert town.most_on_a_day <= MOST, seed
            assert town.most_in(WEEK_DAYS) <= EVERYWHERE[1].everywhere, seed
            shown += sum(town.shown.values())
    assert shown > 10 * len(seeds), "the caps must have let something be shown"


def test_caps_that_hold_everywhere_are_broken_by_no_store_that_is_cut_off() -> None:
    hold_everywhere(range(40))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_caps_that_hold_everywhere_are_broken_in_none_of_a_thousand_towns() -> None:
    hold_everywhere(range(1_000, 2_000))


def test_a_cap_of_which_each_store_has_every_slot_is_broken_in_the_same_towns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Town, "allowed", lambda _, cap, *__: cap.everywhere)
    assert max(lived(seed, deaf=True, dealt=to_all).most_on_a_day for seed in range(10)) > MOST


def test_a_week_that_is_dealt_anew_each_day_is_broken_in_the_same_towns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def anew(town: Town, cap: Cap, store: str, guest: str, day: int) -> int:
        return share(town.offer, replace(cap, span=Span.DAY), device=store, guest=guest, day=day)

    monkeypatch.setattr(Town, "allowed", anew)
    towns = [lived(seed, deaf=True, dealt=to_all) for seed in range(40)]
    assert max(town.most_on_a_day for town in towns) <= MOST
    assert max(town.most_in(WEEK_DAYS) for town in towns) > EVERYWHERE[1].everywhere


@LAWS
@given(
    stores=st.integers(1, 40),
    spans=st.sampled_from([(Span.DAY, 1), (Span.WEEK, WEEK_DAYS), (Span.CAMPAIGN, 10**6)]),
    most=st.integers(1, 5),
    visits=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 30)), max_size=60),
)
def test_any_number_of_stores_that_never_hear_of_each_other_keep_it_on_any_days(
    stores: int, spans: tuple[Span, int], most: int, visits: list[tuple[int, int]]
) -> None:
    """Nobody tells anybody anything, so only the order within a store counts; its clock never goes back."""
    span, days = spans
    names = tuple(f"store-{n}" for n in range(stores))
    offer = replace(OFFER, caps=(Cap(span=span, most=0, everywhere=most),), dealt=names)
    shown: list[tuple[str, int]] = []
    greedy = ((n, day) for day in (3, 9, 10) for n in range(stores) for _ in range(2))
    for number, day in sorted([*visits, *greedy], key=lambda visit: visit[1]):
        store = names[number % stores]
        here = sum(one == store and day - days < at for one, at in shown)
        own = share(offer, offer.caps[0], device=store, guest="g-1", day=day)
        count = Count(offer="a", counted=SHOWN, span=span, here=here, allowed=own)
        if choose(an_occasion(offer, guest="g-1", counts=(count,))).winner == "a":
            shown.append((store, day))
    assert shown
    for day in range(31):
        assert sum(day - days < at <= day for _, at in shown) <= most
