"""Plans: what should lie at a device is what such people spend, and never the reserve."""

from __future__ import annotations

import pytest

from sync.central.accounting.ops import op_table
from sync.central.accounting.spendings import DAY_MS, DAYS, remaining_q95, spent_today, usual_q95
from sync.central.money import policy as policies
from sync.central.money import pots
from sync.central.money.placed import of_wallet
from sync.central.money.policy import Policy
from sync.central.planning import plans
from sync.central.planning.plans import Plan, Share, aim, fill, lacking, plan
from sync.central.registry import guests
from sync.central.registry.guests import Guest
from sync.central.store import Store, insert, update
from sync.lending import Presence
from tests.sync.builders import NOW_MS, SITE
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet

NO_RESERVE = Policy(reserve_permille=0)


@pytest.mark.parametrize(
    ("free", "floor", "q95", "basket", "want", "low"),
    [
        (10_000, 2_000, 0, 0, 2_000, 800),
        (10_000, 2_000, 5_500, 0, 5_500, 2_200),
        (10_000, 2_000, 5_500, 7_000, 7_000, 2_800),
        (1_501, 2_000, 5_500, 7_000, 1_501, 600),
        (0, 2_000, 5_500, 0, 0, 0),
        (-1, 2_000, 0, 0, 0, 0),
    ],
)
def test_a_plan_is_the_floor_or_the_usual_or_the_basket_within_what_is_free(
    free: int, floor: int, q95: int, basket: int, want: int, low: int
) -> None:
    assert plan(free=free, floor=floor, q95=q95, basket=basket) == Plan(want, low)


@pytest.mark.parametrize(
    ("free", "leased", "q95", "want", "room"),
    [
        (10_000, 0, 20_000, 7_500, 7_500),
        (2_500, 7_500, 20_000, 7_500, 0),
        (4_000, 6_000, 20_000, 7_500, 1_500),
        (1_000, 9_000, 20_000, 9_000, 0),
        (10_000, 0, 0, 2_000, 7_500),
    ],
)
def test_the_reserve_is_no_part_of_any_plan(free: int, leased: int, q95: int, want: int, room: int) -> None:
    aims = aim(Policy(reserve_permille=250, floor_minor=2_000), free=free, leased=leased, q95=q95)
    assert (aims.want, aims.room) == (want, room)


@pytest.mark.parametrize(("here", "more"), [(0, 1_000), (399, 601), (400, 600), (401, 0), (1_000, 0)])
def test_a_device_is_filled_up_only_below_forty_per_cent(here: int, more: int) -> None:
    assert lacking(Plan(1_000, 400, room=5_000), here=here, shared=1) == more


def test_devices_share_a_plan_and_none_gets_more_than_there_is_room() -> None:
    assert lacking(Plan(1_000, 400, room=5_000), here=0, shared=4) == 250
    assert lacking(Plan(1_000, 400, room=5_000), here=101, shared=4) == 0
    assert lacking(Plan(1_000, 400, room=70), here=0, shared=4) == 70


def op_rows(store: Store, spent: list[tuple[str, int, int]]) -> None:
    """What wallets have bought: wallet, days ago, minor."""
    with store.transaction() as tx:
        for number, (wallet, days, minor) in enumerate(spent):
            columns = {
                "site_id": SITE, "op_id": f"past-{number}", "device_id": "d", "point": "till-1", "staff": "c",
                "wallet_id": wallet, "currency": EUR, "state": "captured", "total_minor": minor,
                "held_minor": 0, "captured_minor": minor, "voided_minor": 0, "refunded_minor": 0,
                "at_ms": NOW_MS - days * DAY_MS, "legs": b"\x90", "lines": b"\x90",
            }  # fmt: skip
            tx.execute(insert(op_table).values(**columns))


def tiered(store: Store, wallet: str, tier: str, *, minor: int = 10_000) -> None:
    a_wallet(store, wallet, minor=minor, guest=f"g-{wallet}")
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=f"g-{wallet}", tier=tier)])


def test_the_usual_is_the_ninety_fifth_of_a_hundred_days_of_such_people(store: Store) -> None:
    tiered(store, "w1", "gold")
    tiered(store, "w2", "day")
    op_rows(store, [("w1", number % (DAYS - 1) + 1, 1) for number in range(5)])
    with store.reading() as tx:
        assert usual_q95(tx, SITE, ["gold"]) == 1
        assert usual_q95(tx, SITE, ["day"]) == 0, "nothing is known of them"
        assert usual_q95(tx, SITE, []) == 0


def test_the_usual_counts_every_day_of_every_wallet_and_not_the_smallest_only(store: Store) -> None:
    many = [f"w{number}" for number in range(8)]
    for wallet in many:
        tiered(store, wallet, "gold")
    days = [(wallet, day) for wallet in many for day in range(1, 26)]
    op_rows(store, [(wallet, day, 100 * at) for at, (wallet, day) in enumerate(days)])
    with store.reading() as tx:
        assert usual_q95(tx, SITE, ["gold"]) == 100 * (200 * 95 // 100)


def test_what_is_long_past_is_forgotten_and_several_baskets_of_a_day_are_one_sum(store: Store) -> None:
    tiered(store, "w1", "gold")
    op_rows(store, [("w1", DAYS + 2, 90_000), ("w1", 3, 400), ("w1", 3, 500)])
    with store.reading() as tx:
        assert usual_q95(tx, SITE, ["gold"]) == 900


def test_what_was_spent_today_is_no_longer_set_aside(store: Store) -> None:
    tiered(store, "w1", "gold")
    op_rows(store, [("w1", 3, 5_000), ("w1", 0, 1_500)])
    with store.reading() as tx:
        assert spent_today(tx, SITE, ["w1", "w2"]) == {"w1": 1_500}
        assert remaining_q95(tx, SITE, "w1", tiers=["gold"]) == 3_500
    with store.transaction() as tx:
        tx.execute(update(op_table).where(op_table.c.op_id == "past-1").values(captured_minor=5_001))
    with store.reading() as tx:
        assert remaining_q95(tx, SITE, "w1", tiers=["gold"]) == 0


def filled(store: Store, till: PaperTill, *, share: Share | None = None) -> bool:
    with store.transaction() as tx:
        return fill(tx, till.device, "w1", share=share or Share())


def lying(store: Store, till: PaperTill) -> int:
    with store.reading() as tx:
        return plans.held_at(of_wallet(tx, SITE, "w1"), till.device.id)


def chosen(store: Store, policy: Policy) -> None:
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, policy)


def test_a_lease_is_filled_up_to_its_plan_once_it_is_below_the_mark(store: Store) -> None:
    a_wallet(store)
    chosen(store, NO_RESERVE)
    till = a_till(store)
    assert filled(store, till)
    assert lying(store, till) == 2_000
    till.hear()
    till.sell("sale-a-1", 1_199)
    till.send()
    assert not filled(store, till), "801 of 2000 is above the mark"
    till.sell("sale-a-2", 1)
    till.send()
    assert filled(store, till)
    assert lying(store, till) == 2_000
    assert not filled(store, till)


def test_what_lies_here_counts_when_it_is_asked_whether_little_is_left(store: Store) -> None:
    """300 here and 500 free is 38 % of the 800 that could lie here."""
    a_wallet(store, minor=2_500)
    chosen(store, NO_RESERVE)
    till = a_till(store)
    filled(store, till)
    till.hear()
    till.sell("sale-a-1", 1_700)
    till.send()
    assert filled(store, till)
    assert lying(store, till) == 800


def test_a_hint_of_presence_sets_aside_and_of_leaving_asks_back(store: Store) -> None:
    a_wallet(store)
    till = a_till(store)
    with store.transaction() as tx:
        plans.present(tx, till.device, [Presence(wallet="w1", kind="tap")])
    assert lying(store, till) == 2_000
    with store.transaction() as tx:
        plans.present(tx, till.device, [Presence(wallet="w1", left=True)])
        assert pots.free_of(tx, SITE, "w1", currency=EUR) == 8_000, "free once the device has said so"
    assert lying(store, till) == 0
    assert len(till.hear().closes) == 1
