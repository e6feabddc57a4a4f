"""A till that lies about its leases: nothing moves, somebody is called, and the wallet is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.lease import Close, Counters, LeaseState, Report, Want, report_of
from edge.core.payment import Authorisation, LeaseMoved, Leg, Tender
from sync.central import alarms
from sync.central.accounting import ops
from sync.central.accounting.ops import What
from sync.central.intake import Rejected
from sync.central.money import leases, ledger, pots
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.money.rising import STEP_MS_MAX, advance
from sync.central.settling.doubts import sweep
from sync.central.store import Store
from sync.lending import Unplaced
from sync.wire import Ack, Problem
from tests.sync.builders import SITE, Clockwork
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet, row_of

LENT = 4_000
HONEST = 1_000
"""What it sold and told before it began to lie."""


@pytest.fixture
def clock() -> Clockwork:
    """Central's time."""
    return Clockwork()


@pytest.fixture
def store(tmp_path: Path, clock: Clockwork) -> Iterator[Store]:
    """Central's database."""
    opened = Store(str(tmp_path / "central.db"), now_ms=clock)
    yield opened
    opened.close()


@pytest.fixture
def till(store: Store) -> PaperTill:
    """A till that holds forty euros of a hundred, and has sold for ten."""
    a_wallet(store, guest="anna")
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0, edge_ttl_s=60, write_off_s=0))
        advance(tx, SITE)
    made = a_till(store)
    made.want(LENT)
    made.sell("sale-honest-1", HONEST)
    made.send()
    return made


def books(store: Store) -> dict[str, int]:
    """Every account that holds anything; all of them sum to zero."""
    with store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        found = ledger.standings(tx, SITE)
    return {f"{one.account} {one.currency}": one.minor for one in found if one.minor}


def aside(store: Store) -> list[str]:
    with store.reading() as tx:
        return [one.why for one in ops.notes(tx, SITE, what=What.ASIDE)]


def called(store: Store) -> list[str]:
    with store.reading() as tx:
        return [one.reason for one in alarms.alarms(tx, SITE)]


def twisted(report: Report, **said: Any) -> Report:
    """The same report with other totals, or another lease's name."""
    known = report.counters
    counters = {name: said.pop(name, getattr(known, name)) for name in known.__struct_fields__}
    return msgspec.structs.replace(report, counters=Counters(**counters), **said)


def lies(till: PaperTill, report: Report, *, minor: int = 500, legs: int | None = None) -> None:
    """A sale that is told with these totals."""
    lease = till.of().id
    part = minor if legs is None else legs
    leg = Leg(number=1, tender=Tender.WALLET, amount_minor=part, wallet="w1", lease=lease, units=part)
    till.paid(f"sale-lie-{len(till.journal.lanes[1])}", (leg,), (report,), minor)


TOTALS: dict[str, dict[str, Any]] = {
    "spent more than was granted": {"spent": LENT + 1},
    "granted more to itself": {"granted": 10**9},
    "granted to itself and spent": {"granted": 10**9, "spent": 10**9 - 1},
    "below zero": {"spent": -1},
    "voided what was never spent": {"voided": HONEST + 501},
    "gave back more than it had": {"returned": LENT},
    "beyond any counter": {"spent": 2**62, "granted": 2**62},
    "a huge mint to spend from": {"minted": 2**60, "spent": 2**60},
    "another life of the device": {"incarnation": 2},
    "an older life of the device": {"incarnation": 0},
    "another wallet": {"wallet": "w2"},
    "another kind": {"kind": "free_drink"},
    "another currency": {"unit": "JPY"},
    "a lease that nobody granted": {"lease": "lease-of-mine", "spent": 500},
}


@pytest.mark.parametrize("said", TOTALS.values(), ids=list(TOTALS))
def test_totals_that_cannot_be_move_nothing_and_call_the_operator(
    store: Store, till: PaperTill, said: dict[str, Any]
) -> None:
    before, row = books(store), row_of(store, till.of().id)
    lies(till, twisted(report_of(till.of()), **said))
    till.send()
    assert books(store) == before
    assert row_of(store, till.of().id).placed == row.placed
    assert len(aside(store)) == 1
    assert called(store) == ["money_aside"]


@pytest.mark.parametrize(
    ("minor", "legs"),
    [(500, 499), (500, 501), (500, -500), (0, 500)],
    ids=["less", "more", "negative", "free"],
)
def test_legs_that_are_not_the_basket_s_sum_move_nothing(
    store: Store, till: PaperTill, minor: int, legs: int
) -> None:
    before = books(store)
    lies(till, report_of(till.of()), minor=minor, legs=legs)
    till.send()
    assert books(store) == before
    assert (len(aside(store)), called(store)) == (1, ["money_aside"])


def test_an_op_that_its_lease_does_not_count_is_never_worth_more_than_was_lent(
    store: Store, till: PaperTill
) -> None:
    """Sales without a report: what it says to have sold is booked against what it holds, and seen."""
    for _ in range(10):
        lies(till, report_of(till.of()), minor=LENT)
    till.send()
    with store.reading() as tx:
        assert pots.free_of(tx, SITE, "w1", currency=EUR) == 10_000 - LENT, "the wallet gives no more"


def test_another_device_s_lease_is_not_spent_returned_or_closed(store: Store, till: PaperTill) -> None:
    thief = a_till(store, "till-2")
    before, row = books(store), row_of(store, till.of().id)
    stolen = report_of(till.of())
    for report, kind in (
        (twisted(stolen, returned=LENT - HONEST), Kind.LEASE_RETURNED),
        (twisted(stolen, returned=LENT - HONEST, state=LeaseState.CLOSED), Kind.LEASE_STATE),
        (twisted(stolen, spent=LENT), Kind.LEASE_STATE),
    ):
        thief.write(kind, LeaseMoved(lease=report))
    leg = Leg(number=1, tender=Tender.WALLET, amount_minor=500, wallet="w1", lease=stolen.lease, units=500)
    thief.paid("sale-theft-1", (leg,), (twisted(stolen, spent=HONEST + 500),), 500)
    thief.send()
    assert (books(store), row_of(store, stolen.lease).placed) == (before, row.placed)
    assert len(aside(store)) == 4
    assert all("another device" in why for why in aside(store))


def test_another_device_s_lease_is_not_enlarged(store: Store, till: PaperTill) -> None:
    thief = a_till(store, "till-2")
    with store.transaction() as tx:
        told = leases.grant(tx, thief.device, Want(wallet="w1", lease=till.of().id, total=9_000))
    assert isinstance(told, Unplaced)
    assert told.why == "not_open"
    assert row_of(store, till.of().id).placed.counters.granted == LENT


def test_a_replay_of_what_was_told_is_a_duplicate_and_another_story_a_fork(
    store: Store, till: PaperTill
) -> None:
    before = books(store)
    copy = till.journal.copy()
    told = till.offer(1, till.sent)
    assert isinstance(told, Ack)
    assert told.duplicates == till.sent
    copy.lanes[1][-1:] = []
    till.journal = copy
    till.void("void-lie-1", "sale-honest-1", HONEST)
    refused = till.offer(1, till.sent)
    assert isinstance(refused, Rejected)
    assert refused.problem is Problem.FORK
    assert books(store) == before


def test_the_same_sale_in_other_words_and_a_void_twice_are_set_aside(store: Store, till: PaperTill) -> None:
    till.void("void-a-1", "sale-honest-1", 400)
    till.send()
    before = books(store)
    first, void = till.journal.lanes[1][0], till.journal.lanes[1][-1]
    till.journal.append(1, first.body, kind=first.kind)
    till.journal.append(1, void.body, kind=void.kind)
    lies(till, report_of(till.of()), minor=LENT * 9)
    till.send()
    assert books(store)["wallet:w1 EUR"] == before["wallet:w1 EUR"]
    with store.reading() as tx:
        assert len(ops.notes(tx, SITE, what=What.DUPLICATE)) >= 1


def written_off(store: Store, clock: Clockwork, till: PaperTill) -> dict[str, int]:
    """Its lease is given up: the guest has the rest back, the operator bears it."""
    for _ in range(3):
        clock.ms += STEP_MS_MAX
        with store.transaction() as tx:
            sweep(tx, SITE)
    assert row_of(store, till.of().id).placed.state == "written_off"
    return books(store)


@pytest.mark.parametrize(
    "said",
    [
        {"spent": LENT * 3},
        {"granted": 10**9, "returned": 10**9 - HONEST},
        {"minted": -1},
        {"returned": LENT + 1},
    ],
    ids=str,
)
def test_lies_after_a_write_off_move_nothing(
    store: Store, till: PaperTill, clock: Clockwork, said: dict[str, int]
) -> None:
    before = written_off(store, clock, till)
    till.write(Kind.LEASE_STATE, LeaseMoved(lease=twisted(report_of(till.of()), **said)))
    till.send()
    assert books(store) == before
    assert "money_aside" in called(store)


def test_what_comes_late_and_is_true_lowers_the_loss_and_calls_somebody(
    store: Store, till: PaperTill, clock: Clockwork
) -> None:
    """The control: the same lease, an honest report."""
    before = written_off(store, clock, till)
    till.close(Close(lease=till.of().id, incarnation=1, total=LENT))
    till.send()
    after = books(store)
    assert after.get("loss:in_doubt EUR", 0) == before["loss:in_doubt EUR"] + LENT - HONEST == 0
    assert after["wallet:w1 EUR"] == before["wallet:w1 EUR"] == 10_000 - HONEST
    assert "money_late" in called(store)
    with store.transaction() as tx:
        again = leases.grant(tx, till.device, Want(wallet="w1", lease=till.of().id, total=9_000))
    assert isinstance(again, Unplaced), "what was given up is never filled again"


BODIES: dict[str, Callable[[PaperTill], bytes]] = {
    "no body": lambda till: b"",
    "another kind of body": lambda till: msgspec.msgpack.encode(["x"]),
    "a float for money": lambda till: msgspec.msgpack.encode({"op_id": "a", "total_minor": 1.5}),
    "an amount beyond a number": lambda till: msgspec.msgpack.encode({"op_id": "a", "total_minor": 2**63}),
}


@pytest.mark.parametrize("made", BODIES.values(), ids=list(BODIES))
def test_a_body_that_is_none_moves_nothing(
    store: Store, till: PaperTill, made: Callable[[PaperTill], bytes]
) -> None:
    before = books(store)
    till.journal.append(1, made(till) or b"\xc0", kind=int(Kind.PAID))
    till.send()
    assert books(store) == before
    assert called(store) == ["money_aside"]


def test_an_honest_sale_goes_on_after_every_lie(store: Store, till: PaperTill) -> None:
    for said in TOTALS.values():
        lies(till, twisted(report_of(till.of()), **said))
    assert till.sell("sale-honest-2", 300)
    till.send()
    assert books(store)[f"sales:{till.device.id} EUR"] == HONEST + 300
    assert Authorisation.CAPTURED in {one.state for one in _ops(store)}


def _ops(store: Store) -> list[Any]:
    with store.reading() as tx:
        return list(ops.by_id(tx, SITE, ["sale-honest-1", "sale-honest-2"]).values())
