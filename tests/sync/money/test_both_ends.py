"""Leases over the real wire: asked for, spent offline, reported, given back, wanted back, proven."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.decision import Reason
from edge.core.events import Kind
from edge.core.payment import decide, payment_in
from edge.payviews import BasketState
from sync.central.audit import audit
from sync.central.machines.lanes import event_table
from sync.central.money import leases, placed
from sync.central.store import Store, select, update
from tests.sync.ends import served, until
from tests.sync.money.shop import OTHER, SITE, SOUP, TILL, UID, Shop, a_guest, a_shop, a_site, worth


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    yield store
    store.close()


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Iterator[Shop]:
    a_site(store)
    a_guest(store)
    with served(store) as url, a_shop(store, tmp_path / "edge", url) as made:
        until(lambda: made.profiles.get(made.vault.band_id(UID)) is not None)
        yield made


def funded(shop: Shop, uid: bytes = UID, wallet: str = "w1") -> int:
    """Let a guest come and wait until central has set something aside."""
    shop.service.present(shop.tap("r-till", uid))
    until(lambda: shop.ready(wallet))
    return shop.ready(wallet)


def test_who_comes_finds_money_set_aside_and_spends_it_without_central(shop: Shop, store: Store) -> None:
    lent = funded(shop)
    shop.cable.pull()
    view = shop.sells("op-offline-0001")
    assert (view.state, view.ready_here_minor) == (BasketState.APPROVED, lent - 600)
    assert worth(store, "wallet:w1") >= 0
    shop.cable.plug()
    shop.client.kick()
    until(shop.drained)
    until(lambda: _spent(store) == 600)


def test_a_guest_whom_nobody_expected_pays_at_once_while_central_is_there(shop: Shop, store: Store) -> None:
    a_guest(store, OTHER, wallet="w2")
    until(lambda: shop.profiles.get(shop.vault.band_id(OTHER)) is not None)
    until(shop.health.reached)
    assert shop.ready("w2") == 0
    assert shop.sells("op-sudden-0001", uid=OTHER).state is BasketState.APPROVED


def test_more_than_there_is_anywhere_is_refused_with_what_is_here(shop: Shop) -> None:
    funded(shop)
    view = shop.sells("op-too-much-01", count=30)
    assert (view.state, view.reason) == (BasketState.SHORT, Reason.INSUFFICIENT_FUNDS)
    assert view.ready_here_minor is not None
    assert view.missing_minor == 18_000 - view.ready_here_minor


def test_what_central_wants_back_goes_back_by_itself(shop: Shop, store: Store) -> None:
    funded(shop)
    first = _row(store).placed.lease
    with store.transaction() as tx:
        leases.ask_back_wallet(tx, SITE, "w1", why="elsewhere")
    until(lambda: _row(store, first).placed.state.value == "settled")
    assert _row(store, first).placed.counters.spendable == 0


def test_an_unproven_journal_sells_nothing_until_central_has_compared_it(shop: Shop) -> None:
    funded(shop)
    shop.proven = False
    assert shop.sells("op-unproven-01").reason is Reason.LEASE_FROZEN
    until(lambda: shop.proven)
    shop.service.present(shop.tap("r-till"))
    assert shop.service.basket("till-1").state is BasketState.APPROVED


def test_cash_paid_in_offline_is_central_s_once_it_hears(shop: Shop, store: Store) -> None:
    shop.cable.pull()
    shop.service.top_up(shop.cashier(), "till-1", "cash-0000001", minor=2_500)
    shop.service.present(shop.tap("r-till"))
    assert shop.ready() == 2_500
    before = worth(store, "wallet:w1") + _leased(store)
    shop.cable.plug()
    shop.client.kick()
    until(lambda: worth(store, "wallet:w1") + _leased(store) == before + 2_500)


def test_the_device_that_is_gone_costs_at_most_what_it_held(shop: Shop, store: Store) -> None:
    lent = funded(shop)
    shop.cable.pull()
    with store.reading() as tx:
        (row,) = [one for one in placed.of_wallet(tx, SITE, "w1", held=True) if one.placed.kind == "money"]
    assert row.placed.counters.spendable == lent == shop.service.exposure().at_stake_minor


def _row(store: Store, lease: str = "") -> placed.PlacedRow:
    with store.reading() as tx:
        rows = placed.of_wallet(tx, SITE, "w1", held=False)
    return next(one for one in rows if one.placed.kind == "money" and lease in ("", one.placed.lease))


def _spent(store: Store) -> int:
    return _row(store).placed.counters.spent


def _leased(store: Store) -> int:
    with store.reading() as tx:
        rows = placed.of_wallet(tx, SITE, "w1", held=True)
    return sum(worth(store, f"lease:{row.placed.lease}") for row in rows)


def _a_day(shop: Shop) -> None:
    """A guest comes in, pays, asks for more than there is, and somebody pays in cash."""
    funded(shop)
    shop.service.present(shop.tap("r-gate"))
    shop.sells("op-soup-000001")
    shop.sells("op-too-much-01", count=30)
    shop.service.give_up(shop.cashier(), TILL, "op-too-much-01")
    shop.service.ring(shop.cashier(), TILL, "op-cash-00001", lines=[SOUP])
    shop.service.add_cash(shop.cashier(), TILL, "op-cash-00001", minor=600)
    shop.client.kick()
    until(shop.drained)


def test_central_judges_what_was_paid_again_and_a_changed_answer_or_rule_is_found(
    shop: Shop, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _a_day(shop)
    found = audit(store, SITE)
    assert (found.kinds["paid"].judged, found.different, found.moved_on) == (3, [], 0)
    assert found.kinds["decided"].judged >= 4
    own = event_table.c
    with store.transaction() as tx:
        row = tx.execute(
            select(own.seq, own.body).where(own.kind == int(Kind.PAID)).order_by(own.seq)
        ).first()
        assert row is not None
        said = payment_in(bytes(row.body))
        lied = msgspec.structs.replace(said, due_minor=said.due_minor + 1)
        tx.execute(
            update(event_table)
            .where(own.kind == int(Kind.PAID), own.seq == row.seq)
            .values(body=msgspec.msgpack.encode(lied))
        )
    [tampered] = audit(store, SITE).different
    assert (tampered.lane, tampered.seq, tampered.kind) == (1, row.seq, "paid")
    assert (tampered.said, tampered.now, tampered.fields) == ("paid", "paid", ("due_minor",))
    monkeypatch.setattr(decide, "LEASES_MAX", 0)  # a rulebook that sees no money
    [first, *_] = audit(store, SITE).different
    assert (first.said, first.now) == ("paid", "insufficient_here")
