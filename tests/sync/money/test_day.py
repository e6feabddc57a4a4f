"""The day's proof: a good day leaves nothing unexplained, and each planted fault is found and named."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.shift import CashMove, CashMoved, ShiftClosed, Takings
from sync.central.accounting.day import DayProof, Fault, prove
from sync.central.books import Book, Gap
from sync.central.days import bounds, in_words
from sync.central.money import ledger, pots
from sync.central.money import policy as policies
from sync.central.money.ledger import Entry, Posting, post
from sync.central.money.policy import Policy
from sync.central.store import Store, text
from tests.sync.builders import NOW_MS, SITE
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet

DAY = (NOW_MS - 1, NOW_MS + 86_400_000)


@pytest.fixture
def till(store: Store) -> PaperTill:
    """A till after some hours: sales, a void, cash, a refund, and money given back."""
    a_wallet(store, guest="anna")
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0))
    made = a_till(store)
    made.want(8_000)
    for number in range(4):
        made.sell(f"sale-a-{number}", 500)
    made.void("void-a-1", "sale-a-1", 500)
    made.mint("cash-a-1", 2_000)
    made.refund("refund-a-1", "sale-a-2", 200)
    made.give_back(1_000)
    made.send()
    return made


def proof(store: Store) -> DayProof:
    return prove(store, SITE, DAY[0], until_ms=DAY[1])


def faults(store: Store) -> dict[str, str]:
    return {one.of: one.fault.value for one in proof(store).findings}


def unguarded(store: Store, *statements: str) -> None:
    """Tamper as somebody would who has the database's own password: past its triggers."""
    with store.transaction() as tx:
        for table in ("ledger_posting", "ledger_entry"):
            if store.is_postgres:
                tx.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        if not store.is_postgres:
            found = tx.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger%'")
            )
            for (name,) in found.all():
                tx.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            tx.execute(text(statement))


def test_a_good_day_is_proven(till: PaperTill) -> None:
    found = proof(till.store)
    assert (found.findings, found.unexplained, found.proven) == ((), 0, True)
    assert (found.ops, found.postings, found.trial) == (7, 7, {EUR: 0})
    (line,) = found.tills
    assert (line.ops, line.sold_minor, line.back_minor) == (4, 2_000, 700)
    assert found.figures.set_aside_minor == till.of().spendable
    assert in_words(found).startswith("proven: 7 ops")


PLANTED: dict[str, tuple[tuple[str, ...], Fault, str]] = {
    "a posting is missing": (
        (
            "DELETE FROM ledger_entry WHERE key = 'op:sale-a-0:1'",
            "DELETE FROM ledger_posting WHERE key = 'op:sale-a-0:1'",
        ),
        Fault.NO_POSTING,
        "op:sale-a-0:1",
    ),
    "a wrong amount, balanced": (
        (
            "UPDATE ledger_entry SET minor = minor - 1 WHERE key = 'op:sale-a-0:1' AND line = 0",
            "UPDATE ledger_entry SET minor = minor + 1 WHERE key = 'op:sale-a-0:1' AND line = 1",
        ),
        Fault.AMOUNT,
        "op:sale-a-0:1",
    ),
    "a wrong amount, unbalanced": (
        ("UPDATE ledger_entry SET minor = minor + 1 WHERE key = 'op:sale-a-0:1' AND account LIKE 'sales:%'",),
        Fault.UNBALANCED,
        EUR,
    ),
    "a receipt is missing": (
        ("DELETE FROM event WHERE kind = 50 AND seq = 1 AND lane = 1",),
        Fault.NO_RECEIPT,
        "op:sale-a-0:1",
    ),
    "a top-up without its posting": (
        (
            "DELETE FROM ledger_entry WHERE key = 'topup:cash-a-1'",
            "DELETE FROM ledger_posting WHERE key = 'topup:cash-a-1'",
        ),
        Fault.NO_POSTING,
        "topup:cash-a-1",
    ),
}


@pytest.mark.parametrize(("statements", "fault", "of"), PLANTED.values(), ids=PLANTED)
def test_each_planted_fault_is_found_and_named(
    till: PaperTill, statements: tuple[str, ...], fault: Fault, of: str
) -> None:
    unguarded(till.store, *statements)
    found = proof(till.store)
    assert faults(till.store).get(of) == fault.value
    assert not found.proven
    assert of in in_words(found)


def test_a_doubled_posting_is_found_and_so_is_its_lease(till: PaperTill) -> None:
    lease, device = till.of().id, till.device.id
    entries = (Entry(f"lease:{lease}", -500), Entry(f"sales:{device}", 500))
    twice = Posting(
        site=SITE, key="op:sale-a-0-again:1", kind="sale", at_ms=NOW_MS, currency=EUR, entries=entries,
        device=device, lease=lease,
    )  # fmt: skip
    with till.store.transaction() as tx:
        post(tx, twice)
    assert faults(till.store) == {"op:sale-a-0-again:1": "no_receipt", lease: "lease"}


def test_a_lease_whose_totals_were_changed_is_named(till: PaperTill) -> None:
    unguarded(till.store, "UPDATE lease SET spent = spent + 5")
    assert faults(till.store) == {till.of().id: "lease"}


def test_what_was_set_aside_is_unexplained_until_it_is_settled(till: PaperTill) -> None:
    till.void("void-a-9", "sale-none", 100)
    till.send()
    found = proof(till.store)
    assert {one.fault for one in found.findings} == {Fault.ASIDE}
    assert "Nothing is known" in in_words(found)


def test_a_suppressed_duplicate_is_counted_and_no_fault(till: PaperTill) -> None:
    first = till.journal.lanes[1][0]
    till.journal.append(1, first.body, kind=first.kind)
    till.send()
    found = proof(till.store)
    assert (found.proven, found.figures.duplicates) == (True, 1)


def _closing(**said: int | str) -> ShiftClosed:
    told: dict[str, object] = {
        "shift": "s1", "drawer": "drawer-1", "number": 1, "staff": "ada", "opened_by": "ada",
        "opened_ms": NOW_MS, "float_minor": 1_000, "counted_minor": 2_950, "expected_minor": 3_000,
        "difference_minor": -50, "reason": "a coin fell", "currency": EUR,
        "takings": Takings(top_ups_minor=2_000),
    }  # fmt: skip
    return ShiftClosed(**{**told, **said})  # type: ignore[arg-type]  # each test says what it twists


def test_a_drawers_difference_is_posted_with_its_reason_and_never_smoothed(till: PaperTill) -> None:
    till.write(Kind.SHIFT_CLOSED, _closing())
    till.send()
    with till.store.reading() as tx:
        assert ledger.balance(tx, SITE, "imbalance:drawer-1", currency=EUR) == -50
        assert ledger.balance(tx, SITE, "cash:drawer-1", currency=EUR) == -1_950
    assert proof(till.store).proven


@pytest.mark.parametrize(
    "said",
    [
        {"expected_minor": 2_950, "difference_minor": 0},
        {"difference_minor": -40},
        {"reason": ""},
    ],
    ids=["smoothed", "does not add up", "no reason"],
)
def test_a_drawer_that_does_not_follow_from_its_records_is_named(
    till: PaperTill, said: dict[str, int | str]
) -> None:
    till.write(Kind.SHIFT_CLOSED, _closing(**said))
    till.send()
    assert "drawer" in faults(till.store).values()


def test_cash_moved_by_one_person_alone_is_set_aside(till: PaperTill) -> None:
    for approver in ("bob", "ada", ""):
        moved = CashMoved(
            shift="s1", drawer="drawer-1", move=CashMove.DROP, amount_minor=700, currency=EUR,
            staff="ada", approver=approver,
        )  # fmt: skip
        till.write(Kind.CASH_MOVED, moved)
    till.send()
    with till.store.reading() as tx:
        assert ledger.balance(tx, SITE, "safe", currency=EUR) == -700
    assert list(faults(till.store).values()) == ["aside", "aside"]


def test_a_providers_book_is_set_beside_our_postings(
    till: PaperTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    with till.store.transaction() as tx:
        pots.top_up(tx, SITE, "charge:c1", wallet="w1", paid=("psp:test", 900, EUR))
    same = Book(account="psp:test", currency=EUR, there=900, here=900, read_ms=DAY[1])
    monkeypatch.setattr("sync.central.accounting.day.BOOKS", [lambda *_: (same,)])
    assert proof(till.store).proven
    more = msgspec.structs.replace(same, there=1_000)
    monkeypatch.setattr("sync.central.accounting.day.BOOKS", [lambda *_: (more,)])
    (found,) = proof(till.store).findings
    assert (found.fault, found.of, found.minor) == (Fault.PROVIDER, "psp:test", -100)
    named = msgspec.structs.replace(more, gaps=(Gap("charge:c2", 100, 0, "not posted"),))
    monkeypatch.setattr("sync.central.accounting.day.BOOKS", [lambda *_: (named,)])
    (found,) = proof(till.store).findings
    assert (found.fault, found.of, found.minor) == (Fault.PROVIDER, "charge:c2", -100)


def test_a_days_bounds_are_the_sites_own(till: PaperTill) -> None:
    first, after = bounds(till.store, SITE, "2026-10-25")
    assert after - first == 25 * 3_600_000, "the night in which the clocks go back"
