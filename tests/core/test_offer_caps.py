"""Caps of how often a guest sees an offer, over stores that are cut off and tell each other when they can."""

from __future__ import annotations

import random

import pytest

from edge.core.offers import Cap, Count, Counted, Effect, Span, choose
from edge.core.offers.elsewhere import Times, Totals, added, summed
from tests.core.offered import an_occasion, an_offer

MOST, STEPS, DAYS, WEEK_DAYS = 2, 60, 9, 7
SHOWN = Counted.SHOWN
CAPS = tuple(Cap(counted=SHOWN, span=span, most=most) for span, most in ((Span.DAY, MOST), (Span.WEEK, 5)))
OFFER = an_offer(effect=Effect(percent=10), caps=CAPS)


class Town:
    """Stores that show one offer to guests who go between them, and a central that adds up what it hears."""

    def __init__(self, seed: int, *, cut: bool = True, deaf: bool = False) -> None:
        self.draw = random.Random(seed)  # noqa: S311  # towns to be had again
        self.stores = [f"store-{n}" for n in range(self.draw.randrange(2, 6))]
        self.guests = [f"guest-{n}" for n in range(4)]
        self.cut, self.deaf = cut, deaf
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
                elsewhere=there.get(("a", SHOWN, span), 0),
            )
            for span, days in ((Span.DAY, 1), (Span.WEEK, WEEK_DAYS))
        ]  # fmt: skip
        if choose(an_occasion(OFFER, guest=guest, counts=tuple(counts))).winner != "a":
            return
        assert all(one.here + one.elsewhere < cap.most for one, cap in zip(counts, CAPS, strict=True))
        self.shown[store, guest, day] = self.shown.get((store, guest, day), 0) + 1
        self.unsaid[store].append((guest, Times("a", SHOWN, day)))

    def here(self, store: str, guest: str, day: int, days: int) -> int:
        """Return how often this store showed it within so many days."""
        return sum(self.shown.get((store, guest, day - back), 0) for back in range(days))

    @property
    def most_on_a_day(self) -> int:
        """How often the guest who saw it most on one day saw it, in all stores together."""
        seen = [
            sum(self.shown.get((store, guest, day), 0) for store in self.stores)
            for guest in self.guests
            for day in range(DAYS)
        ]
        return max(seen)


def lived(seed: int, *, cut: bool = True, deaf: bool = False) -> Town:
    town = Town(seed, cut=cut, deaf=deaf)
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
