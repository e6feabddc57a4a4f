"""Money kept aside is booked when it can be: each event once, in its device's order, over both databases."""

from __future__ import annotations

import threading

import pytest

from edge.core.events import Kind
from sync.central import alarms, intake, quarantine
from sync.central.accounting import ops
from sync.central.accounting.ops import What
from sync.central.money import ledger
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.settling import takings
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet, row_of

BROAD = Policy(reserve_permille=0, mint_minor_max=10_000)


@pytest.fixture
def till(store: Store) -> PaperTill:
    """A till that holds all of a wallet of 100.00."""
    a_wallet(store, guest="anna")
    choose(store, BROAD)
    made = a_till(store)
    made.want(10_000)
    return made


def choose(store: Store, chosen: Policy) -> None:
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, chosen)


def booked(store: Store, account: str) -> int:
    with store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        return ledger.balance(tx, SITE, account, currency=EUR)


def sold(till: PaperTill) -> int:
    return booked(till.store, f"sales:{till.device.id}")


def noted(store: Store, what: What = What.ASIDE) -> list[int]:
    with store.reading() as tx:
        return [one.seq for one in ops.notes(tx, SITE, what=what)]


def unread(till: PaperTill, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send what is not sent yet to a central that cannot read any of it."""
    with monkeypatch.context() as older:
        older.setattr(intake, "BODY_BYTES_MAX", 3)
        till.send()


def test_a_sale_that_could_not_be_read_is_booked_once_it_can(
    till: PaperTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.sell("sale-a-1", 700)
    unread(till, monkeypatch)
    assert sold(till) == 0
    assert quarantine.replay(till.store, SITE) == quarantine.Replayed(1, ())
    assert (sold(till), row_of(till.store, till.of().id).placed.counters.spent) == (700, 700)
    assert quarantine.replay(till.store, SITE) == quarantine.Replayed(0, ())
    assert (sold(till), noted(till.store, What.DUPLICATE)) == (700, [])


def test_a_sale_its_void_and_a_refund_are_booked_in_the_device_s_order(
    till: PaperTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.sell("sale-a-1", 700)
    unread(till, monkeypatch)
    till.void("void-a-1", "sale-a-1", 200)
    till.send()
    till.refund("refund-a-1", "sale-a-1", 500)
    unread(till, monkeypatch)
    assert noted(till.store) == [2], "nothing was known of what was voided"
    assert quarantine.replay(till.store, SITE).mended == 3
    assert (sold(till), booked(till.store, "wallet:w1")) == (0, 500)
    assert booked(till.store, f"lease:{till.of().id}") == till.of().spendable == 9_500


def test_what_was_read_and_not_booked_is_booked_when_the_operator_lets_it(till: PaperTill) -> None:
    till.mint("cash-a-1", 9_000)
    till.mint("cash-a-2", 2_000)
    till.send()
    told = quarantine.replay(till.store, SITE)
    assert (told.mended, [one.seq for one in told.left]) == (0, [2])
    choose(till.store, Policy(reserve_permille=0))
    assert quarantine.replay(till.store, SITE) == quarantine.Replayed(1, ())
    assert (booked(till.store, "cash:drawer-1"), noted(till.store)) == (-11_000, [])


@pytest.mark.parametrize("seller", [0, 1])
def test_one_device_s_refund_waits_for_another_one_s_sale(
    till: PaperTill, monkeypatch: pytest.MonkeyPatch, seller: int
) -> None:
    a_wallet(till.store, "w2")
    other = a_till(till.store, "till-0")
    other.want(5_000, "w2")
    both = sorted((till, other), key=lambda one: one.device.id)
    sells, refunds = both[seller], both[1 - seller]
    wallet = "w1" if sells is till else "w2"
    before = booked(till.store, f"wallet:{wallet}")
    sells.sell("sale-a-1", 700, wallet)
    refunds.refund("refund-b-1", "sale-a-1", 700, wallet)
    refunds.send()
    unread(sells, monkeypatch)
    assert quarantine.replay(till.store, SITE) == quarantine.Replayed(2, ())
    assert (sold(sells), booked(till.store, f"wallet:{wallet}")) == (0, before + 700)


def test_what_can_never_be_booked_stays_and_calls_nobody_again(till: PaperTill) -> None:
    till.journal.append(1, b"\x91\x01", kind=int(Kind.PAID))
    till.sell("sale-a-1", 100)
    till.send()
    with till.store.transaction() as tx:
        (raised,) = alarms.alarms(tx, SITE)
        alarms.see(tx, SITE, (raised.device, raised.id), by="anna")
    told = quarantine.replay(till.store, SITE)
    assert (told.mended, [one.seq for one in told.left], noted(till.store)) == (0, [1], [1])
    with till.store.reading() as tx:
        assert [one.seen_by for one in alarms.alarms(tx, SITE)] == ["anna"]
    assert sold(till) == 100


def test_killed_between_its_place_and_its_booking_the_next_replay_books_it(
    till: PaperTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.sell("sale-a-1", 700)
    unread(till, monkeypatch)

    class Killed(BaseException):
        """The process is gone."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(takings, "take", killed)
        with pytest.raises(Killed):
            quarantine.replay(till.store, SITE)
    assert (sold(till), noted(till.store)) == (0, [1])
    assert quarantine.replay(till.store, SITE) == quarantine.Replayed(1, ())
    assert sold(till) == 700


def test_two_who_replay_at_once_book_it_once(till: PaperTill, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        till.sell(f"sale-a-{number}", 10)
    unread(till, monkeypatch)
    start = threading.Barrier(2)

    def again() -> None:
        start.wait()
        quarantine.replay(till.store, SITE)

    threads = [threading.Thread(target=again) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sold(till), noted(till.store), noted(till.store, What.DUPLICATE)) == (200, [], [])


def test_what_a_device_gave_back_is_free_once_it_is_heard(
    till: PaperTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.sell("sale-a-1", 700)
    till.send()
    till.give_back(9_300)
    unread(till, monkeypatch)
    assert booked(till.store, "wallet:w1") == 0
    assert quarantine.replay(till.store, SITE).mended == 1
    assert booked(till.store, "wallet:w1") == 9_300
    assert booked(till.store, f"lease:{till.of().id}") == 0
