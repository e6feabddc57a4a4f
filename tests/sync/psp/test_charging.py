"""What was bought on risk is charged at once, sale by sale or day by day, as the operator decided."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.wallet import MandateState
from sync.central.money import policy as policies
from sync.central.money.policy import Charging, Policy
from sync.central.psp.handshake import revoke
from sync.central.psp.judgement import SOFT_MS, Purpose, State
from sync.central.psp.owing import SALES_MAX, Due, Sale, due, owing
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.stripe import Stripe
from sync.central.registry import wallets
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.psp.shop import WALLET, Shop, a_card
from tests.sync.psp.test_wants import all_charges, bought_at_risk, moved, said, work
from tests.sync.psp.test_wants import shop as a_guest_with_a_wallet

DAY_MS = 24 * 3_600_000
SALES = (Sale("op:a", 500, 10), Sale("op:b", 700, 20), Sale("", 30, 30))


@pytest.fixture
def shop(store: Store, clock: Clockwork, sandbox: Sandbox, psp: Stripe) -> Shop:
    """A guest who bought at risk; nothing fills their wallet."""
    made = a_guest_with_a_wallet.__wrapped__(store, clock, sandbox, psp)
    with store.transaction() as tx:
        bare = msgspec.structs.replace(wallets.lock(tx, SITE, WALLET), low_minor=None, fill_minor=None)
        wallets.change(tx, SITE, bare)
    return made


def decided(shop: Shop, charging: Charging) -> None:
    with shop.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(charging=charging))


def debts(shop: Shop) -> list[tuple[int, str, State]]:
    """Charges for what was owed, the first one first."""
    found = [one for one in all_charges(shop) if one.purpose is Purpose.DEBT]
    return [(one.money.minor, one.about, one.state) for one in reversed(found)]


def test_each_way_of_charging_takes_its_own_sales() -> None:
    assert due(SALES, Charging.AT_ONCE, day_ms=15) == Due(1_230, "op:a op:b")
    assert due(SALES, Charging.EACH, day_ms=15) == Due(500, "op:a")
    assert due(SALES, Charging.DAY, day_ms=15) == Due(500, "op:a")
    assert due(SALES, Charging.DAY, day_ms=5) == Due(0, "")


def test_every_sale_is_charged_by_itself_and_named(shop: Shop) -> None:
    decided(shop, Charging.EACH)
    a_card(shop, Card.PAID)
    for name, minor in (("op:t1", 1_200), ("op:t2", 300)):
        bought_at_risk(shop, minor, name)
        shop.clock.ms += 1
    for _ in range(3):
        shop.clock.ms += 1_000
        work(shop)
    assert debts(shop) == [(1_200, "op:t1", State.PAID), (300, "op:t2", State.PAID)]
    assert shop.holds("debt:w1") == 0
    assert shop.books_agree()


def test_what_a_guest_owes_of_a_day_is_charged_in_one_sum_when_it_is_over(shop: Shop) -> None:
    decided(shop, Charging.DAY)
    a_card(shop, Card.PAID)
    bought_at_risk(shop, 1_200, "op:t1")
    shop.clock.ms += 1_000
    bought_at_risk(shop, 300, "op:t2")
    work(shop)
    assert debts(shop) == []
    shop.clock.ms += DAY_MS
    bought_at_risk(shop, 90, "op:t3")
    work(shop)
    assert debts(shop) == [(1_500, "op:t1 op:t2", State.PAID)], "today's sale waits for tonight"
    assert shop.holds("debt:w1") == -90
    assert shop.books_agree()


def test_what_was_paid_meanwhile_paid_the_eldest_sales(shop: Shop) -> None:
    bought_at_risk(shop, 1_200, "op:t1")
    shop.clock.ms += 1
    bought_at_risk(shop, 300, "op:t2")
    moved(shop, "cash:1", cash_d1=-1_000, debt_w1=1_000)
    with shop.store.reading() as tx:
        found = owing(tx, SITE, WALLET, debt=500)
        assert [(one.key, one.minor) for one in found] == [("op:t1", 200), ("op:t2", 300)]
        more = owing(tx, SITE, WALLET, debt=1_600)
    assert more[0] == Sale("", 100, 0), "nobody bought this"
    assert len(more) <= SALES_MAX


@pytest.mark.parametrize(("cash", "left"), [(1_200, 0), (700, 500)])
def test_a_card_is_not_tried_again_for_what_was_paid_otherwise(shop: Shop, cash: int, left: int) -> None:
    """The next try of a soft no stands in the table while the guest pays at the till."""
    a_card(shop, Card.SOFT)
    bought_at_risk(shop)
    work(shop)
    assert said(shop) is MandateState.DECLINED
    moved(shop, "cash:1", cash_d1=-cash, wallet_w1=cash)
    shop.saga.wants()
    assert (said(shop) is MandateState.DECLINED) is bool(left)
    [(minor, _, state)] = debts(shop)
    assert (minor, state) == ((left, State.DUE) if left else (1_200, State.DROPPED))
    shop.sandbox.book.mood = Card.PAID
    shop.clock.ms += SOFT_MS[0]
    work(shop)
    assert shop.sandbox.book.taken().get("eur", 0) == left
    assert shop.holds("debt:w1") == 0
    assert shop.books_agree()


def test_what_is_owed_is_asked_of_a_new_card_at_once(shop: Shop) -> None:
    """The old card's next try stood in the table for an hour, and with it every charge to the new one."""
    old = a_card(shop, Card.SOFT)
    bought_at_risk(shop)
    work(shop)
    assert said(shop) is MandateState.DECLINED
    with shop.store.transaction() as tx:
        revoke(tx, SITE, old, reason="guest")
    shop.clock.ms += 1
    a_card(shop, Card.PAID)
    work(shop)
    assert debts(shop) == [(1_200, "op:t1", State.DROPPED), (1_200, "op:t1", State.PAID)]
    assert said(shop) is MandateState.ACTIVE
    assert shop.holds("debt:w1") == 0
    assert shop.books_agree()
