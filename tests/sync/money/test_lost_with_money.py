"""A band is lost with money in its wallet: the new one pays at once, the old one what a cut-off till held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge.clock import wall_ms
from edge.core.bands import Band, BandAct, Trust
from edge.core.decision import Reason
from edge.payviews import BasketState
from sync.central import sites
from sync.central.money import ledger
from sync.central.registry import bands, profiles
from sync.central.registry.bands import BandCard
from sync.central.store import Store
from tests.sync.ends import served, until
from tests.sync.money.shop import OTHER, SITE, SOUP, TILL, UID, Shop, a_guest, a_shop, a_site, worth

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]
MONEY = 10_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    yield opened
    opened.close()


@pytest.fixture
def tills(store: Store, tmp_path: Path) -> Iterator[tuple[Shop, Shop]]:
    """Two tills at which a part of a guest's hundred euros lies ready."""
    a_site(store)
    a_guest(store, minor=MONEY)
    with served(store) as url, ExitStack() as stack:
        both = [stack.enter_context(a_shop(store, tmp_path / name, url)) for name in ("near", "far")]
        for shop in both:
            until(lambda shop=shop: knows(shop, UID) and shop.health.reached())
            shop.service.present(shop.tap("r-till"))
            until(shop.ready)
        yield both[0], both[1]


def knows(shop: Shop, uid: bytes) -> bool:
    return shop.profiles.get(shop.vault.band_id(uid)) is not None


def lost_and_replaced(store: Store) -> None:
    """The guest's band is gone, and they wear another one."""
    with store.transaction() as tx:
        old, new = (bands.band_id(sites.band_key(tx, SITE), uid) for uid in (UID, OTHER))
        card = bands.band(tx, SITE, old)
        profiles.publish_state(tx, SITE, bands.acted(card, BandAct.LOST))
        fresh = Band(id=new, trust_min=Trust.UID)
        bands.add_bands(tx, SITE, [BandCard(band=fresh, guest=card.guest, label="new")])
        profiles.publish_guests(tx, SITE, [card.guest or ""])


def sold(shop: Shop, name: str, uid: bytes) -> int:
    """Sell soup to a band until it pays no more; return what it paid."""
    for number in range(1 + MONEY // SOUP.price_minor):
        view = shop.sells(f"op-{name}-{number:04}", uid=uid)
        if view.state is not BasketState.APPROVED:
            shop.service.give_up(shop.cashier(), TILL, view.op_id)
            return number * SOUP.price_minor
    raise AssertionError("more was sold than there is")


def test_the_new_band_pays_at_once_and_the_old_one_nowhere_that_has_heard(
    tills: tuple[Shop, Shop], store: Store
) -> None:
    near, _ = tills
    here = near.ready()
    lost_and_replaced(store)
    until(lambda: knows(near, OTHER))
    assert near.sells("op-lost-0001").reason is Reason.BAND_LOST
    near.cable.pull()
    near.service.present(near.tap("r-till", OTHER))
    view = near.service.basket(TILL)
    assert (view.state, view.ready_here_minor) == (BasketState.APPROVED, here - SOUP.price_minor)


def test_where_nobody_has_heard_the_old_band_costs_what_lay_there_and_the_wallet_is_never_overspent(
    tills: tuple[Shop, Shop], store: Store
) -> None:
    near, far = tills
    there = far.ready()
    far.cable.pull()
    lost_and_replaced(store)
    until(lambda: knows(near, OTHER))
    stolen = sold(far, "stolen", UID)
    assert there - SOUP.price_minor < stolen <= there
    spent = sold(near, "new", OTHER)
    far.cable.plug()
    far.client.kick()
    until(lambda: knows(far, OTHER) and far.drained() and near.drained(), 8)
    assert far.sells("op-too-late-01").reason is Reason.BAND_LOST
    until(lambda: _sales(store) == stolen + spent, 8)
    assert stolen + spent <= MONEY
    assert worth(store, "wallet:w1") >= 0


def _sales(store: Store) -> int:
    with store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        return sum(
            one.minor
            for one in ledger.standings(tx, SITE, prefix="sales") + ledger.standings(tx, SITE, prefix="tax")
        )
