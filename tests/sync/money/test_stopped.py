"""A guest stops being charged in the app: a till online knows at once, one cut off lends what lies there."""

from __future__ import annotations

import time

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.consent import Channel
from edge.core.lease import Want
from edge.core.payment.bodies import MandateStopped
from edge.core.wallet import MandateState
from edge.payviews import BasketState
from edge.service.payments.stopping import is_stopped
from sync.central.audit import audit
from sync.central.channels import book
from sync.central.channels.book import May, Member
from sync.central.channels.messages import MEDIA_JSON
from sync.central.machines import devices
from sync.central.money import leases
from sync.central.psp import charges, mandates, stopping
from sync.central.psp.saga import Saga
from sync.central.psp.sandbox import Sandbox
from sync.central.registry import wallets
from sync.central.store import Store
from sync.client.channel import ChannelLine
from sync.lending import Unplaced
from sync.signing import Keys
from tests.conftest import FIGURES
from tests.sync.ends import PRIVATE_KEY, PUBLIC_KEY, until
from tests.sync.money.shop import OTHER, SITE, UID, Shop
from tests.sync.money.test_risk import a_card, at_risk, buys, is_active, saga, sandbox, shop, store

__all__ = ["saga", "sandbox", "shop", "store"]
pytestmark = pytest.mark.timeout(60)
GUEST = f"g-{UID.hex()}"
GOAL_S = 2.0


@pytest.fixture
def app(shop: Shop, store: Store) -> ChannelLine:
    made = Member(site=SITE, id="app", via=Channel.APP, routes=frozenset({May.MANDATES}),
                  namespaces=frozenset(), public_key=PUBLIC_KEY)  # fmt: skip
    with store.transaction() as tx:
        book.add(tx, made)
    return ChannelLine(Keys(key_id=made.key_id, private_key=PRIVATE_KEY), lambda: shop.url, wall_ms)


def stops(app: ChannelLine) -> int:
    told = app.asks("DELETE", f"/v1/guests/{GUEST}/mandate", media=MEDIA_JSON)
    return len(told["mandates"])


def refused(store: Store, kind: str) -> str:
    """Why the wallet is lent nothing more of a kind; empty: it is."""
    with store.transaction() as tx:
        (device,) = devices.devices(tx, SITE)
        told = leases.grant(tx, device, Want(wallet="w1", kind=kind, total=9_000))
    return told.why if isinstance(told, Unplaced) else ""


def charged_anew(store: Store, saga: Saga) -> int:
    """How many charges a wallet comes to that has less than it is to be filled from."""
    with store.transaction() as tx:
        known = wallets.lock(tx, SITE, "w1")
        wallets.change(tx, SITE, msgspec.structs.replace(known, low_minor=2_000, fill_minor=5_000))
    saga.wants()
    with store.reading() as tx:
        return len(charges.listed(tx, SITE))


def test_a_till_online_takes_no_risk_within_two_seconds_and_nothing_is_filled_up(
    shop: Shop, store: Store, saga: Saga, app: ChannelLine, record_property: pytest.RecordProperty
) -> None:
    began = time.monotonic()
    assert stops(app) == 1
    until(lambda: not is_active(shop, UID))
    took_s = time.monotonic() - began
    record_property(FIGURES, f"a stopped card to the till: {took_s:.2f} s")
    assert took_s <= GOAL_S
    assert stops(app) == 0
    shop.cable.pull()
    assert at_risk(shop, "w1") > 0, "what lies there is no leave to charge"
    assert buys(shop, "op-risk-000001").state is not BasketState.APPROVED
    assert charged_anew(store, saga) == 0
    assert refused(store, "risk") == "no_risk"


def test_a_till_that_was_cut_off_before_spends_what_lies_there_and_is_lent_nothing_anew(
    shop: Shop, store: Store, app: ChannelLine
) -> None:
    shop.cable.pull()
    assert stops(app) == 1
    lies = at_risk(shop, "w1")
    assert buys(shop, "op-risk-000001").state is BasketState.APPROVED, "it cannot know yet"
    assert at_risk(shop, "w1") == lies - 600
    shop.cable.plug()
    shop.client.kick()
    until(lambda: shop.drained() and not is_active(shop, UID))
    assert at_risk(shop, "w1") <= lies - 600
    assert refused(store, "risk") == "no_risk"
    shop.cable.pull()
    assert buys(shop, "op-risk-000002").state is not BasketState.APPROVED


def test_a_till_that_is_cut_off_stops_it_itself_at_once_and_central_by_the_journal(
    shop: Shop, store: Store, saga: Saga, sandbox: Sandbox
) -> None:
    shop.cable.pull()
    assert buys(shop, "op-risk-000001").state is BasketState.APPROVED
    for _ in range(2):
        shop.service.stop_card_by_staff(shop.cashier(), shop.vault.band_id(UID).hex())
    lies = at_risk(shop, "w1")
    assert lies > 0
    assert buys(shop, "op-risk-000002").state is not BasketState.APPROVED
    assert at_risk(shop, "w1") == lies
    assert buys(shop, "op-risk-000003", OTHER).state is BasketState.APPROVED, "another guest's card goes on"
    shop.cable.plug()
    shop.client.kick()
    until(lambda: shop.drained() and not is_active(shop, UID))
    assert refused(store, "risk") == "no_risk"
    with store.reading() as tx:
        assert [one.reason for one in mandates.of_guest(tx, SITE, GUEST)] == ["guest"]
    assert list(audit(store, SITE).different) == []
    a_card(store, saga, sandbox, wallet="w1", guest=GUEST)
    until(lambda: is_active(shop, UID))
    link = shop.profiles.get(shop.vault.band_id(UID)).wallet
    assert not shop.sequencer.submit(lambda tx: is_stopped(tx, shop.service._pay_rooms, link)), "a new card"


def test_a_device_s_word_of_who_is_not_here_changes_nothing(shop: Shop, store: Store) -> None:
    with store.transaction() as tx:
        for guest in ("nobody", "line\nbreak"):
            stopping.heard(tx, SITE, MandateStopped(guest=guest, wallet="w1", point="bar"))
        assert wallets.wallet(tx, SITE, "w1").mandate is MandateState.ACTIVE
