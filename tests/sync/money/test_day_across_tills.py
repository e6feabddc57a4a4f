"""What a band may spend in a day holds across tills that hear of nobody, and moves to where a basket lies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge.clock import wall_ms
from edge.core.decision import Reason
from edge.core.lease import LeaseState, Limits
from edge.core.places import Layout
from edge.payviews import BasketState
from edge.service.payments import chest
from sync.central import sites
from sync.central.money import ledger
from sync.central.money import policy as policies
from sync.central.money.placing import today
from sync.central.money.policy import Policy
from sync.central.registry import layout
from sync.central.store import Store
from tests.sync.builders import Clockwork
from tests.sync.ends import served, until
from tests.sync.money.shop import SITE, UID, Shop, a_guest, a_shop, a_site

pytestmark = pytest.mark.timeout(40)
DAY, SOUP = 3_000, 600


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    yield opened
    opened.close()


@pytest.fixture
def tills(store: Store, tmp_path: Path) -> Iterator[tuple[Shop, Shop]]:
    """Two tills, and a child with thirty euros a day from a wallet of five hundred."""
    a_site(store)
    a_guest(store, minor=50_000, day_leased=True, limits=Limits(day_minor_max=DAY))
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(floor_minor=5_000, limits=Limits()))
    with served(store) as url, ExitStack() as stack:
        first, second = (stack.enter_context(a_shop(store, tmp_path / name, url)) for name in ("a", "b"))
        for shop in (first, second):
            until(lambda shop=shop: shop.profiles.get(shop.vault.band_id(UID)) is not None)
            until(shop.health.reached)
            comes(shop)
        yield first, second


def comes(shop: Shop) -> None:
    """Let the child come, until money and a part of the day lie here."""
    shop.service.present(shop.tap("r-till"))
    until(lambda: of_day(shop) and money(shop) >= DAY)


def of_day(shop: Shop) -> int:
    """What of the day may still be spent here."""
    return _open(shop, day=True)


def money(shop: Shop) -> int:
    return _open(shop, day=False)


def _open(shop: Shop, *, day: bool) -> int:
    found = shop.sequencer.submit(lambda tx: chest.leases_of(tx, "w1"))
    alike = (one for one in found if one.kind.startswith("day:") is day)
    return sum(one.spendable for one in alike if one.state is LeaseState.OPEN)


def sold(shop: Shop, name: str) -> int:
    """Sell soup until no more may be sold; return how many were."""
    for number in range(20):
        view = shop.sells(f"op-{name}-{number:04}")
        if view.state is not BasketState.APPROVED:
            assert view.reason is Reason.SPEND_LIMIT
            shop.service.give_up(shop.cashier(), "till-1", view.op_id)
            return number
    raise AssertionError("the day never ended")


def spent_today(store: Store) -> int:
    """What the ledger says that was used of the day."""
    with store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        return sum(one.minor for one in ledger.standings(tx, SITE, prefix="used:day"))


def test_two_tills_that_are_cut_off_sell_no_more_than_the_day_together(
    tills: tuple[Shop, Shop], store: Store
) -> None:
    assert [of_day(shop) for shop in tills] == [DAY // 2, DAY // 2], "none holds all of it"
    for shop in tills:
        shop.cable.pull()
    assert [sold(shop, name) for shop, name in zip(tills, "ab", strict=True)] == [2, 2]
    for shop in tills:
        shop.cable.plug()
        shop.client.kick()
    until(lambda: all(shop.drained() for shop in tills), 8)
    until(lambda: spent_today(store) == 4 * SOUP)


def test_where_a_basket_lies_the_rest_of_the_day_comes_to_and_not_a_cent_more(
    tills: tuple[Shop, Shop], store: Store
) -> None:
    first, second = tills
    baskets = [sold(first, "a")]
    assert baskets[0] >= DAY // 2 // SOUP

    def tries_again() -> bool:
        baskets.append(sold(first, f"b-{len(baskets)}"))
        return sum(baskets) * SOUP == DAY

    until(tries_again, 8)
    assert (of_day(first), of_day(second), money(second) >= DAY) == (0, 0, True)
    until(lambda: spent_today(store) == DAY, 8)
    assert sold(second, "c") == sold(first, "d") == 0, "and not a cent more"


@pytest.mark.parametrize(("starts_min", "days_back"), [(0, 0), (240, 1)])
def test_the_day_of_central_turns_when_it_turns_at_the_site(
    small_store: Store, clock: Clockwork, starts_min: int, days_back: int
) -> None:
    """A park whose day ends at four in the morning lends no new day at midnight."""
    clock.ms -= 8 * 3_600_000  # an hour past midnight in London
    with small_store.transaction() as tx:
        sites.create_site(tx, SITE)
        told = Layout(site=SITE, version=0, timezone="UTC", day_starts_min=starts_min)
        layout.put_settings(tx, SITE, told)
        layout.publish_layout(tx, SITE)
        calendar = dt.datetime.fromtimestamp(clock.ms / 1_000, dt.UTC).date().toordinal()
        assert today(tx, SITE) == calendar - days_back
