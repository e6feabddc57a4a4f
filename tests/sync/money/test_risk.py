"""Who has a stored card and no money pays at risk while central is away, and is charged when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.decision import Reason
from edge.core.lease import LeaseState, Want
from edge.core.wallet import MandateState
from edge.errors import NotAllowed, Unknown
from edge.payviews import BasketState, BasketView
from edge.service.payments import chest
from sync.central.accounting import sums
from sync.central.machines import devices
from sync.central.metrics import State
from sync.central.money import choosing, leases, placed
from sync.central.money import policy as policies
from sync.central.money.ledger import trial_balance
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import Policy
from sync.central.psp.handshake import Wish, begin
from sync.central.psp.mandates import Limits
from sync.central.psp.saga import Saga
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.sandbox.server import API_KEY, SECRET
from sync.central.psp.stripe import Stripe, StripeKeys
from sync.central.store import Store
from sync.lending import Unplaced
from tests.sync.ends import served, until
from tests.sync.money.shop import OTHER, SITE, SOUP, TILL, UID, Shop, a_guest, a_shop, a_site, worth
from tests.sync.psp.shop import SEALS

BUDGET = Policy(
    risk_minor=2_000,
    risk_slice_minor=2_000,
    risk_tap_minor_max=1_200,
    risk_wallet_minor=1_500,
    risk_taps=5,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    yield store
    store.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    opened = Sandbox()
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def saga(store: Store, sandbox: Sandbox) -> Saga:
    return Saga(store, Stripe(StripeKeys(API_KEY, SECRET), url=sandbox.url), SEALS)


@pytest.fixture
def shop(store: Store, saga: Saga, sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    a_site(store)
    with store.transaction() as tx:
        choosing.choose(tx, SITE, BUDGET)
    for uid, wallet in ((UID, "w1"), (OTHER, "w2")):
        a_guest(store, uid, wallet=wallet, minor=0)
        a_card(store, saga, sandbox, wallet=wallet, guest=f"g-{uid.hex()}")
    with served(store) as url, a_shop(store, tmp_path / "edge", url) as made:
        for uid in (UID, OTHER):
            until(lambda uid=uid: is_active(made, uid))
            made.service.present(made.tap("r-till", uid))
        until(lambda: at_risk(made, chest.OF_DEVICE) and at_risk(made, "w1") and at_risk(made, "w2"))
        yield made


def a_card(store: Store, saga: Saga, sandbox: Sandbox, *, wallet: str, guest: str) -> None:
    """A guest who stored a card that pays."""
    wish = Wish(site=SITE, wallet=wallet, guest=guest, currency="EUR", limits=Limits(10_000, 20_000, 50_000))
    begun = begin(saga, store, wish, back_url="http://localhost/back")
    sandbox.store(begun.page, Card.PAID)
    assert saga.finish(SITE, begun.mandate)


def is_active(shop: Shop, uid: bytes) -> bool:
    profile = shop.profiles.get(shop.vault.band_id(uid))
    link = profile.wallet if profile is not None else None
    return link is not None and link.mandate is MandateState.ACTIVE


def at_risk(shop: Shop, wallet: str) -> int:
    """What may be spent here at risk, of a wallet's limit or of the device's slice."""
    found = shop.sequencer.submit(lambda tx: chest.leases_of(tx, wallet))
    mine = (one for one in found if one.kind == "risk" and one.state is LeaseState.OPEN)
    return sum(one.spendable for one in mine)


def buys(shop: Shop, op_id: str, uid: bytes = UID, *, count: int = 1) -> BasketView:
    """Ring up soup and let a band pay, at risk where it has to be."""
    who = shop.cashier()
    lines = [SOUP] * count
    shop.service.ring(who, TILL, op_id, lines=lines)
    shop.service.await_band(who, TILL, op_id, risk=True)
    shop.service.present(shop.tap("r-till", uid))
    view = shop.service.basket(TILL)
    shop.service.give_up(who, TILL, op_id) if view.state is not BasketState.APPROVED else None
    return view


def charged(saga: Saga, sandbox: Sandbox, store: Store, wallet: str) -> bool:
    """Let the provider be asked until nothing is owed."""
    saga.wants()
    saga.step()
    sandbox.notices.drain()
    return worth(store, f"debt:{wallet}") == 0


def test_who_has_a_card_and_no_money_pays_while_central_is_away_and_is_charged_when_it_is_back(
    shop: Shop, store: Store, saga: Saga, sandbox: Sandbox
) -> None:
    shop.cable.pull()
    assert buys(shop, "op-risk-000001").state is BasketState.APPROVED
    assert buys(shop, "op-risk-000002").state is BasketState.APPROVED
    assert buys(shop, "op-risk-000003").state is not BasketState.APPROVED, "1,200 of the wallet's 1,500"
    assert buys(shop, "op-risk-000004", OTHER).state is BasketState.APPROVED
    last = buys(shop, "op-risk-000005", OTHER)
    assert (last.state, last.reason) == (BasketState.SHORT, Reason.OFFLINE_LIMIT), (
        "1,800 of the budget's 2,000"
    )
    shop.cable.plug()
    shop.client.kick()
    until(shop.drained)
    until(lambda: worth(store, "debt:w1") == -1_200 and worth(store, "debt:w2") == -600)
    with store.reading() as tx:
        told = sums.exposure(tx, SITE)
    assert (told.risk_used_minor, told.risk_worst_minor) == (1_800, 2_000)
    until(lambda: all(charged(saga, sandbox, store, one) for one in ("w1", "w2")))
    assert worth(store, "psp:stripe") == -1_800
    assert (lent(store, shop, "w1"), lent(store, shop, "w2"), lent(store, shop, "")) == (1_500, 1_500, 2_000)
    with store.reading() as tx:
        assert not any(trial_balance(tx, SITE).values())
        assert sums.exposure(tx, SITE).risk_worst_minor == 2_000, "paid debts free the budget"


def lent(store: Store, shop: Shop, wallet: str) -> int:
    """What a device holds at risk that asks for far more."""
    with store.transaction() as tx:
        device = devices.device(tx, SITE, shop.welcome.device)
        rows = placed.of_wallet(tx, SITE, wallet, kind="risk")
        lease = next((row.id for row in rows if row.living and not row.placed.closing), "")
        want = Want(wallet=wallet, kind="risk", lease=lease, total=1_000_000)
        told = leases.grant(tx, device, want)
    assert isinstance(told, PlacedRow), told
    return told.placed.counters.spendable


def slices(store: Store) -> tuple[PlacedRow, ...]:
    with store.reading() as tx:
        return placed.of_wallet(tx, SITE, "", kind="risk")


def test_nothing_is_lent_anew_while_something_is_owed(shop: Shop, store: Store) -> None:
    shop.cable.pull()
    buys(shop, "op-risk-000001")
    shop.cable.plug()
    shop.client.kick()
    until(lambda: worth(store, "debt:w1") == -600)
    with store.transaction() as tx:
        device = devices.device(tx, SITE, shop.welcome.device)
        told = leases.grant(tx, device, Want(wallet="w1", kind="risk", total=9_000))
    assert isinstance(told, Unplaced)
    assert told.why == "no_risk"
    assert lent(store, shop, "") == 1_400, "what is owed is no part of the budget"


def test_a_lower_budget_calls_the_slices_back_and_counts_what_is_owed(shop: Shop, store: Store) -> None:
    with store.transaction() as tx:
        choosing.choose(tx, SITE, msgspec.structs.replace(BUDGET, risk_minor=500))
    until(lambda: at_risk(shop, chest.OF_DEVICE) == 0)
    until(lambda: not any(row.living for row in slices(store)))
    assert lent(store, shop, "") == 500


def test_who_allows_more_to_be_lost_does_not_agree_to_it(store: Store) -> None:
    a_site(store)
    with store.transaction() as tx:
        assert not choosing.wish(tx, SITE, BUDGET, by="olga")
        assert policies.policy(tx, SITE).risk_minor == 0
        with pytest.raises(NotAllowed, match="does not agree"):
            choosing.agree(tx, SITE, by="olga")
        choosing.agree(tx, SITE, by="piero")
        assert policies.policy(tx, SITE) == BUDGET
        assert choosing.proposal(tx, SITE) is None
        less = msgspec.structs.replace(BUDGET, risk_minor=100)
        assert choosing.wish(tx, SITE, less, by="olga"), "less may be lost: one is enough"
        assert policies.policy(tx, SITE) == less
        with pytest.raises(Unknown):
            choosing.agree(tx, SITE, by="piero")


def test_figures_tell_the_worst_case_before_an_outage(store: Store) -> None:
    a_site(store)
    with store.transaction() as tx:
        choosing.choose(tx, SITE, BUDGET)
    told = {sample.name: sample.value for family in State(store).collect() for sample in family.samples}
    assert told["polso_central_risk_budget_minor"] == 2_000
    assert told["polso_central_risk_worst_minor"] == 0, "nothing is out"
