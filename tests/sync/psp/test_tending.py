"""Stored cards of which no notice ever comes: lost pages are asked about, and cards end with their month."""

from __future__ import annotations

import datetime as dt

import pytest

from edge.clock import wall_ms
from edge.core.wallet import MandateState
from sync.central.psp import mandates, tending
from sync.central.psp.handshake import Begun, Wish, begin
from sync.central.psp.mandates import State as Mandated
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.stripe import Stripe
from sync.central.psp.worker import Worker
from sync.central.registry import wallets
from sync.central.registry.wallets import Wallet
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.ends import until
from tests.sync.psp.shop import EUR, LIMITS, WALLET, Shop, a_card, a_shop

HOUR_MS = 3_600_000


@pytest.fixture
def shop(store: Store, clock: Clockwork, sandbox: Sandbox, psp: Stripe) -> Shop:
    """A central of each kind that no notice reaches."""
    clock.ms = wall_ms()
    opened = a_shop(store, clock, sandbox, psp)
    with store.transaction() as tx:
        wallets.create(tx, SITE, Wallet(id=WALLET, currency=EUR))
    return opened


def a_page(shop: Shop) -> Begun:
    wish = Wish(site=SITE, wallet=WALLET, guest="g1", currency=EUR, limits=LIMITS)
    return begin(shop.saga, shop.store, wish, back_url="http://localhost/back")


def word(shop: Shop) -> MandateState:
    with shop.store.reading() as tx:
        return wallets.wallet(tx, SITE, WALLET).mandate


def at(shop: Shop, moment: str) -> None:
    shop.clock.ms = int(dt.datetime.fromisoformat(moment).timestamp() * 1000)


def pages_asked(shop: Shop) -> int:
    return len([one for one in shop.sandbox.requests if one.method == "GET" and "sessions" in one.parts])


def test_a_page_whose_notice_was_lost_is_asked_about(shop: Shop) -> None:
    begun = a_page(shop)
    assert shop.saga.tend() == 0
    assert shop.known(begun.mandate).state is Mandated.PENDING
    shop.sandbox.store(begun.page, Card.PAID)
    assert shop.saga.tend() == 0, "once a minute"
    shop.clock.ms += tending.SOON_MS
    assert shop.saga.tend() == 1
    assert (shop.known(begun.mandate).state, word(shop)) == (Mandated.ACTIVE, MandateState.ACTIVE)


def test_a_page_is_asked_about_each_minute_for_an_hour_and_then_each_hour(shop: Shop) -> None:
    a_page(shop)
    for _ in range(4 * 60):
        shop.saga.tend()
        shop.clock.ms += 60_000
    assert 60 + 2 <= pages_asked(shop) <= 60 + 4


def test_who_never_comes_back_is_not_waited_for_and_may_begin_anew(shop: Shop) -> None:
    begun = a_page(shop)
    shop.clock.ms += tending.PAGE_MS + 1
    assert shop.saga.tend() == 1
    ended = shop.known(begun.mandate)
    assert (ended.state, ended.reason, word(shop)) == (Mandated.REVOKED, "not_finished", MandateState.NONE)
    assert shop.saga.step() == 1, "nothing of that page is kept"
    again = a_page(shop)
    shop.sandbox.store(again.page, Card.PAID)
    shop.clock.ms += HOUR_MS
    shop.saga.tend()
    assert word(shop) is MandateState.ACTIVE


def test_a_card_stored_in_the_last_minute_counts_though_nobody_asked_for_a_day(shop: Shop) -> None:
    begun = a_page(shop)
    shop.sandbox.store(begun.page, Card.PAID)
    shop.clock.ms += tending.PAGE_MS + 1
    assert shop.saga.tend() == 1
    assert shop.known(begun.mandate).state is Mandated.ACTIVE


def test_a_silent_provider_ends_no_page_for_a_week(shop: Shop) -> None:
    begun = a_page(shop)
    del shop.sandbox.book.things[begun.page]
    shop.clock.ms += tending.PAGE_MS + 1
    assert shop.saga.tend() == 0
    assert shop.known(begun.mandate).state is Mandated.PENDING
    shop.clock.ms += tending.GONE_MS
    assert shop.saga.tend() == 1
    assert shop.known(begun.mandate).state is Mandated.REVOKED


def test_more_pages_than_one_look_takes_are_all_asked_about(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tending, "BATCH_MAX", 2)
    begun = []
    for _ in range(5):
        begun.append(a_page(shop))
        shop.clock.ms += 1
    shop.sandbox.store(begun[-1].page, Card.PAID)
    shop.saga.tend()
    assert [shop.known(one.mandate).state for one in begun].count(Mandated.ACTIVE) == 1
    assert pages_asked(shop) == len(begun)


def test_a_card_ends_with_its_month_and_its_guest_is_asked_for_another(shop: Shop) -> None:
    card = a_card(shop, Card.PAID)
    at(shop, "2031-12-31T23:59:00+00:00")
    shop.saga.tend()
    assert shop.known(card).state is Mandated.ACTIVE
    at(shop, "2032-01-01T11:00:00+00:00")
    shop.saga.tend()
    assert shop.known(card).state is Mandated.ACTIVE, "somewhere it is still December"
    at(shop, "2032-01-01T13:00:00+00:00")
    assert shop.saga.tend() == 1
    ended = shop.known(card)
    assert (ended.state, ended.reason, word(shop)) == (Mandated.EXPIRED, "expired_card", MandateState.EXPIRED)
    with shop.store.reading() as tx:
        assert mandates.active(tx, SITE, WALLET) is None
    assert shop.saga.step() == 1, "by it nothing can be charged any more"
    assert shop.saga.tend() == 0


def test_a_card_that_its_network_renewed_goes_on(shop: Shop) -> None:
    card = a_card(shop, Card.PAID)
    shop.sandbox.book.all("payment_method")[0]["card"]["exp_year"] = 2036
    at(shop, "2032-02-01T00:00:00+00:00")
    assert shop.saga.tend() == 0
    assert (shop.known(card).state, shop.known(card).expires) == (Mandated.ACTIVE, 203_612)


def test_while_the_provider_is_silent_no_card_is_ended(shop: Shop) -> None:
    card = a_card(shop, Card.PAID)
    things = dict(shop.sandbox.book.things)
    shop.sandbox.book.things.clear()
    at(shop, "2032-02-01T00:00:00+00:00")
    assert shop.saga.tend() == 0
    assert shop.known(card).state is Mandated.ACTIVE
    shop.sandbox.book.things.update(things)
    shop.clock.ms += HOUR_MS
    assert shop.saga.tend() == 1


def test_the_worker_does_both_by_itself(shop: Shop) -> None:
    begun = a_page(shop)
    shop.sandbox.store(begun.page, Card.PAID)
    worker = Worker(shop.saga)
    worker.start()
    try:
        until(lambda: shop.known(begun.mandate).state is Mandated.ACTIVE)
        shop.clock.ms += 10 * 365 * 24 * HOUR_MS
        until(lambda: shop.known(begun.mandate).state is Mandated.EXPIRED)
    finally:
        worker.stop()
