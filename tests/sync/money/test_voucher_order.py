"""Vouchers and erasure hold wallets before leases, and charges before both: nobody is undone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from sync.central.money import placed
from sync.central.privacy import erasure
from sync.central.psp import mandates
from sync.central.psp.mandates import Limits, Mandate
from sync.central.registry import guests, members, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Order
from sync.central.store import Connection, Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.ends import until
from tests.sync.money.rush import SEALS
from tests.sync.money.tills import PaperTill, a_till, a_wallet

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
Act = Callable[[Connection], object]


class Two:
    """Two workers of one central, and a look at who waits for whom."""

    def __init__(self, url: str, here: Store, there: Store) -> None:
        self.url, self.here, self.there = url, here, there

    def meet(self, first: Act, other: Callable[[], object], then: Act) -> None:
        """Hold something, let the other worker come as far as it can, then go on: none is undone."""
        broken: list[BaseException] = []

        def beside() -> None:
            try:
                other()
            except BaseException as error:  # told by the test's own thread
                broken.append(error)

        thread = threading.Thread(target=beside)
        with self.here.transaction() as tx:
            first(tx)
            thread.start()
            until(self.somebody_waits)
            then(tx)
        thread.join()
        assert broken == []

    def somebody_waits(self) -> bool:
        """Whether a transaction waits for another one."""
        with psycopg.connect(self.url, autocommit=True) as admin:
            row = admin.execute(WAITING).fetchone()
        return row is not None and row[0] > 0


@pytest.fixture
def two(emptied_postgres_url: str, clock: Clockwork) -> Iterator[Two]:
    with ExitStack() as stack:
        stores = [Store(emptied_postgres_url, now_ms=clock) for _ in range(2)]
        for store in stores:
            stack.callback(store.close)
        yield Two(emptied_postgres_url, *stores)


def give(store: Store, order: Order) -> None:
    with store.transaction() as tx:
        vouchers.give(tx, SITE, order)


def drinks(**whose: str) -> Order:
    """Three free drinks."""
    return Order(id="v-1", voucher=vouchers.free_drink(()), units=3, **whose)


@pytest.fixture
def till(two: Two) -> PaperTill:
    """A till that was asked for the drinks it holds, and has not said yet that it gave them back."""
    a_wallet(two.there)
    give(two.there, drinks(wallet="w1"))
    till = a_till(two.there)
    till.want(2, kind="free_drink")
    with two.there.transaction() as tx:
        vouchers.withdraw(tx, SITE, "w1", kind="free_drink")
    (asked,) = till.hear().closes
    till.close(asked)
    return till


def test_drinks_that_come_home_wait_for_whoever_holds_the_wallet(two: Two, till: PaperTill) -> None:
    two.meet(
        lambda tx: wallets.lock(tx, SITE, "w1"),
        till.send,
        lambda tx: placed.of_wallet(tx, SITE, "w1", held=True),
    )
    with two.here.reading() as tx:
        (left,) = vouchers.left(tx, SITE, wallets.wallet(tx, SITE, "w1"))
    assert (left.free, left.at_devices) == (0, 0), "swept when they came"


@pytest.fixture
def leo(two: Two) -> str:
    """A guest with a drink of his own, a stored card, and a name on somebody else's wallet."""
    a_wallet(two.here, "w1", guest="anna")
    a_wallet(two.here, "w0", label="Leo Rossi's friends")
    with two.here.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="leo", name="Leo Rossi")])
        members.join(tx, SITE, Member(guest="leo", wallet="w1"))
        stored = Mandate(id="m1", wallet="w1", guest="leo", psp="stripe", limits=Limits(1, 1, 1))
        mandates.add(tx, SITE, stored, seals=SEALS)
    give(two.here, drinks(guest="leo"))
    return "leo"


def erase(two: Two, guest: str) -> None:
    with two.there.transaction() as tx:
        erasure.erase(tx, SITE, guest)


def test_an_erasure_holds_wallets_by_their_names(two: Two, leo: str) -> None:
    two.meet(
        lambda tx: wallets.lock(tx, SITE, "w0"),
        lambda: erase(two, leo),
        lambda tx: wallets.lock(tx, SITE, "w1"),
    )
    with two.here.reading() as tx:
        assert wallets.wallet(tx, SITE, "w0").label == ""


def test_an_erasure_holds_a_stored_card_before_its_wallet(two: Two, leo: str) -> None:
    two.meet(
        lambda tx: mandates.mandate(tx, SITE, "m1"),
        lambda: erase(two, leo),
        lambda tx: wallets.lock(tx, SITE, "w1"),
    )
    with two.here.reading() as tx:
        assert mandates.mandate(tx, SITE, "m1").guest == ""
