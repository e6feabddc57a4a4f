"""Takings: each event of money is booked once, however often it comes, and nothing stops the lane."""

from __future__ import annotations

import pytest

from edge.core.basket import Line
from edge.core.decision import Reason
from edge.core.events import Kind
from edge.core.lease import Counters, Grant, Lease, Report, Want, report_of
from edge.core.lease import child as edge_end
from edge.core.payment import Authorisation, LeaseMoved, Leg, Tender, VoidedLine
from edge.errors import PolsoError
from sync.central.accounting import ops
from sync.central.accounting.ops import What
from sync.central.intake import Rejected
from sync.central.money import leases, ledger, pots
from sync.central.money import policy as policies
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import Policy
from sync.central.store import Store
from sync.wire import Ack
from tests.sync.builders import SITE
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet, row_of

BROAD = Policy(reserve_permille=0, mint_minor_max=10_000)


@pytest.fixture
def till(store: Store) -> PaperTill:
    """A till that holds all of a wallet of 100.00."""
    a_wallet(store, guest="anna")
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, BROAD)
    made = a_till(store)
    made.want(10_000)
    return made


def booked(store: Store, account: str, unit: str = EUR) -> int:
    with store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        return ledger.balance(tx, SITE, account, currency=unit)


def sold(till: PaperTill) -> int:
    return booked(till.store, f"sales:{till.device.id}")


def noted(store: Store, what: What) -> list[str]:
    with store.reading() as tx:
        return [one.why or one.of for one in ops.notes(tx, SITE, what=what)]


def test_a_sale_moves_money_from_the_lease_to_sales_and_its_taxes(till: PaperTill) -> None:
    lines = (
        Line(item="a", name="Soup", quantity=1, price_minor=1_100, tax_permille=100),
        Line(item="b", name="Cap", quantity=1, price_minor=1_220, tax_permille=220),
    )
    till.sell("sale-a-1", 2_320, lines=lines)
    till.send()
    lease = till.of().id
    assert (booked(till.store, f"lease:{lease}"), sold(till)) == (7_680, 2_000)
    assert (booked(till.store, "tax:100"), booked(till.store, "tax:220")) == (100, 220)
    assert row_of(till.store, lease).placed.counters == till.of().counters


def test_sent_twice_whole_or_in_parts_books_once(till: PaperTill) -> None:
    for number in range(5):
        till.sell(f"sale-a-{number}", 100)
    till.send()
    assert isinstance(till.offer(1, 5), Ack)
    till.sell("sale-a-5", 100)
    assert isinstance(till.offer(3, 6), Ack)
    assert sold(till) == 600
    assert noted(till.store, What.DUPLICATE) == []


def test_one_op_told_by_two_records_is_booked_once_and_noted(till: PaperTill) -> None:
    """ERPNext's point of sale made a second invoice of a sale that was sent again; here the op is the key."""
    till.sell("sale-a-1", 700)
    first = till.journal.lanes[1][-1]
    till.journal.append(1, first.body, kind=first.kind)
    till.send()
    assert (sold(till), len(noted(till.store, What.DUPLICATE))) == (700, 1)


def test_one_op_with_another_amount_is_set_aside_and_the_lane_goes_on(till: PaperTill) -> None:
    till.sell("sale-a-1", 700)
    till.send()
    till.sell("sale-a-1", 900)
    till.sell("sale-a-2", 50)
    till.send()
    assert sold(till) == 750
    (why,) = noted(till.store, What.ASIDE)
    assert "other content" in why


def test_a_void_gives_back_to_the_lease_what_it_took_line_by_line(till: PaperTill) -> None:
    lines = (Line(item="a", name="Soup", quantity=2, price_minor=1_100, tax_permille=100),)
    till.sell("sale-a-1", 2_200, lines=lines)
    part = (VoidedLine(line=0, quantity=1, gross_minor=1_100, tax_minor=100),)
    till.void("void-a-1", "sale-a-1", 1_100, lines=part)
    till.send()
    assert (sold(till), booked(till.store, "tax:100")) == (1_000, 100)
    assert booked(till.store, f"lease:{till.of().id}") == 8_900


def test_a_void_above_what_is_left_and_a_void_of_nothing_are_set_aside(till: PaperTill) -> None:
    till.sell("sale-a-1", 500)
    till.sell("sale-a-2", 500)
    till.void("void-a-1", "sale-a-1", 500)
    till.void("void-a-2", "sale-a-1", 100)
    till.void("void-a-3", "sale-none", 100)
    till.send()
    assert sold(till) == 500
    assert len(noted(till.store, What.ASIDE)) == 2


def test_cash_paid_in_at_a_till_is_in_its_drawer_and_on_its_lease(till: PaperTill) -> None:
    till.mint("cash-a-1", 2_000)
    till.send()
    assert (booked(till.store, "cash:drawer-1"), booked(till.store, f"lease:{till.of().id}")) == (
        -2_000,
        12_000,
    )


def test_more_cash_than_a_device_may_take_in_is_set_aside_until_somebody_looks(till: PaperTill) -> None:
    till.mint("cash-a-1", 9_000)
    till.mint("cash-a-2", 2_000)
    till.send()
    assert booked(till.store, "cash:drawer-1") == -9_000
    assert len(noted(till.store, What.ASIDE)) == 1


def test_a_device_opens_a_lease_for_cash_by_itself_and_no_other_kind(till: PaperTill) -> None:
    other = a_till(till.store, "till-2")
    own = Grant(
        lease="own-till-2", wallet="w1", unit=EUR, device=other.device.id, incarnation=1, total=0, ttl_s=9**5
    )
    other.take(own)
    other.mint("cash-b-1", 500)
    other.give_back(500)
    other.send()
    assert (booked(till.store, "wallet:w1"), booked(till.store, "cash:drawer-1")) == (500, -500)
    faked = Report(
        lease="own-fake", wallet="w1", kind="money", unit=EUR, incarnation=1,
        counters=Counters(granted=5_000, returned=5_000),
    )  # fmt: skip
    other.write(Kind.LEASE_RETURNED, LeaseMoved(lease=faked))
    other.send()
    assert booked(till.store, "wallet:w1") == 500


def test_a_lease_that_a_device_opened_for_cash_is_enlarged_as_any_other(till: PaperTill) -> None:
    """Central has it of the device's own record, and never told it of it: it has no serial yet."""
    other = a_till(till.store, "till-2")
    other.take(
        Grant(
            lease="own-till-2",
            wallet="w1",
            unit=EUR,
            device=other.device.id,
            incarnation=1,
            total=0,
            ttl_s=60,
        )
    )
    other.mint("cash-b-1", 500)
    other.send()
    more = Want(wallet="w1", kind="money", lease="own-till-2", total=300, why="basket")
    with till.store.transaction() as tx:
        pots.top_up(tx, SITE, "charge:w1:more", wallet="w1", paid=("bank", 300, EUR))
        told = leases.grant(tx, other.device, more)
    assert isinstance(told, PlacedRow), told
    assert (told.id, told.placed.counters.granted, told.placed.counters.minted) == ("own-till-2", 300, 500)
    assert booked(till.store, "lease:own-till-2") == 800


def test_a_hold_is_held_and_its_end_sells_one_part_and_gives_back_the_other(till: PaperTill) -> None:
    till.sell("hold-a-1", 3_000, state=Authorisation.AUTHORISED)
    till.send()
    assert (booked(till.store, f"held:{till.device.id}"), sold(till)) == (3_000, 0)
    after = edge_end.void(till.of(), 1_200)
    assert isinstance(after, Lease)
    till.leases[after.id] = after
    leg = Leg(
        number=1, tender=Tender.WALLET, amount_minor=3_000, wallet="w1", lease=after.id, units=3_000,
        voided_minor=1_200, voided_units=1_200,
    )  # fmt: skip
    till.end_hold("hold-a-1", 1_800, (leg,), (report_of(after),))
    till.send()
    assert (booked(till.store, f"held:{till.device.id}"), sold(till)) == (0, 1_800)
    assert booked(till.store, f"lease:{after.id}") == 8_200


def test_a_split_is_held_until_it_is_whole(till: PaperTill) -> None:
    till.sell("split-a-1", 400, state=Authorisation.AUTHORISED, due=600)
    cash = Leg(number=2, tender=Tender.CASH, amount_minor=600)
    lines = (Line(item="i", name="Soup", quantity=1, price_minor=1_000),)
    till.paid("split-a-1", (cash,), (), 1_000, lines=lines)
    till.send()
    assert (booked(till.store, f"held:{till.device.id}"), sold(till)) == (0, 1_000)
    assert booked(till.store, "cash:till-1") == -600


def test_a_refund_goes_to_the_wallet_once_and_never_above_what_is_left(till: PaperTill) -> None:
    till.sell("sale-a-1", 2_000)
    till.refund("refund-a-1", "sale-a-1", 1_500)
    till.refund("refund-a-1", "sale-a-1", 1_500)
    till.refund("refund-a-2", "sale-a-1", 600)
    till.send()
    assert (booked(till.store, "wallet:w1"), sold(till)) == (1_500, 500)
    assert len(noted(till.store, What.ASIDE)) == 1, "the second is above what is left"
    assert len(noted(till.store, What.DUPLICATE)) == 1, "the repeat is the same refund"


def test_a_declined_payment_moves_nothing_and_is_noted_where_central_had_the_money(till: PaperTill) -> None:
    till.give_back(9_000)
    till.paid("sale-a-1", (), (), 4_000, state=None, reason=Reason.INSUFFICIENT_HERE, due=4_000)
    till.send()
    assert sold(till) == 0
    assert noted(till.store, What.FALSE_DENIAL) == [], "no band, no wallet: nobody was denied falsely"


def _twisted(report: Report, **said: int) -> Report:
    counters = {name: getattr(report.counters, name) for name in report.counters.__struct_fields__}
    return Report(
        lease=report.lease, wallet=report.wallet, kind=report.kind, unit=report.unit,
        incarnation=report.incarnation, counters=Counters(**{**counters, **said}),
    )  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [{"granted": 10**9}, {"spent": 20_000}, {"voided": 1}, {"returned": 20_000}, {"spent": -1}],
    ids=str,
)
def test_totals_that_no_lease_can_have_move_nothing(till: PaperTill, said: dict[str, int]) -> None:
    before = row_of(till.store, till.of().id)
    till.write(Kind.LEASE_RETURNED, LeaseMoved(lease=_twisted(report_of(till.of()), **said)))
    till.send()
    assert row_of(till.store, till.of().id).placed == before.placed
    assert (booked(till.store, "wallet:w1"), len(noted(till.store, What.ASIDE))) == (0, 1)


def test_nobody_reports_on_the_lease_of_another_device(till: PaperTill) -> None:
    other = a_till(till.store, "till-2")
    stolen = _twisted(report_of(till.of()), returned=10_000)
    other.write(Kind.LEASE_RETURNED, LeaseMoved(lease=stolen))
    other.send()
    assert booked(till.store, "wallet:w1") == 0
    assert "another device" in noted(till.store, What.ASIDE)[0]


def test_a_body_that_cannot_be_read_stops_nothing(till: PaperTill) -> None:
    till.journal.append(1, b"\x91\x01", kind=int(Kind.PAID))
    till.sell("sale-a-1", 100)
    till.send()
    assert (sold(till), len(noted(till.store, What.ASIDE))) == (100, 1)


def test_what_is_set_aside_calls_the_operator(till: PaperTill) -> None:
    from sync.central.alarms import alarms

    till.journal.append(1, b"\x91\x01", kind=int(Kind.PAID))
    till.send()
    with till.store.reading() as tx:
        assert [one.reason for one in alarms(tx, SITE)] == ["money_aside"]


def test_older_totals_that_come_again_take_nothing_back(till: PaperTill) -> None:
    """A quantity that falls back to its default on the way, as elsewhere, has no way in."""
    old = report_of(till.of())
    till.sell("sale-a-1", 3_000)
    till.write(Kind.LEASE_STATE, LeaseMoved(lease=old))
    till.send()
    assert row_of(till.store, old.lease).placed.counters.spent == 3_000


def test_a_fork_of_the_journal_books_nothing(till: PaperTill) -> None:
    till.sell("sale-a-1", 100)
    copy = till.journal.copy()
    till.send()
    copy.lanes[1].pop()
    copy.append(1, b"\x90", kind=int(Kind.PAID))
    till.journal = copy
    assert isinstance(till.offer(1, 1), Rejected)
    assert sold(till) == 100


@pytest.mark.parametrize("size", [1, 7, 50])
def test_a_backlog_is_booked_alike_in_pieces_of_any_size(till: PaperTill, size: int) -> None:
    for number in range(40):
        till.sell(f"sale-a-{number}", 100 + number)
        if number % 5 == 0:
            till.void(f"void-a-{number}", f"sale-a-{number}", 100 + number)
    last = len(till.journal.lanes[1])
    for first in range(1, last + 1, size):
        assert isinstance(till.offer(first, min(last, first + size - 1)), Ack)
    wanted = sum(100 + number for number in range(40) if number % 5)
    assert sold(till) == wanted
    assert booked(till.store, f"lease:{till.of().id}") == till.of().spendable == 10_000 - wanted


def test_worth_counts_what_is_free_and_what_devices_hold(till: PaperTill) -> None:
    till.sell("sale-a-1", 2_500)
    till.give_back(1_000)
    till.send()
    with till.store.reading() as tx:
        assert pots.worth(tx, SITE, "w1", currency=EUR) == (1_000, 6_500, 0)


def test_errors_of_the_database_are_no_reason_to_set_anything_aside(
    till: PaperTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that meets a busy database is refused whole and comes again."""
    from edge.errors import StoreBusy

    def busy(*_: object) -> None:
        raise StoreBusy("Another worker posts.")

    till.sell("sale-a-1", 100)
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "post_all", busy)
        with pytest.raises(PolsoError):
            till.send()
    till.send()
    assert (sold(till), noted(till.store, What.ASIDE)) == (100, [])
