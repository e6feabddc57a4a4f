"""A guest stops, by a channel, that they are charged: once, on record, and never for another's wallet."""

from __future__ import annotations

from typing import Any

import pytest

from edge.core.consent import Source
from edge.core.wallet import MandateState
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central.channels.book import May
from sync.central.console.acts import act_table
from sync.central.people import merging
from sync.central.people.merging import Pair
from sync.central.psp import mandates
from sync.central.psp.mandates import Limits, Mandate, State
from sync.central.psp.port import Credential
from sync.central.psp.standing import tell_wallet
from sync.central.registry import guests, members, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member as Payer
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import Wallet
from sync.central.store import Store, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.channels.test_channels import APP, Shop
from tests.sync.journey.book import GUEST

SEALS = Vault(bytes(32), new_ring())
LIMITS = Limits(10_000, 20_000, 50_000)


def stored(store: Store, id_: str, *, site: str = SITE, wallet: str, guest: str) -> None:
    """A card that may be charged for a wallet."""
    with store.transaction() as tx:
        take_turn(tx, site)
        made = Mandate(id=id_, wallet=wallet, guest=guest, psp="sandbox", limits=LIMITS)
        mandates.add(tx, site, made, seals=SEALS)
        mandates.stored(tx, site, id_, seals=SEALS, credential=Credential("tok", "cus", "visa", "4242", 0))
        tell_wallet(tx, site, wallet)


@pytest.fixture
def shop(small_store: Store, clock: Clockwork) -> Shop:
    made = Shop(small_store, clock)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="child"), Guest(id="twin")])
        wallets.create(tx, SITE, Wallet(id="w1", currency="EUR"))
        members.join(tx, SITE, Payer(guest=GUEST, wallet="w1", head=True))
        members.join(tx, SITE, Payer(guest="child", wallet="w1"))
    stored(small_store, "m-1", wallet="w1", guest=GUEST)
    return made


def stops(shop: Shop, guest: str = GUEST) -> tuple[int, Any]:
    return shop.asks("DELETE", f"/v1/guests/{guest}/mandate")


def state(store: Store) -> tuple[State, str]:
    with store.reading() as tx:
        one = mandates.mandate(tx, SITE, "m-1")
    return one.state, one.reason


def recorded(store: Store) -> list[tuple[str, str, str]]:
    own = act_table.c
    with store.reading() as tx:
        rows = tx.execute(select(own.what, own.target, own.after).where(own.what == "mandate_revoked"))
        return [tuple(row) for row in rows]


def test_what_a_guest_stored_is_charged_no_more_and_that_is_on_record_once(
    shop: Shop, small_store: Store
) -> None:
    assert stops(shop) == (200, {"mandates": ["m-1"]})
    assert state(small_store) == (State.REVOKED, "guest")
    assert stops(shop) == (200, {"mandates": []})
    assert recorded(small_store) == [("mandate_revoked", "m-1", f"by {APP.id}")]
    with small_store.reading() as tx:
        assert wallets.wallet(tx, SITE, "w1").mandate is MandateState.NONE
    assert stops(shop, "nobody")[0] == 404


def test_a_child_of_the_family_stops_nothing_and_who_is_one_person_with_the_head_does(
    shop: Shop, small_store: Store
) -> None:
    for guest in ("child", "twin"):
        assert stops(shop, guest) == (200, {"mandates": []})
    assert state(small_store) == (State.ACTIVE, "")
    with small_store.transaction() as tx:
        merging.join(tx, SITE, Pair("twin", GUEST), grounds=merging.Grounds("olga", "one", Source.CONSOLE))
    assert stops(shop, "twin") == (200, {"mandates": ["m-1"]})


def test_only_a_channel_that_may_stops_it(shop: Shop, small_store: Store) -> None:
    other = shop.by(id="other", routes=frozenset(May) - {May.MANDATES})
    assert stops(other)[0] == 403
    assert state(small_store) == (State.ACTIVE, "")
