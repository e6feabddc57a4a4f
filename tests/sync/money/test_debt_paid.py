"""A debt that the card refused is paid in cash at any till, and the guest is welcome again at once."""

from __future__ import annotations

import time

from edge.core.decision import Reason
from edge.payviews import BasketState
from sync.central.money.ledger import trial_balance
from sync.central.psp.saga import Saga
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.worker import Worker
from sync.central.store import Store
from tests.sync.ends import until
from tests.sync.money.shop import SITE, TILL, UID, Shop, worth
from tests.sync.money.test_risk import buys, is_active, saga, sandbox, shop, store

__all__ = ["saga", "sandbox", "shop", "store"]
GONE_S_MAX = 2.0


def test_cash_at_a_till_pays_what_the_card_refused_and_the_guest_is_welcome_within_two_seconds(
    shop: Shop, store: Store, saga: Saga, sandbox: Sandbox
) -> None:
    sandbox.book.mood = Card.SOFT
    worker = Worker(saga)
    worker.start()
    try:
        shop.cable.pull()
        assert buys(shop, "op-risk-000001").state is BasketState.APPROVED
        shop.cable.plug()
        shop.client.kick()
        until(lambda: worth(store, "debt:w1") == -600)
        until(lambda: not is_active(shop, UID))
        assert buys(shop, "op-risk-000002").reason is Reason.MANDATE_DECLINED
        began = time.monotonic()
        shop.service.top_up(shop.cashier(), TILL, "cash-0000001", minor=1_000)
        shop.service.present(shop.tap("r-till"))
        until(lambda: worth(store, "debt:w1") == 0)
        until(lambda: is_active(shop, UID))
        took_s = time.monotonic() - began
    finally:
        worker.stop()
    print(f"welcome again after {took_s * 1000:.0f} ms")
    assert took_s <= GONE_S_MAX
    with store.reading() as tx:
        assert not any(trial_balance(tx, SITE).values())
    assert sandbox.book.taken() == {}, "nothing was taken, and nothing is posted"
    assert worth(store, "psp:stripe") == 0
