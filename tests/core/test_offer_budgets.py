"""Budgets and caps over stores that are cut off: slices are leases, so that nothing is ever overspent."""

from __future__ import annotations

import random
from typing import Any

import pytest

from edge.core.lease import (
    Grant,
    Lease,
    Placed,
    Refusal,
    Want,
    give_back,
    place,
    ready,
    report_of,
    spend,
    take_grant,
    take_report,
)  # fmt: skip
from edge.core.offers import (
    Budget,
    Cap,
    Count,
    Counted,
    Effect,
    Level,
    Span,
    Unit,
    applied,
    choose,
)  # fmt: skip
from tests.core.offered import a_line, an_occasion, an_offer

BUDGET_MINOR, EACH_MINOR, CAP = 3_000, 250, 2
POT = "campaign"
TTL_S = 3_600
OFFER = an_offer(
    effect=Effect(level=Level.BASKET, percent=20),
    budget=Budget(id=POT, unit=Unit.MONEY, each=EACH_MINOR),
    caps=(Cap(counted=Counted.REDEEMED, span=Span.CAMPAIGN, most=CAP),),
)


class Town:
    """Stores, a central and guests who go between them, as a seed has it; any message may be lost."""

    def __init__(self, seed: int, *, leased: bool = True) -> None:
        self.draw = random.Random(seed)  # noqa: S311  # towns to be had again
        self.stores = [f"store-{n}" for n in range(self.draw.randrange(2, 6))]
        self.guests = [f"guest-{n}" for n in range(6)]
        self.leased = leased
        self.now_ms = 0
        self.cut_off: set[str] = set()
        self.leases: dict[tuple[str, str], Lease] = {}
        self.placed: dict[tuple[str, str], Placed] = {}
        self.spent_minor = 0
        self.redeemed: dict[tuple[str, str], int] = {}

    def live(self, steps: int) -> None:
        """Let things happen."""
        for _ in range(steps):
            self.now_ms += self.draw.randrange(120_000)
            store = self.draw.choice(self.stores)
            deed = self.draw.choice((self.turn, self.sync, self.sell, self.sell, self.sell))
            deed(store)

    def turn(self, store: str) -> None:
        """Cut a store off, or join it again."""
        self.cut_off ^= {store}

    def sync(self, store: str) -> None:
        """Give back what is unused, tell the totals, ask for more; some of it is lost on its way."""
        if store in self.cut_off:
            return
        for wallet in (POT, *self.guests):
            lease = self.leases.get((store, wallet))
            if lease is not None and lease.spendable > 1 and self.draw.random() < 0.3:
                lease = self.leases[store, wallet] = _sure(give_back(lease, lease.spendable // 2))
            if lease is not None and self.draw.random() < 0.7:
                self.placed[store, wallet] = _sure(take_report(self.placed[store, wallet], report_of(lease)))
            self._ask(store, Want(wallet=wallet, total=EACH_MINOR * 2 if wallet == POT else 1))

    def _ask(self, store: str, want: Want) -> None:
        key, whole = (store, want.wallet), BUDGET_MINOR if want.wallet == POT else CAP
        known = self.placed.get(key) or Placed(
            lease="-".join(key), wallet=want.wallet, kind="gift", unit="EUR", device=store, incarnation=1
        )
        others = [one for other, one in self.placed.items() if other != key and one.wallet == want.wallet]
        total = known.counters.granted + want.total
        placed = place(known, total, confirmed=whole, others=others, doubt_ms=0)
        if isinstance(placed, Refusal):
            return
        self.placed[key] = placed
        grant = Grant(
            lease=placed.lease, wallet=placed.wallet, kind="gift", unit="EUR", device=store, incarnation=1,
            total=placed.counters.granted, ttl_s=TTL_S, serial=self.now_ms,
        )  # fmt: skip
        if self.draw.random() < 0.8:
            self.leases[key] = _sure(take_grant(self.leases.get(key), grant, asked_ms=self.now_ms))

    def sell(self, store: str) -> None:
        """A guest fills a basket, is offered what may be offered, and takes it."""
        guest = self.draw.choice(self.guests)
        lines = (a_line(price_minor=self.draw.randrange(100, 3_000)), a_line("water", 90))
        here = self.redeemed.get((store, guest), 0)
        count = Count(
            offer="a", counted=Counted.REDEEMED, span=Span.CAMPAIGN, here=here,
            allowed=here + self._left(store, guest) if self.leased else None,
        )  # fmt: skip
        left_minor = self._left(store, POT) if self.leased else BUDGET_MINOR
        occasion = an_occasion(OFFER, guest=guest, lines=lines, counts=(count,), slices={POT: left_minor})
        if choose(occasion).winner != "a":
            return
        self._redeem(store, guest, applied(lines, (OFFER,))[0].minor)

    def _left(self, store: str, wallet: str) -> int:
        lease = self.leases.get((store, wallet))
        return 0 if lease is None else ready(lease, self.now_ms)

    def _redeem(self, store: str, guest: str, minor: int) -> None:
        if self.leased:
            for wallet, amount in ((POT, minor), (guest, 1)):
                self.leases[store, wallet] = _sure(
                    spend(self.leases[store, wallet], amount, now_ms=self.now_ms)
                )
        self.spent_minor += minor
        self.redeemed[store, guest] = self.redeemed.get((store, guest), 0) + 1

    @property
    def most_by_one_guest(self) -> int:
        """How often the guest who redeemed most did so, in all stores together."""
        return max(sum(n for (_, one), n in self.redeemed.items() if one == guest) for guest in self.guests)


def _sure(found: Any) -> Any:
    assert not isinstance(found, Refusal), found
    return found


def lived(seed: int, *, leased: bool = True) -> Town:
    town = Town(seed, leased=leased)
    town.live(60)
    return town


def holds(seeds: range) -> None:
    sold = 0
    for seed in seeds:
        town = lived(seed)
        assert town.spent_minor <= BUDGET_MINOR, seed
        assert town.most_by_one_guest <= CAP, seed
        sold += town.spent_minor
    assert sold > 500 * len(seeds), "somebody must have redeemed something"


def test_no_budget_is_overspent_and_no_cap_broken_by_stores_that_are_cut_off() -> None:
    holds(range(40))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_no_budget_is_overspent_and_no_cap_broken_in_a_thousand_towns() -> None:
    holds(range(1_000, 2_000))


def test_without_leases_the_same_towns_overspend_and_break_caps() -> None:
    towns = [lived(seed, leased=False) for seed in range(10)]
    assert max(town.spent_minor for town in towns) > BUDGET_MINOR
    assert max(town.most_by_one_guest for town in towns) > CAP
