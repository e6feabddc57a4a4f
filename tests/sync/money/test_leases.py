"""Leases at central: nobody gets more than is free, nothing is free before it was given back."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from edge.core.lease import Want
from sync.central.money import leases, ledger, placed, pots
from sync.central.money import policy as policies
from sync.central.money.blocks import set_block
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import Policy
from sync.central.money.rising import STEP_MS_MAX, advance
from sync.central.registry import wallets
from sync.central.settling.doubts import sweep
from sync.central.store import Store
from sync.lending import Unplaced
from tests.sync.builders import SITE, Clockwork
from tests.sync.money.tills import EUR, a_till, a_wallet, row_of


def free(store: Store, wallet: str = "w1") -> int:
    with store.reading() as tx:
        return pots.free_of(tx, SITE, wallet, currency=EUR)


def held(store: Store, lease: str, *, unit: str = EUR) -> int:
    with store.reading() as tx:
        return ledger.balance(tx, SITE, f"lease:{lease}", currency=unit)


def booked(store: Store, account: str) -> int:
    with store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        return ledger.balance(tx, SITE, account, currency=EUR)


def choose(store: Store, **said: int) -> None:
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(**{"reserve_permille": 0, **said}))


def rise(store: Store, clock: Clockwork, seconds: int) -> None:
    """Let the site's own time rise, as a central does that looks every minute."""
    for _ in range(-(-seconds * 1000 // STEP_MS_MAX)):
        clock.ms += STEP_MS_MAX
        with store.transaction() as tx:
            advance(tx, SITE)


def test_what_is_granted_leaves_the_wallet_and_is_told_again_until_it_is_taken(store: Store) -> None:
    a_wallet(store)
    choose(store)
    till = a_till(store)
    told = till.want(6_000)
    assert isinstance(told, PlacedRow)
    assert (free(store), held(store, told.id)) == (4_000, 6_000)
    with store.reading() as tx:
        again = leases.offered(tx, till.device, after=0)
        assert [(one.total, one.serial) for one in again.grants] == [(6_000, 1)]
        assert leases.offered(tx, till.device, after=again.to).grants == ()
    assert again.grants[0].elsewhere == 4_000


def test_two_tills_never_hold_more_than_the_wallet(store: Store) -> None:
    a_wallet(store)
    choose(store)
    first, second = a_till(store, "till-1"), a_till(store, "till-2")
    assert isinstance(first.want(7_000), PlacedRow)
    assert isinstance(second.want(7_000), PlacedRow)
    assert second.of().counters.granted == 3_000, "as much as is free"
    third = a_till(store, "till-3").want(1)
    assert third == Unplaced(wallet="w1", kind="money", why="short", free=0)
    assert free(store) == 0


def test_the_reserve_stays_at_central_but_for_an_open_basket(store: Store) -> None:
    a_wallet(store)
    choose(store, reserve_permille=250)
    till = a_till(store)
    till.want(10_000)
    assert free(store) == 2_500
    till.want(10_000, why="basket")
    assert free(store) == 0


def test_caps_bound_what_a_stolen_device_is_worth(store: Store) -> None:
    a_wallet(store, "w1"), a_wallet(store, "w2")
    choose(store, lease_minor_max=4_000, device_minor_max=6_000)
    till = a_till(store)
    till.want(9_000, "w1")
    till.want(9_000, "w2")
    assert (till.of("w1").spendable, till.of("w2").spendable) == (4_000, 2_000)


def test_a_hand_held_till_never_gets_more_than_four_hours(store: Store) -> None:
    a_wallet(store)
    choose(store)
    grants = a_till(store, kind="handheld").want(1) and a_till(store, "t2", kind="handheld")
    assert isinstance(grants.want(100), PlacedRow)
    assert {one.ttl_s for one in grants.hear().grants} == {4 * 3600}


def test_a_want_renews_time_without_more_money(store: Store) -> None:
    a_wallet(store)
    choose(store)
    till = a_till(store)
    till.want(5_000)
    before = till.hear().grants[0]
    till.want(5_000, lease=before.lease)
    after = till.hear().grants[0]
    assert (after.total, after.serial > before.serial) == (before.total, True)
    assert free(store) == 5_000


@pytest.mark.parametrize(
    "want",
    [
        Want(wallet="w1", total=-1),
        Want(wallet="w1", total=10**16),
        Want(wallet="w1", total=100, kind="gold"),
        Want(wallet="w1", total=100, kind="risk"),
        Want(wallet="w1", total=100, kind="day:zz"),
        Want(wallet="", total=100),
        Want(wallet="", total=100, kind="risk"),
        Want(wallet="nobody", total=100),
        Want(wallet="w1", total=100, band="x" * 99),
    ],
)
def test_wants_that_make_no_sense_move_nothing(store: Store, want: Want) -> None:
    a_wallet(store)
    till = a_till(store)
    with store.transaction() as tx:
        assert isinstance(leases.grant(tx, till.device, want), Unplaced)
    assert free(store) == 10_000


def test_nobody_enlarges_the_lease_of_another_device(store: Store) -> None:
    a_wallet(store)
    choose(store)
    mine, other = a_till(store, "till-1"), a_till(store, "till-2")
    mine.want(1_000)
    told = other.want(5_000, lease=mine.of().id)
    assert isinstance(told, Unplaced)
    assert (free(store), mine.hear().grants[0].total) == (9_000, 1_000)


def test_a_close_is_told_and_only_the_report_frees_the_money(store: Store) -> None:
    a_wallet(store)
    choose(store)
    till = a_till(store)
    till.want(6_000)
    assert till.sell("sale-a-1", 1_500)
    till.send()
    with store.transaction() as tx:
        assert leases.ask_back_wallet(tx, SITE, "w1", why="left") == 1
        assert leases.ask_back_wallet(tx, SITE, "w1", why="left") == 0, "asked once"
    offer = till.hear()
    assert (len(offer.grants), offer.closes[0].total) == (0, 6_000)
    assert free(store) == 4_000
    assert isinstance(till.want(9_000, lease=till.of().id), Unplaced), "a lease that closes gets no more"
    till.close(offer.closes[0])
    till.send()
    assert (free(store), held(store, offer.closes[0].lease)) == (8_500, 0)
    assert row_of(store, offer.closes[0].lease).placed.state == "settled"


def test_a_lost_grant_is_given_back_by_the_close_that_names_its_total(store: Store) -> None:
    a_wallet(store)
    choose(store)
    till = a_till(store)
    till.want(2_000)
    with store.transaction() as tx:
        leases.grant(tx, till.device, Want(wallet="w1", total=7_000, lease=till.of().id))
        leases.ask_back_wallet(tx, SITE, "w1", why="left")
        close = leases.offered(tx, till.device, after=0).closes[0]
    assert till.of().counters.granted == 2_000, "the second grant never came"
    till.close(close)
    till.send()
    assert free(store) == 10_000


def test_expiry_frees_nothing_and_a_write_off_books_the_rest_as_the_operators_loss(
    store: Store, clock: Clockwork
) -> None:
    a_wallet(store)
    choose(store, edge_ttl_s=600, write_off_s=3_600)
    with store.transaction() as tx:
        advance(tx, SITE)
    till = a_till(store)
    till.want(6_000)
    lease = till.of().id
    till.sell("sale-a-1", 1_000)
    till.send()
    rise(store, clock, 700)
    with store.transaction() as tx:
        assert sweep(tx, SITE) == 0
    assert row_of(store, lease).placed.state == "in_doubt"
    assert free(store) == 4_000, "expiry never gives money back"
    rise(store, clock, 3_600)
    with store.transaction() as tx:
        assert sweep(tx, SITE) == 1
        assert sweep(tx, SITE) == 0
    assert (free(store), booked(store, "loss:in_doubt")) == (9_000, -5_000)
    assert row_of(store, lease).loss == 5_000


def test_what_comes_late_is_set_against_the_loss_and_never_touches_the_wallet(
    store: Store, clock: Clockwork
) -> None:
    a_wallet(store)
    choose(store, edge_ttl_s=600, write_off_s=0)
    with store.transaction() as tx:
        advance(tx, SITE)
    till = a_till(store)
    till.want(6_000)
    till.sell("sale-a-1", 2_000)
    rise(store, clock, 700)
    with store.transaction() as tx:
        sweep(tx, SITE)
        assert sweep(tx, SITE) == 0
    assert (free(store), booked(store, "loss:in_doubt")) == (10_000, -6_000)
    till.close(till.hear().closes[0])
    till.send()
    assert booked(store, "loss:in_doubt") == -2_000, "what was spent unheard, and no cent more"
    assert booked(store, f"sales:{till.device.id}") == 2_000
    assert (free(store), held(store, till.of().id)) == (10_000, 0)
    assert row_of(store, till.of().id).placed.state == "late_settled"


def test_cash_that_came_late_is_the_guests(store: Store, clock: Clockwork) -> None:
    """The lease was written off with nothing in it; then its device tells of a note that was paid in."""
    a_wallet(store)
    choose(store, edge_ttl_s=600, write_off_s=0)
    with store.transaction() as tx:
        advance(tx, SITE)
    till = a_till(store)
    till.want(1_000)
    till.mint("cash-a-1", 5_000)
    rise(store, clock, 700)
    with store.transaction() as tx:
        sweep(tx, SITE)
    till.close(till.hear().closes[0])
    till.send()
    assert (free(store), booked(store, "loss:in_doubt")) == (15_000, 0)
    assert booked(store, "cash:drawer-1") == -5_000


def test_a_wall_clock_that_jumps_a_year_calls_nothing_in_doubt(store: Store, clock: Clockwork) -> None:
    a_wallet(store)
    choose(store, edge_ttl_s=600, write_off_s=0)
    with store.transaction() as tx:
        advance(tx, SITE)
    till = a_till(store)
    till.want(6_000)
    clock.ms += 365 * 86_400_000
    with store.transaction() as tx:
        assert sweep(tx, SITE) == 0
    clock.ms -= 400 * 86_400_000
    with store.transaction() as tx:
        assert sweep(tx, SITE) == 0
    assert row_of(store, till.of().id).placed.state == "open"


def test_a_device_that_asks_again_is_no_longer_in_doubt(store: Store, clock: Clockwork) -> None:
    a_wallet(store)
    choose(store, edge_ttl_s=600)
    with store.transaction() as tx:
        advance(tx, SITE)
    till = a_till(store)
    till.want(6_000)
    rise(store, clock, 700)
    with store.transaction() as tx:
        sweep(tx, SITE)
    assert row_of(store, till.of().id).placed.state == "in_doubt"
    till.want(6_000)
    assert (row_of(store, till.of().id).placed.state, free(store)) == ("open", 4_000)


def test_a_blocked_wallet_is_asked_back_everywhere_and_grants_nothing(store: Store) -> None:
    a_wallet(store, guest="anna")
    choose(store)
    till = a_till(store)
    till.want(6_000)
    with store.transaction() as tx:
        after = set_block(tx, SITE, "w1", blocked=True, reason="lost")
    assert (after.block_epoch, len(till.hear().closes)) == (1, 1)
    assert a_till(store, "till-2").want(100) == Unplaced(wallet="w1", kind="money", why="blocked")
    with store.transaction() as tx:
        assert set_block(tx, SITE, "w1", blocked=False).block_epoch == 2
    third = a_till(store, "till-3")
    third.want(100)
    assert third.of().block_epoch == 2, "a grant after the block knows of it"


def test_units_of_other_kinds_go_through_the_same_pots(store: Store) -> None:
    a_wallet(store)
    till = a_till(store)
    with store.transaction() as tx:
        drinks = pots.Issue("w1", "free_drink", "piece", 3)
        assert pots.issue(tx, SITE, "promo-1:w1", of=drinks)
        assert not pots.issue(tx, SITE, "promo-1:w1", of=drinks), "given once"
    told = till.want(9, kind="free_drink")
    assert isinstance(told, PlacedRow)
    assert held(store, told.id, unit="free_drink/piece") == 3
    assert isinstance(a_till(store, "till-2").want(1, kind="free_drink"), Unplaced)
    with store.reading() as tx:
        assert ledger.trial_balance(tx, SITE) == {"EUR": 0, "free_drink/piece": 0}


def test_a_wallet_is_opened_once_and_keeps_its_currency(store: Store) -> None:
    made = a_wallet(store)
    with store.transaction() as tx:
        assert not wallets.create(tx, SITE, made)
    with pytest.raises(Exception, match="keeps its currency"), store.transaction() as tx:
        wallets.change(tx, SITE, wallets.Wallet(id="w1", currency="USD"))


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_many_workers_that_grant_at_once_share_out_the_wallet_exactly(
    emptied_postgres_url: str, clock: Clockwork
) -> None:
    with ExitStack() as stack:
        stores = [Store(emptied_postgres_url, now_ms=clock) for _ in range(2)]
        for store in stores:
            stack.callback(store.close)
        a_wallet(stores[0], minor=1_000)
        choose(stores[0])
        tills = [a_till(stores[number % 2], f"till-{number}") for number in range(6)]
        start = threading.Barrier(len(tills))

        def ask(number: int) -> None:
            start.wait()
            for total in range(70, 1_001, 70):
                tills[number].want(total)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(tills))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with stores[0].reading() as tx:
            rows = placed.of_wallet(tx, SITE, "w1")
            assert sum(row.placed.counters.granted for row in rows) == 1_000
            assert pots.free_of(tx, SITE, "w1", currency=EUR) == 0
