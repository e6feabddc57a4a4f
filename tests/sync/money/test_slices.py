"""The loss budget lies at the tills before an outage, and is never exceeded whatever happens (I11)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import msgspec
import pytest

from edge.core.lease import Lease, LeaseState, Refusal, report_of
from edge.core.lease import child as edge_end
from edge.core.payment import Leg, Tender
from edge.core.wallet import MandateNote, MandateState
from sync.central.accounting import sums
from sync.central.money import choosing
from sync.central.money.ledger import Entry, Posting, balance, post
from sync.central.money.placed import PlacedRow, of_wallet
from sync.central.money.policy import Policy
from sync.central.money.risk import OF_SITE, RISK, TAPS
from sync.central.planning import ahead, plans
from sync.central.registry import wallets
from sync.central.store import Store, now_of
from tests.sync.builders import SITE, Clockwork
from tests.sync.money.test_ahead import a_seller, comes
from tests.sync.money.tills import EUR, PaperTill, a_wallet

STEPS = 160
BUDGET = Policy(risk_minor=6_000, risk_slice_minor=2_500, risk_wallet_minor=1_500, risk_taps=4)


def allow(store: Store, chosen: Policy = BUDGET) -> None:
    with store.transaction() as tx:
        choosing.choose(tx, SITE, chosen)


def a_card(store: Store, wallet: str = "w1", guest: str = "g1") -> None:
    """A guest without money, whose card is stored and who is expected."""
    a_wallet(store, wallet, minor=0, guest=guest)
    with store.transaction() as tx:
        wallets.set_mandate(tx, SITE, wallet, mandate=MandateState.ACTIVE, note=MandateNote.NONE)
    comes(store, guest)


def laid(store: Store, till: PaperTill, wallet: str = OF_SITE, kind: str = RISK) -> int:
    with store.reading() as tx:
        return plans.held_at([row for row in of_wallet(tx, SITE, wallet, kind=kind) if row.living],
                             till.device.id)  # fmt: skip


def worst(store: Store) -> int:
    with store.reading() as tx:
        return sums.exposure(tx, SITE).risk_worst_minor


def lease(till: PaperTill, wallet: str, kind: str) -> Lease | None:
    mine = (one for one in till.leases.values() if (one.wallet, one.kind) == (wallet, kind))
    return next((one for one in mine if one.state is LeaseState.OPEN), None)


def buys(till: PaperTill, op_id: str, minor: int, wallet: str = "w1") -> bool:
    """Let a guest pay at risk: the wallet's sum and count and the till's slice must all allow it."""
    wanted = ((wallet, RISK, minor, Tender.RISK), (OF_SITE, RISK, minor, Tender.LIMIT),
              (wallet, TAPS, 1, Tender.LIMIT))  # fmt: skip
    after: list[Lease] = []
    for of, kind, units, _ in wanted:
        found = lease(till, of, kind)
        spent = Refusal.SHORT if found is None else edge_end.spend(found, units, now_ms=0)
        if isinstance(spent, Refusal):
            return False
        after.append(spent)
    till.leases |= {one.id: one for one in after}
    legs = tuple(
        Leg(number=number, tender=tender, amount_minor=minor if tender is Tender.RISK else 0, wallet=wallet,
            lease=one.id, kind=kind, units=units)
        for number, (one, (_, kind, units, tender)) in enumerate(zip(after, wanted, strict=True), 1)
    )  # fmt: skip
    till.paid(op_id, legs, tuple(report_of(one) for one in after), minor)
    return True


def owed(store: Store, wallet: str = "w1") -> int:
    with store.reading() as tx:
        return -balance(tx, SITE, f"debt:{wallet}", currency=EUR)


def charge(store: Store, minor: int, wallet: str = "w1", key: str = "charge:1") -> None:
    """The provider took what was owed."""
    entries = (Entry("psp:test", -minor), Entry(f"debt:{wallet}", minor))
    with store.transaction() as tx:
        post(tx, Posting(site=SITE, key=key, kind="charge", at_ms=now_of(tx), currency=EUR, entries=entries,
                         wallet=wallet))  # fmt: skip


def test_slices_lie_at_the_tills_before_anybody_has_tapped(store: Store) -> None:
    a_card(store)
    tills = [a_seller(store, f"till-{number}") for number in range(2)]
    carried = a_seller(store, "carried", kind="handheld")
    allow(store)
    assert ahead.look(store, SITE) == 6, "a slice, a sum and a count at each fixed till"
    assert [laid(store, till) for till in (*tills, carried)] == [2_500, 2_500, 0]
    assert [laid(store, till, "w1") for till in tills] == [750, 750], "a guest's limit is shared out"
    assert [laid(store, till, "w1", TAPS) for till in tills] == [2, 2]
    assert worst(store) == 5_000, "known before the internet goes"
    assert ahead.look(store, SITE) == 0, "it lies there"
    tills[0].hear()
    assert buys(tills[0], "op-risk-1", 700), "and nobody asked central for this"
    assert not buys(tills[0], "op-risk-2", 700), "700 of the till's 750 of that guest are gone"


def test_a_small_budget_is_shared_alike(store: Store) -> None:
    tills = [a_seller(store, f"till-{number}") for number in range(4)]
    allow(store, Policy(risk_minor=6_000, risk_slice_minor=2_500))
    ahead.look(store, SITE)
    assert [laid(store, till) for till in tills] == [1_500] * 4


@pytest.mark.parametrize("chosen", [Policy(), Policy(risk_minor=0, risk_taps=9)])
def test_without_a_budget_nothing_is_laid(store: Store, chosen: Policy) -> None:
    a_card(store)
    till = a_seller(store)
    allow(store, chosen)
    assert (ahead.look(store, SITE), laid(store, till)) == (0, 0)


def test_who_owes_or_has_no_card_gets_no_limit_anew(store: Store) -> None:
    a_card(store)
    a_wallet(store, "w2", minor=0, guest="g2")
    comes(store, "g2")
    till = a_seller(store)
    allow(store)
    charge(store, -400)
    ahead.look(store, SITE)
    assert (laid(store, till, "w1"), laid(store, till, "w2"), laid(store, till)) == (0, 0, 2_500)
    charge(store, 400, key="charge:2")
    ahead.look(store, SITE)
    assert laid(store, till, "w1") == 1_500


def test_a_withdrawn_budget_comes_back_and_a_smaller_one_is_laid_anew(store: Store) -> None:
    tills = [a_seller(store, f"till-{number}") for number in range(2)]
    allow(store)
    ahead.look(store, SITE)
    allow(store, Policy(risk_minor=1_000, risk_slice_minor=2_500))
    assert ahead.look(store, SITE) == 0, "nothing is laid while more than the new budget is out"
    for till in tills:
        for close in till.hear().closes:
            till.close(close)
        till.send()
    ahead.look(store, SITE)
    assert [laid(store, till) for till in tills] == [500, 500]


def test_a_used_slice_is_filled_up_once_the_debt_is_paid(store: Store) -> None:
    a_card(store)
    till = a_seller(store)
    allow(store, Policy(risk_minor=1_500, risk_slice_minor=1_500, risk_wallet_minor=1_500, risk_taps=4))
    ahead.look(store, SITE)
    till.hear()
    assert buys(till, "op-risk-1", 1_200)
    till.send()
    assert (ahead.look(store, SITE), worst(store)) == (0, 1_500), "what is owed is no part of the budget"
    charge(store, 1_200)
    ahead.look(store, SITE)
    assert laid(store, till) == 1_500


@dataclass
class Outage:
    """A seeded day of guests at risk, tills that are cut off, and an operator who changes the budget."""

    store: Store
    dice: random.Random
    budget: int = BUDGET.risk_minor
    tills: list[PaperTill] = field(default_factory=list)
    unpaid: dict[str, list[int]] = field(default_factory=lambda: {"w1": [], "w2": []})
    ops: int = 0
    accepted: int = 0

    def step(self) -> None:
        till = self.dice.choice(self.tills)
        match self.dice.randrange(12):
            case 0 | 1:
                ahead.look(self.store, SITE)
            case 2 | 3:
                for close in till.hear().closes:
                    if till.leases[close.lease].state is LeaseState.OPEN:
                        till.close(close)
            case 4 | 5:
                till.send() if len(till.journal.lanes[1]) > till.sent else None
            case 6:
                self.pay(self.dice.choice(["w1", "w2"]))
            case 7:
                self.budget = self.dice.choice([0, 1_500, 3_000, 6_000, 6_000])
                allow(self.store, msgspec.structs.replace(BUDGET, risk_minor=self.budget))
            case _:
                self.buy(till, self.dice.choice(["w1", "w2"]))

    def buy(self, till: PaperTill, wallet: str) -> None:
        self.ops += 1
        minor = self.dice.choice([100, 350, 700])
        if buys(till, f"op-risk-{self.ops}", minor, wallet):
            self.unpaid[wallet].append(minor)
            self.accepted += 1

    def pay(self, wallet: str) -> None:
        """Central charges what it has heard of, oldest first."""
        due = owed(self.store, wallet)
        if due:
            charge(self.store, due, wallet, key=f"charge:{self.ops}-{due}-{self.dice.random()}")
            self.forget(wallet, due)

    def forget(self, wallet: str, due: int) -> None:
        left = sum(self.unpaid[wallet]) - due
        self.unpaid[wallet] = [left] if left else []

    def at_stake(self) -> int:
        """What is really accepted and unpaid, and what tills could still accept."""
        open_ = (lease(till, OF_SITE, RISK) for till in self.tills)
        return sum(map(sum, self.unpaid.values())) + sum(one.spendable for one in open_ if one is not None)


SEEDS = (0, 1, *(pytest.param(seed, marks=(pytest.mark.journey, pytest.mark.slow)) for seed in range(2, 20)))
"""Two at each save, the others with the journeys."""


@pytest.mark.parametrize("seed", SEEDS)
def test_no_schedule_puts_more_at_risk_than_the_operator_allows(small_store: Store, seed: int) -> None:
    """I11; a lowered budget is kept to as slices come back, and nothing is ever added beyond it."""
    tills = [a_seller(small_store, f"till-{number}") for number in range(3)]
    for number in (1, 2):
        a_card(small_store, f"w{number}", f"g{number}")
    allow(small_store)
    day = Outage(small_store, random.Random(seed), tills=tills)  # noqa: S311 - a seeded day, no secret
    before = 0
    for number in range(STEPS):
        day.step()
        known = worst(small_store)
        assert known <= max(day.budget, before), f"seed {seed}, step {number}"
        assert day.at_stake() <= known, f"seed {seed}, step {number}: central's view is on the safe side"
        for wallet, sums_ in day.unpaid.items():
            assert sum(sums_) <= BUDGET.risk_wallet_minor, f"seed {seed}, step {number}: {wallet}"
        before = known
    assert day.accepted, "the day is no empty one"


def rows_of(store: Store, wallet: str) -> tuple[PlacedRow, ...]:
    with store.reading() as tx:
        return of_wallet(tx, SITE, wallet)


def test_slices_outlast_a_cut_that_begins_on_any_day(store: Store, clock: Clockwork) -> None:
    from sync.central.money.rising import STEP_MS_MAX, advance

    till = a_seller(store)
    allow(store, Policy(risk_minor=1_000, edge_ttl_s=1_000))
    with store.transaction() as tx:
        advance(tx, SITE)
    ahead.look(store, SITE)
    (before,) = rows_of(store, OF_SITE)
    for _ in range(10):
        clock.ms += STEP_MS_MAX
        with store.transaction() as tx:
            advance(tx, SITE)
            plans.asked(tx, till.device)
    assert ahead.look(store, SITE) == 1
    (after,) = rows_of(store, OF_SITE)
    assert after.placed.doubt_ms > before.placed.doubt_ms
    assert after.placed.counters.granted == before.placed.counters.granted
    assert ahead.look(store, SITE) == 0
