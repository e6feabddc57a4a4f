"""Sales, grants, blocks, top-ups, charges and doubts at once on PostgreSQL: nobody waits for each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from edge.core.bands import Band
from edge.core.money import Money
from sync.central.accounting import ops
from sync.central.money import ledger, pots
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.planning import ahead, asking, plans
from sync.central.psp import charges, mandates, returns
from sync.central.psp.judgement import Charge, Purpose
from sync.central.psp.mandates import Limits, Mandate
from sync.central.psp.port import Answer
from sync.central.psp.port import Outcome as Said
from sync.central.psp.refunds import Refund
from sync.central.psp.saga import Saga
from sync.central.registry import bands
from sync.central.registry.bands import BandCard
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.money.rush import ROUNDS, SEALS, SEED, WALLETS, Floor, band_of, everybody
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]


@pytest.fixture
def floor(emptied_postgres_url: str, clock: Clockwork) -> Iterator[Floor]:
    """A park with eight wallets, each with a band."""
    with ExitStack() as stack:
        stores = [Store(emptied_postgres_url, now_ms=clock) for _ in range(2)]
        for store in stores:
            stack.callback(store.close)
        for number, wallet in enumerate(WALLETS):
            a_wallet(stores[0], wallet, minor=50_000, guest=f"g{number}")
        with stores[0].transaction() as tx:
            policies.put_policy(
                tx, SITE, Policy(edge_ttl_s=60, write_off_s=60, device_minor_max=90_000, floor_minor=3_000)
            )
            cards = [
                BandCard(band=Band(id=band_of(number)), guest=f"g{number}", label=f"b{number}")
                for number in range(len(WALLETS))
            ]
            bands.add_bands(tx, SITE, cards)
        yield Floor(stores, clock)


def deadlocks(url: str) -> int:
    """How often the database had to undo somebody."""
    with psycopg.connect(url, autocommit=True) as admin:
        row = admin.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_all_at_once_nobody_is_undone_and_every_account_agrees(
    floor: Floor, emptied_postgres_url: str
) -> None:
    print(f"seed {SEED}: POLSO_SEED={SEED} pytest {__file__}")
    before = deadlocks(emptied_postgres_url)
    everybody(floor)
    assert (floor.undone, deadlocks(emptied_postgres_url)) == ([], before)
    with floor.stores[0].reading() as tx:
        assert set(ledger.trial_balance(tx, SITE).values()) == {0}
        for wallet in WALLETS:
            assert pots.free_of(tx, SITE, wallet, currency=EUR) >= 0, wallet
        baskets = ops.by_id(tx, SITE, [op_id for op_id, _ in floor.sold])
        assert len(floor.sold) > ROUNDS, "hardly anything was sold"
        assert all(0 <= one.refunded_minor <= one.captured_minor for one in baskets.values())


def test_the_control_without_the_order_workers_wait_for_each_other_and_the_books_agree_all_the_same(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the database undoes is said to whoever asked as a reason to ask again."""
    for room in (asking, plans, ahead):
        monkeypatch.setattr(room, "hold", lambda *_, **__: None)
    everybody(floor)
    assert set(floor.undone) == {"Two workers waited for each other."}
    with floor.stores[0].reading() as tx:
        assert set(ledger.trial_balance(tx, SITE).values()) == {0}


def a_sale(till: PaperTill, op_id: str, minor: int) -> None:
    """Something was sold at a till and told."""
    assert till.sell(op_id, minor)
    till.send()


def test_two_devices_that_refund_one_basket_at_once_give_back_no_more_than_was_paid(floor: Floor) -> None:
    sellers = [a_till(floor.stores[number % 2], f"till-{number}") for number in range(4)]
    sellers[0].want(20_000)
    for number in range(10):
        a_sale(sellers[0], f"sale-{number}", 1_000)
        start = threading.Barrier(len(sellers))

        def back(till: PaperTill, op_id: str = f"sale-{number}", go: threading.Barrier = start) -> None:
            till.refund(f"{op_id}-{till.device.name}", op_id, 700)
            go.wait()
            till.send()

        threads = [threading.Thread(target=back, args=(till,)) for till in sellers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with floor.stores[0].reading() as tx:
        found = ops.by_id(tx, SITE, [f"sale-{number}" for number in range(10)])
        left = ledger.balance(tx, SITE, "sales:" + sellers[0].device.id, currency=EUR)
    assert [one.refunded_minor for one in found.values()] == [700] * 10
    assert left == 10 * 300, "the ledger says so, too"


def test_what_is_set_aside_for_a_refund_is_not_granted_at_the_same_moment(floor: Floor) -> None:
    store = floor.stores[0]
    till = a_till(floor.stores[1], "till-z")
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0))
        stored = Mandate(
            id="m1", wallet="w0", guest="g0", psp="stripe", limits=Limits(50_000, 50_000, 50_000)
        )
        mandates.add(tx, SITE, stored, seals=SEALS)
        due = Charge(id="c1", mandate="m1", wallet="w0", purpose=Purpose.TOP_UP, money=Money(50_000, EUR))
        charges.add(tx, SITE, due)
    nobody: Any = SimpleNamespace(name="stripe")
    Saga(store, nobody, SEALS).settle(SITE, "c1", Said(answer=Answer.PAID, reference="p"))
    back = Refund(id="r1", charge="c1", money=Money(50_000, EUR), note="", asked_by="olga")
    asked = threading.Event()

    def grants() -> None:
        asked.wait()
        till.want(100_000, "w0")

    thread = threading.Thread(target=grants)
    thread.start()
    with store.transaction() as tx:
        take_turn(tx, SITE)
        returns.wish(tx, SITE, back)
        asked.set()
        thread.join(0.5)  # it waits for this transaction, or has taken the money already
    thread.join()
    with store.reading() as tx:
        assert pots.free_of(tx, SITE, "w0", currency=EUR) == 0
