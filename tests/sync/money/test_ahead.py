"""Who is expected finds money at the tills although the internet went before they came."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from edge.core.entitlements import Entitlement
from edge.core.lease import Want, doubtful_ms
from sync.central.money import caps, leases, pots
from sync.central.money import policy as policies
from sync.central.money.blocks import set_block
from sync.central.money.placed import PlacedRow, of_wallet
from sync.central.money.policy import Policy
from sync.central.money.rising import STEP_MS_MAX, advance
from sync.central.planning import ahead, plans
from sync.central.planning.ahead import REST_MS, Ahead, scaled
from sync.central.registry import expected, guests, members
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.store import Store
from sync.lending import Presence
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.ends import until
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet

DAY_MS = 86_400_000


def comes(store: Store, guest: str = "g1", *, in_days: int = 1) -> None:
    """A guest has a right of one day."""
    start = NOW_MS + in_days * DAY_MS
    day = Entitlement(id="day", product="day", valid_from_ms=start, valid_until_ms=start + DAY_MS)
    with store.transaction() as tx:
        expected.judge(tx, SITE, [guest], rights={guest: [day]})


def a_seller(store: Store, name: str = "till-1", *, kind: str = "edge") -> PaperTill:
    till = a_till(store, name, kind=kind)
    with store.transaction() as tx:
        plans.asked(tx, till.device)
    return till


def rows(store: Store, wallet: str = "w1") -> tuple[PlacedRow, ...]:
    with store.reading() as tx:
        return of_wallet(tx, SITE, wallet)


def lying(store: Store, till: PaperTill, wallet: str = "w1") -> int:
    return plans.held_at(rows(store, wallet), till.device.id)


def free(store: Store, wallet: str = "w1") -> int:
    with store.reading() as tx:
        return pots.free_of(tx, SITE, wallet, currency=EUR)


def choose(store: Store, **said: int) -> None:
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(**said))


def test_who_comes_tomorrow_pays_tomorrow_without_central(store: Store) -> None:
    a_wallet(store, guest="g1")
    till = a_seller(store)
    comes(store)
    assert Ahead(store).look() == 1
    till.hear()
    assert till.sell("sale-a-1", 1_800), "nobody asked central for this"
    assert ahead.look(store, SITE) == 0, "it lies there"
    assert free(store) == 8_000


@pytest.mark.parametrize("last", ["wallet", "right", "till"])
def test_whoever_is_new_finds_it_at_once_and_not_at_the_next_round(
    small_store: Store, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round is an hour long here: only what came last can have woken it."""
    monkeypatch.setattr(Ahead, "every_ms", 3_600_000)
    steps: dict[str, Callable[[], object]] = {
        "till": lambda: a_seller(small_store),
        "right": lambda: comes(small_store),
        "wallet": lambda: a_wallet(small_store, guest="g1"),
    }
    for name in steps.keys() - {last}:
        steps[name]()
    rounds, looked = Ahead(small_store), threading.Event()
    look = rounds.look
    monkeypatch.setattr(rounds, "look", lambda: (look(), looked.set()))
    rounds.start()
    assert looked.wait(4)
    assert rows(small_store) == ()
    steps[last]()
    until(lambda: [row.placed.counters.granted for row in rows(small_store)] == [2_000])
    rounds.stop()


def test_who_comes_later_than_in_two_days_has_it_all_at_central(store: Store) -> None:
    a_wallet(store, guest="g1")
    till = a_seller(store)
    comes(store, in_days=5)
    assert ahead.look(store, SITE) == 0
    assert lying(store, till) == 0


def test_the_reserve_stays_at_central_however_much_such_people_spend(store: Store) -> None:
    a_wallet(store, guest="g1")
    choose(store, floor_minor=50_000, reserve_permille=250)
    till = a_seller(store)
    comes(store)
    ahead.look(store, SITE)
    assert (lying(store, till), free(store)) == (7_500, 2_500)
    assert ahead.look(store, SITE) == 0, "and no grant of nothing every minute"


def test_tills_share_it_and_a_hand_held_gets_none(store: Store) -> None:
    a_wallet(store, guest="g1")
    tills = [a_seller(store, f"till-{number}") for number in range(2)]
    carried = a_seller(store, "carried", kind="handheld")
    comes(store)
    assert ahead.look(store, SITE) == 2
    assert [lying(store, till) for till in (*tills, carried)] == [1_000, 1_000, 0]


def test_a_device_that_does_not_ask_for_leases_gets_none(store: Store, clock: Clockwork) -> None:
    a_wallet(store, guest="g1")
    a_seller(store)
    comes(store)
    clock.ms += plans.SELLS_MS_MAX + 1
    assert ahead.look(store, SITE) == 0
    assert rows(store) == ()


def test_no_device_holds_more_than_its_theft_may_cost_and_all_get_alike(store: Store) -> None:
    for number in range(4):
        a_wallet(store, f"w{number}", guest=f"g{number}")
        comes(store, f"g{number}")
    choose(store, device_minor_max=4_000)
    till = a_seller(store)
    assert ahead.look(store, SITE) == 4
    assert [lying(store, till, f"w{number}") for number in range(4)] == [1_000] * 4
    assert ahead.look(store, SITE) == 0


def test_where_no_number_is_named_a_device_holds_what_the_plan_comes_to(store: Store) -> None:
    """Four rich guests: the plan is two millions, a quarter more may lie there, three quarters of each do."""
    for number in range(4):
        a_wallet(store, f"w{number}", minor=600_000, guest=f"g{number}")
        comes(store, f"g{number}")
    choose(store, floor_minor=500_000, lease_minor_max=1_000_000)
    till = a_seller(store)
    ahead.look(store, SITE)
    assert sum(lying(store, till, f"w{number}") for number in range(4)) == 1_800_000 > caps.LEAST_MINOR
    with store.reading() as tx:
        assert caps.cap_minor(tx, SITE, policies.policy(tx, SITE)) == 2_500_000


@pytest.mark.parametrize(
    ("total", "tills", "cap"),
    [(0, 1, caps.LEAST_MINOR), (11_600_000, 1, 14_500_000), (11_600_000, 4, 3_625_000),
     (10**9, 1, caps.MOST_MINOR), (5_000_000, 0, 6_250_000)],
)  # fmt: skip
def test_a_cap_is_a_share_of_the_plan_and_a_quarter_more_within_bounds(
    total: int, tills: int, cap: int
) -> None:
    assert caps.planned(total, tills=tills) == cap


@pytest.mark.parametrize(
    ("wants", "room", "shares"),
    [([3, 5], 8, [3, 5]), ([100, 300], 100, [25, 75]), ([100, 300], 39, [0, 0]), ([0, 0], 0, [0, 0])],
)
def test_room_is_shared_out_in_the_ratio_of_what_is_wanted(
    wants: list[int], room: int, shares: list[int]
) -> None:
    assert scaled(wants, room) == shares


def test_who_is_expected_no_more_has_it_asked_back(store: Store, clock: Clockwork) -> None:
    a_wallet(store, guest="g1")
    a_seller(store)
    comes(store)
    ahead.look(store, SITE)
    clock.ms += 4 * DAY_MS
    comes(store)
    assert ahead.look(store, SITE) == 1
    assert [(row.placed.closing, row.why) for row in rows(store)] == [(True, "unexpected")]
    assert ahead.look(store, SITE) == 0


def test_a_family_keeps_it_while_one_of_them_is_expected(store: Store) -> None:
    a_wallet(store, guest="g1")
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g2")])
        members.join(tx, SITE, Member(guest="g2", wallet="w1"))
    till = a_seller(store)
    comes(store, in_days=9)
    comes(store, "g2")
    ahead.look(store, SITE)
    assert ahead.look(store, SITE) == 0
    assert lying(store, till) == 2_000


def test_who_has_just_left_takes_it_along(store: Store, clock: Clockwork) -> None:
    a_wallet(store, guest="g1")
    till = a_seller(store)
    comes(store)
    ahead.look(store, SITE)
    till.hear()
    with store.transaction() as tx:
        plans.present(tx, till.device, [Presence(wallet="w1", left=True)])
    assert ahead.look(store, SITE) == 0, "it is on its way back"
    till.close(till.hear().closes[0])
    till.send()
    assert (free(store), ahead.look(store, SITE)) == (10_000, 0)
    clock.ms += REST_MS + 1
    with store.transaction() as tx:
        plans.asked(tx, till.device)
    assert ahead.look(store, SITE) == 1, "who comes again tomorrow pays tomorrow"


def test_nothing_of_a_blocked_wallet_is_set_aside(store: Store) -> None:
    a_wallet(store, guest="g1")
    a_seller(store)
    comes(store)
    with store.transaction() as tx:
        set_block(tx, SITE, "w1", blocked=True, reason="lost")
    assert ahead.look(store, SITE) == 0


def test_what_lies_ready_outlasts_a_cut_that_begins_on_any_day(store: Store, clock: Clockwork) -> None:
    a_wallet(store, guest="g1")
    choose(store, edge_ttl_s=1_000)
    till = a_seller(store)
    comes(store)
    with store.transaction() as tx:
        advance(tx, SITE)
    ahead.look(store, SITE)
    for _ in range(10):
        clock.ms += STEP_MS_MAX
        with store.transaction() as tx:
            now = advance(tx, SITE)
            plans.asked(tx, till.device)
    assert ahead.look(store, SITE) == 1
    (row,) = rows(store)
    assert row.placed.doubt_ms == doubtful_ms(now, 1_000)
    assert row.placed.counters.granted == 2_000
    assert ahead.look(store, SITE) == 0


def test_a_device_that_was_away_gets_what_is_left_of_the_time(store: Store, clock: Clockwork) -> None:
    """It counts from when it asked, and central's doubt does not wait for that."""
    a_wallet(store, guest="g1")
    choose(store, edge_ttl_s=3_600)
    till = a_seller(store)
    comes(store)
    with store.transaction() as tx:
        advance(tx, SITE)
    ahead.look(store, SITE)
    for _ in range(30):
        clock.ms += STEP_MS_MAX
        with store.transaction() as tx:
            advance(tx, SITE)
    assert [grant.ttl_s for grant in till.hear().grants] == [(3_600 * 1_010 - 1_800_000) // 1_010]


def test_what_was_asked_back_before_its_device_heard_of_it_comes_back(store: Store) -> None:
    """Otherwise a guest's money would lie for days at a till that knows nothing of it, and be written off."""
    a_wallet(store)
    till = a_till(store)
    with store.transaction() as tx:
        leases.grant(tx, till.device, Want(wallet="w1", total=6_000))
        leases.ask_back_wallet(tx, SITE, "w1", why="unexpected")
    till.close(till.hear().closes[0])
    till.send()
    assert free(store) == 10_000
    assert (till.hear().grants, till.hear().closes) == ((), ())
