"""A basket lacks what lies at other tills: central asks for it back, and it is paid by that same tap."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from edge.clock import wall_ms
from edge.config import shipped
from edge.core.decision import Reason
from edge.core.lease import Want
from edge.errors import StoreError
from edge.payviews import BasketState
from sync.central.money import aside, leases
from sync.central.money import policy as policies
from sync.central.money.ledger import Entry, Posting, post
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import Policy
from sync.central.settling.doubts import sweep
from sync.central.store import STEPS, Store, text
from sync.lending import COMING, LeaseAnswer, LeaseAsk, Unplaced
from tests.sync.builders import NOW_MS, SITE
from tests.sync.ends import served, until
from tests.sync.money.shop import UID, Shop, a_guest, a_shop, a_site
from tests.sync.money.test_borrower import GRANT, Paper, a_borrower, told
from tests.sync.money.tills import PaperTill, a_device, a_wallet

pytestmark = pytest.mark.timeout(40)


def tills(store: Store, *holds: int, minor: int = 6_000) -> list[PaperTill]:
    """Tills that hold so much each of one wallet."""
    a_wallet(store, minor=minor)
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0))
    found = [PaperTill(store, a_device(store, f"till-{number}")) for number in range(len(holds))]
    for till, total in zip(found, holds, strict=True):
        if total:
            assert isinstance(till.want(total), PlacedRow)
    return found


def basket(till: PaperTill, needs: int, *, waits: bool = False, total: int = 5_000) -> PlacedRow | Unplaced:
    """Ask for what a basket lacks."""
    lease = next((one.id for one in till.leases.values()), "")
    want = Want(wallet="w1", lease=lease, total=total, why="basket", needs=needs)
    with till.store.transaction() as tx:
        return leases.grant(tx, till.device, want, waits=waits)


def asked_back(till: PaperTill) -> bool:
    """Whether a till was asked to close."""
    return bool(till.hear().closes)


def test_what_a_basket_lacks_is_asked_back_and_given_once_it_is_here(small_store: Store) -> None:
    bar, shop = tills(small_store, 5_000, 1_000)
    coming = basket(shop, 2_000)
    assert isinstance(coming, Unplaced)
    assert coming.why == COMING
    [close] = bar.hear().closes
    bar.close(close)
    bar.send()
    given = basket(shop, 2_000, waits=True)
    assert isinstance(given, PlacedRow)
    assert given.placed.counters.granted >= 3_000


def test_nobody_is_asked_where_all_of_it_would_not_do(small_store: Store) -> None:
    bar, shop = tills(small_store, 500, 5_500)
    refused = basket(shop, 700, total=6_200)
    assert isinstance(refused, Unplaced)
    assert refused.why == "short"
    assert not asked_back(bar)


def test_only_as_many_tills_are_asked_as_it_takes_the_fullest_first(small_store: Store) -> None:
    bar, shop, kiosk, here = tills(small_store, 1_000, 3_000, 2_000, 0)
    assert isinstance(basket(here, 4_000), Unplaced)
    assert [asked_back(one) for one in (bar, shop, kiosk)] == [False, True, True]


def test_whoever_waits_asks_nobody_else_and_another_tap_does(small_store: Store) -> None:
    silent, shop, here = tills(small_store, 3_000, 3_000, 0)
    assert isinstance(basket(here, 2_000), Unplaced)
    first = [asked_back(one) for one in (silent, shop)]
    assert sorted(first) == [False, True]
    waiting = basket(here, 2_000, waits=True)
    assert isinstance(waiting, Unplaced)
    assert waiting.why == COMING
    assert [asked_back(one) for one in (silent, shop)] == first
    assert isinstance(basket(here, 2_000), Unplaced)
    assert [asked_back(one) for one in (silent, shop)] == [True, True]


def test_a_device_without_a_word_of_what_it_needs_means_all_of_it(small_store: Store) -> None:
    """As devices of before say it."""
    bar, shop = tills(small_store, 4_000, 2_000)
    assert isinstance(basket(shop, 0, total=6_000), Unplaced)
    assert asked_back(bar)


def test_what_a_basket_was_given_meanwhile_is_not_asked_back_once_more(small_store: Store) -> None:
    """A question that is tried again still says what was lacking when it was first asked."""
    bar, shop = tills(small_store, 3_000, 3_000)
    basket(shop, 2_000, total=3_000)
    assert not asked_back(bar)
    assert isinstance(basket(shop, 2_000, total=5_000), Unplaced), "the control: this lacks two thousand"
    assert asked_back(bar)


def test_what_a_till_holds_itself_is_not_asked_back_from_it(small_store: Store) -> None:
    bar, shop, here = tills(small_store, 1_000, 1_500, 0)
    assert isinstance(here.want(3_500, band="b1"), PlacedRow), "more than all others hold"
    with small_store.transaction() as tx:
        lacking = Want(wallet="w1", total=5_000, why="basket", needs=2_500)
        coming = leases.grant(tx, here.device, lacking)
    assert isinstance(coming, Unplaced)
    assert coming.why == COMING
    assert not asked_back(here)
    assert [asked_back(one) for one in (bar, shop)] == [True, True]


def test_what_a_wallet_owes_is_asked_back_beside_what_a_basket_lacks(small_store: Store) -> None:
    bar, shop, here = tills(small_store, 3_000, 3_000, 0)
    with small_store.transaction() as tx:
        owes = (Entry("debt:w1", -2_000), Entry("loss:bank", 2_000))
        post(tx, Posting(site=SITE, key="debt:1", kind="debt", at_ms=NOW_MS, currency="EUR", entries=owes))
    coming = basket(here, 2_000)
    assert isinstance(coming, Unplaced)
    assert coming.why == COMING
    assert [asked_back(one) for one in (bar, shop)] == [True, True]


def test_an_edge_asks_once_more_and_waits_only_where_money_is_coming() -> None:
    want, other = Want(wallet="w1", total=900, why="basket"), Want(wallet="w2", total=900, why="basket")
    coming = Unplaced(wallet="w1", kind="money", why=COMING)
    poor = Unplaced(wallet="w2", kind="money", why="short")

    class Basket(Paper):
        def wants(self) -> tuple[Want, ...]:
            return (want, other)

    paper = Basket(answers=[told(to=3, unplaced=(coming, poor)), told(grants=(GRANT,))])
    assert a_borrower(paper).ask()
    assert paper.said[1:] == [LeaseAsk(after=3, wants=(want,), wait_s=1)]
    assert [grants for grants, *_ in paper.taken] == [(GRANT,)]
    paper = Basket(answers=[told(to=3, unplaced=(poor,))])
    assert a_borrower(paper).ask()
    assert len(paper.said) == 1, "who has no more anywhere is told so at once"


def test_an_edge_asks_for_who_comes_meanwhile_before_it_waits_on() -> None:
    first, second = (Want(wallet=one, total=900, why="basket") for one in ("w1", "w2"))
    coming = Unplaced(wallet="w1", kind="money", why=COMING)

    class Tills(Paper):
        def wants(self) -> tuple[Want, ...]:
            self.waits = False
            return tuple(stands.pop(0))

        def post(self, path: str, ask: LeaseAsk, kind: type, *, wait_s: float = 0.0) -> LeaseAnswer:
            self.waits = bool(stands) and bool(wait_s)  # the second guest comes while this is held open
            return super().post(path, ask, kind, wait_s=wait_s)

    stands = [[first], [second]]
    on_its_way = told(to=3, unplaced=(coming,))
    paper = Tills(each_ms=100, answers=[on_its_way, on_its_way, told(to=3), told(grants=(GRANT,))])
    borrower = a_borrower(paper)
    assert borrower.ask()
    assert borrower.ask()
    asked = [([one.wallet for one in ask.wants], ask.wait_s) for ask in paper.said]
    assert asked == [(["w1"], 0), (["w1"], 1), (["w2"], 0), (["w1"], 1)]
    assert paper.heeded == [("w1",), ("w1",), ("w1",), ()], "the second is answered while the first waits"


@pytest.mark.parametrize(("each_ms", "rounds"), [(100, 3), (2_000, 2), (7_000, 1)])
def test_an_edge_waits_for_what_is_coming_so_often_and_so_long_at_most(each_ms: int, rounds: int) -> None:
    coming = told(to=3, unplaced=(Unplaced(wallet="w1", kind="money", why=COMING),))

    class Basket(Paper):
        def wants(self) -> tuple[Want, ...]:
            return (Want(wallet="w1", total=900, why="basket"),)

    paper = Basket(each_ms=each_ms, answers=[coming] * 4)
    assert a_borrower(paper).ask()
    assert len(paper.said) == 1 + rounds
    assert paper.heeded[-1] == (), "who waited so long is told that there is too little"


def test_what_devices_hold_in_all_is_what_their_leases_come_to(
    small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever moves, and folded or not: the differences are nothing else than the sum over every lease."""
    monkeypatch.setattr(aside, "FOLD_EVERY", 4)
    dice = random.Random(5)  # noqa: S311 - a story, nothing secret
    bar, shop = tills(small_store, 1_000, 1_000, minor=500_000)
    for number in range(90):
        till = dice.choice((bar, shop))
        lease = till.of()
        match dice.randrange(4):
            case 0 | 1:
                till.want(lease.counters.granted + dice.randrange(1, 400), lease=lease.id)
            case 2:
                till.sell(f"op-{number}", min(lease.spendable, 30) or 1)
            case 3:
                till.give_back(min(10, lease.spendable))
        if till.sent < len(till.journal.lanes[1]):
            till.send()
    sums = text(
        "SELECT SUM(granted + minted + voided - spent - returned) FROM lease"
        " WHERE device_id = :device AND kind = 'money' AND state IN ('open', 'in_doubt')"
    )
    parts = text("SELECT COUNT(*) FROM device_aside WHERE device_id = :device")
    for folded in (False, True):
        with small_store.reading() as tx:
            for till in (bar, shop):
                this = {"device": till.device.id}
                here = aside.held(tx, SITE, till.device.id, unit="EUR")
                assert here == tx.execute(sums, this).scalar_one() > 0
                rows = tx.execute(parts, this).scalar_one()
                assert rows == 1 if folded else rows > 2 * aside.FOLD_EVERY
        with small_store.transaction() as tx:
            sweep(tx, SITE)


def test_a_database_of_before_counts_once_what_its_leases_come_to(store: Store) -> None:
    """Opened by this release, also where a worker of this one counted some of it already."""
    bar, shop = tills(store, 1_000, 2_000)
    with store.transaction() as tx:
        tx.execute(text("DELETE FROM schema_step WHERE number = 10"))
        tx.execute(text("DELETE FROM device_aside WHERE device_id = :bar"), {"bar": bar.device.id})
        assert aside.held(tx, SITE, bar.device.id, unit="EUR") == 0
    store.bring_up()
    with store.reading() as tx:
        found = [aside.held(tx, SITE, one.device.id, unit="EUR") for one in (bar, shop)]
    assert found == [1_000, 2_000]


def test_a_second_step_of_a_number_is_refused_where_it_is_registered() -> None:
    free = max(STEPS) + 1
    steps = type(STEPS)(STEPS)
    steps[free] = aside.from_leases
    with pytest.raises(StoreError, match=f"two steps {free}"):
        steps[free] = aside.from_leases


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[tuple[Shop, Shop]]:
    """Two tills that hear central; all that there is of a guest's money lies at the first."""
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    a_site(store)
    a_guest(store, minor=3_000)
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(floor_minor=3_000, reserve_permille=0))
    with served(store) as url, ExitStack() as stack:
        patient = msgspec.structs.replace(shipped().limits, lease_wait_ms=5_000)  # a busy machine is slow
        first, second = (
            stack.enter_context(a_shop(store, tmp_path / name, url, limits=patient)) for name in ("a", "b")
        )
        for shop in (first, second):
            until(lambda shop=shop: shop.profiles.get(shop.vault.band_id(UID)) is not None)
            until(shop.health.reached)
            until(lambda shop=shop: shop.service.placement.sells)
        until(lambda: first.sells("op-a-0001").state is BasketState.APPROVED or _given_up(first))
        yield first, second
    store.close()


def _given_up(shop: Shop) -> bool:
    shop.service.give_up(shop.cashier(), "till-1", shop.service.basket("till-1").op_id)
    return False


def test_a_guest_whose_money_lies_at_another_till_pays_at_the_first_tap(shops: tuple[Shop, Shop]) -> None:
    first, second = shops
    until(lambda: first.ready() == 2_400)
    view = second.sells("op-b-0001", 4)
    assert (view.state, view.reason) == (BasketState.APPROVED, Reason.PAID)
    until(lambda: first.ready() == 0)
