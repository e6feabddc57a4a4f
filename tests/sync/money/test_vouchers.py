"""Vouchers at central: given once, leased like money, settled once, worth posted, and taken back whole."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from edge.core import lease as edge_end
from edge.core.basket import Line
from edge.core.events import Kind
from edge.core.lease import Lease, report_of
from edge.core.payment import Authorisation, Leg, RefundAsked, Tender, Voided, VoidedLine
from edge.errors import Refused
from sync.central.accounting.day import Fault, prove
from sync.central.accounting.voucher_sums import Campaign, campaigns
from sync.central.days import in_words
from sync.central.money import ledger
from sync.central.money import policy as policies
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import Policy
from sync.central.money.rising import STEP_MS_MAX
from sync.central.privacy import erasure
from sync.central.registry import guests, members, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member, links_of
from sync.central.settling import doubts, vouchers
from sync.central.settling.vouchers import Order
from sync.central.store import Store, text
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet

DRINK = vouchers.free_drink(("drink",))
LEMON = Line(item="lemon", name="Lemonade", quantity=1, price_minor=450, tax_permille=220, category="drink")


def an_order(id_: str = "v-1", **said: Any) -> Order:
    """Three free drinks for whoever pays from the first wallet."""
    return replace(Order(id=id_, voucher=DRINK, units=3, wallet="w1"), **said)


def give(store: Store, *orders: Order) -> list[vouchers.Given]:
    with store.transaction() as tx:
        return [vouchers.give(tx, SITE, order) for order in orders]


def left(store: Store, kind: str = "free_drink") -> tuple[int, int, int]:
    """What is free, at devices and used of a kind."""
    with store.reading() as tx:
        found = vouchers.left(tx, SITE, wallets.wallet(tx, SITE, "w1"))
    return next((one.free, one.at_devices, one.used) for one in found if one.issued.voucher.kind == kind)


def told(store: Store, *people: str) -> list[list[str]]:
    """The kinds of voucher that each guest's bands are told of."""
    with store.reading() as tx:
        found = links_of(tx, SITE, people)
    return [[one.kind for one in found[guest].vouchers] for guest in people]


@pytest.fixture
def till(store: Store) -> PaperTill:
    """A till, and a family: Anna pays, Leo does not."""
    a_wallet(store, guest="anna")
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="leo")])
        members.join(tx, SITE, Member(guest="leo", wallet="w1", no_charge=True))
    return a_till(store)


def voucher_lease(till: PaperTill, kind: str = "free_drink") -> Lease:
    return next(one for one in till.leases.values() if one.kind == kind)


def drinks(till: PaperTill, op_id: str) -> Leg:
    """Sell a lemonade for a free drink."""
    after = edge_end.spend(voucher_lease(till), 1, now_ms=0)
    assert isinstance(after, Lease), after
    till.leases[after.id] = after
    leg = Leg(
        number=1, tender=Tender.DISCOUNT, amount_minor=450, wallet="w1", lease=after.id, kind=after.kind,
        units=1, line=0,
    )  # fmt: skip
    till.paid(op_id, (leg,), (report_of(after),), 450, lines=(LEMON,))
    return leg


def voids(till: PaperTill, void_id: str, op_id: str, leg: Leg) -> None:
    after = edge_end.void(till.leases[leg.lease], 1)
    assert isinstance(after, Lease), after
    till.leases[after.id] = after
    line = VoidedLine(line=0, quantity=1, gross_minor=450, tax_minor=0)
    body = Voided(
        op_id=op_id, void_id=void_id, state=Authorisation.VOIDED, legs=(leg,), lines=(line,),
        leases=(report_of(after),), currency=EUR, point="till-1",
    )  # fmt: skip
    till.write(Kind.PAYMENT_VOIDED, body)


def refund(till: PaperTill, refund_id: str, op_id: str, leg: Leg) -> None:
    line = VoidedLine(line=0, quantity=1, gross_minor=450, tax_minor=0)
    body = RefundAsked(
        refund_id=refund_id, op_id=op_id, legs=(leg,), amount_minor=0, currency=EUR, lines=(line,)
    )
    till.write(Kind.REFUND_ASKED, body)


def test_the_same_order_twice_gives_once_and_equal_terms_lie_together(till: PaperTill) -> None:
    first, again, more = give(till.store, an_order(), an_order(), an_order("v-2", units=2))
    assert (first.fresh, again.fresh, more.fresh) == (True, False, True)
    assert (first.kind, again.kind, more.kind) == ("free_drink", "free_drink", "free_drink")
    assert left(till.store) == (5, 0, 0)


def test_other_terms_are_counted_for_themselves(till: PaperTill) -> None:
    soon = an_order("v-2", voucher=replace(DRINK, valid_until="2026-08-01"))
    _, other = give(till.store, an_order(), soon)
    assert other.kind.startswith("free_drink::")
    with till.store.reading() as tx:
        assert campaigns(tx, SITE) == (Campaign("free_drink", "piece", 6, 0, 0),)


def test_what_is_a_child_s_own_nobody_else_is_told_of(till: PaperTill) -> None:
    give(till.store, an_order(wallet="", guest="leo"))
    assert told(till.store, "anna", "leo") == [[], ["free_drink"]]
    give(till.store, an_order("v-2"))
    anna, leo = told(till.store, "anna", "leo")
    assert len(anna) == 1
    assert set(leo) == {"free_drink", *anna}


def test_a_guest_without_a_wallet_gets_an_empty_one(till: PaperTill) -> None:
    with till.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="mia")])
    (given,) = give(till.store, an_order(wallet="", guest="mia"))
    assert told(till.store, "mia") == [["free_drink"]]
    with till.store.reading() as tx:
        assert wallets.wallet(tx, SITE, given.wallet).currency == EUR


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": 0},
        {"id": ""},
        {"wallet": ""},
        {"voucher": replace(DRINK, kind="money")},
        {"voucher": vouchers.gift("two words")},
        {"voucher": vouchers.gift("a:b")},
        {"voucher": replace(DRINK, valid_until="1.8.2026")},
        {"voucher": replace(DRINK, valid_from="2026-08-02", valid_until="2026-08-01")},
        {"voucher": replace(DRINK, items=("x",) * 65)},
    ],
)
def test_what_no_till_could_use_is_refused(till: PaperTill, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        give(till.store, an_order(**wrong))


def test_a_drink_is_leased_used_given_back_and_proven(till: PaperTill) -> None:
    give(till.store, an_order())
    assert isinstance(till.want(2, kind="free_drink"), PlacedRow)
    assert left(till.store) == (1, 2, 0)
    drinks(till, "sale-v-1")
    second = drinks(till, "sale-v-2")
    voids(till, "void-v-2", "sale-v-2", second)
    till.send()
    till.offer(1, len(till.journal.lanes[1]))
    assert left(till.store) == (1, 1, 1)
    proof = prove(till.store, SITE, NOW_MS - 1, until_ms=NOW_MS + 86_400_000)
    assert (proof.findings, proof.ops) == ((), 3)
    assert proof.trial == {EUR: 0, "free_drink/piece": 0}
    assert [(one.used, one.worth_minor) for one in proof.vouchers] == [(1, 450)]
    assert "vouchers free_drink" in in_words(proof)
    with till.store.reading() as tx:
        assert ledger.balance(tx, SITE, "voucher:free_drink", currency=EUR) == -450
        assert ledger.balance(tx, SITE, f"sales:{till.device.id}", currency=EUR) == 450


def test_a_unit_that_the_ledger_lost_is_found(till: PaperTill) -> None:
    give(till.store, an_order())
    till.want(1, kind="free_drink")
    drinks(till, "sale-v-1")
    till.send()
    with till.store.transaction() as tx:
        for table in ("ledger_posting", "ledger_entry"):
            if till.store.is_postgres:
                tx.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        if not till.store.is_postgres:
            found = tx.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger%'")
            )
            for (name,) in found.all():
                tx.execute(text(f"DROP TRIGGER {name}"))
        tx.execute(text("DELETE FROM ledger_entry WHERE key = 'op:sale-v-1:1/free_drink/piece'"))
        tx.execute(text("DELETE FROM ledger_posting WHERE key = 'op:sale-v-1:1/free_drink/piece'"))
    proof = prove(till.store, SITE, NOW_MS - 1, until_ms=NOW_MS + 86_400_000)
    assert Fault.UNITS in {one.fault for one in proof.findings}


def test_a_refund_gives_the_unit_back_once(till: PaperTill) -> None:
    give(till.store, an_order())
    till.want(1, kind="free_drink")
    leg = drinks(till, "sale-v-1")
    till.send()
    refund(till, "refund-v-1", "sale-v-1", leg)
    refund(till, "refund-v-2", "sale-v-1", leg)
    till.send()
    with till.store.reading() as tx:
        assert ledger.balance(tx, SITE, "wallet:w1", currency="free_drink/piece") == 3
        assert ledger.balance(tx, SITE, "voucher:free_drink", currency=EUR) == 0
        assert set(ledger.trial_balance(tx, SITE).values()) == {0}


def test_taken_back_closes_what_devices_hold_and_leaves_nothing(till: PaperTill) -> None:
    give(till.store, an_order())
    till.want(2, kind="free_drink")
    with till.store.transaction() as tx:
        gone = vouchers.withdraw(tx, SITE, "w1", kind="free_drink")
    assert (gone.free, gone.at_devices) == (0, 2)
    assert told(till.store, "anna") == [[]]
    (asked,) = till.hear().closes
    till.close(asked)
    till.send()
    assert left(till.store) == (0, 0, 0)
    with till.store.reading() as tx:
        assert campaigns(tx, SITE) == (Campaign("free_drink", "piece", 0, 0, 0),)
    (again,) = give(till.store, an_order("v-2"))
    assert (again.kind, left(till.store)) == ("free_drink", (3, 0, 0)), "what is over makes room"
    with till.store.transaction() as tx, pytest.raises(Refused):
        vouchers.withdraw(tx, SITE, "w1", kind="gift:none")


def test_a_withdrawn_unit_that_a_refund_gives_back_is_taken_back_too(till: PaperTill) -> None:
    give(till.store, an_order())
    till.want(1, kind="free_drink")
    leg = drinks(till, "sale-v-1")
    till.send()
    with till.store.transaction() as tx:
        vouchers.withdraw(tx, SITE, "w1", kind="free_drink")
    refund(till, "refund-v-1", "sale-v-1", leg)
    till.send()
    assert left(till.store)[:2] == (0, 0)
    with till.store.reading() as tx:
        assert set(ledger.trial_balance(tx, SITE).values()) == {0}


def test_withdrawn_units_of_a_device_given_up_are_nobody_s(till: PaperTill, clock: Clockwork) -> None:
    with till.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(edge_ttl_s=60, write_off_s=60))
    give(till.store, an_order())
    till.want(2, kind="free_drink")
    with till.store.transaction() as tx:
        vouchers.withdraw(tx, SITE, "w1", kind="free_drink")
    for _ in range(4):
        clock.ms += STEP_MS_MAX
        with till.store.transaction() as tx:
            doubts.sweep(tx, SITE)
    assert left(till.store) == (0, 0, 0)
    with till.store.reading() as tx:
        assert ledger.balance(tx, SITE, "loss:in_doubt", currency="free_drink/piece") == -2


def test_an_erased_guest_s_own_vouchers_go_with_them(till: PaperTill) -> None:
    give(till.store, an_order(wallet="", guest="leo"), an_order("v-2"))
    with till.store.transaction() as tx:
        erasure.erase(tx, SITE, "leo")
    with till.store.reading() as tx:
        held = wallets.wallet(tx, SITE, "w1").vouchers
    assert [(one.guest, one.withdrawn) for one in held] == [("", True), ("", False)]
