"""The edge's end of a lease: each rule once; the states that both ends reach are in the model."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.lease import (
    COUNTER_MAX,
    Close,
    Counters,
    Drain,
    Grant,
    Lease,
    LeaseState,
    Limits,
    Refusal,
    block,
    close,
    deadline_ms,
    doubtful_ms,
    drain,
    expire,
    freeze,
    give_back,
    left_s,
    mint,
    ready,
    resumed,
    spend,
    take_grant,
    void,
)
from tests.builders import DEVICE
from tests.core.purses import UP_MS, a_lease

GRANT = Grant(
    lease="lease-1",
    wallet="wallet-1",
    unit="EUR",
    device=DEVICE,
    incarnation=1,
    total=2_000,
    ttl_s=3_600,
    serial=1,
)
TIGHT = Limits(tap_minor_max=100)
DRAINS = {
    "asked": a_lease(state=LeaseState.DRAINING, drain=Drain.ASKED),
    "expired": a_lease(state=LeaseState.DRAINING, drain=Drain.EXPIRED),
    "blocked": a_lease(state=LeaseState.DRAINING, drain=Drain.BLOCKED, block_epoch=2),
    "frozen": a_lease(state=LeaseState.FROZEN),
    "closed": a_lease(state=LeaseState.CLOSED, counters=Counters(granted=2_000, spent=500, returned=1_500)),
}


def taken(lease: Lease | None, asked_ms: int = UP_MS, **changes: object) -> Lease:
    got = take_grant(lease, replace(GRANT, **changes), asked_ms=asked_ms)
    assert isinstance(got, Lease)
    return got


def test_a_grant_opens_a_lease_that_ends_before_its_parent_doubts_it() -> None:
    lease = taken(None, limits=TIGHT, elsewhere=5, day=7, band="ab")
    assert (lease.spendable, lease.state, lease.limits) == (2_000, LeaseState.OPEN, TIGHT)
    assert (lease.elsewhere, lease.day, lease.band) == (5, 7, "ab")
    assert lease.ends_ms == UP_MS + 3_564_000 - 5_000 == deadline_ms(UP_MS, 3_600)
    assert doubtful_ms(UP_MS, 3_600) == UP_MS + 3_636_000 + 5_000


@pytest.mark.parametrize(("late_ms", "left"), [(0, 3_600), (1, 3_599), (1_818_000, 1_800), (9_999_999, 0)])
def test_a_grant_that_is_told_late_lasts_no_longer_than_its_doubt_allows(late_ms: int, left: int) -> None:
    doubt_ms, told_ms = doubtful_ms(UP_MS, 3_600), UP_MS + late_ms
    assert left_s(doubt_ms, told_ms) == left
    assert not left or doubtful_ms(told_ms, left) <= doubt_ms


def test_totals_and_not_sums_count() -> None:
    lease = taken(taken(taken(None), total=1_500), total=2_500, serial=2)
    assert lease.counters.granted == 2_500
    assert taken(lease).counters.granted == 2_500


def test_an_older_grant_tells_neither_time_nor_limits() -> None:
    lease = taken(taken(None, serial=2), UP_MS + 9_999, total=3_000, limits=TIGHT)
    assert (lease.counters.granted, lease.limits, lease.ends_ms) == (
        3_000,
        Limits(),
        deadline_ms(UP_MS, 3_600),
    )
    newer = taken(lease, UP_MS + 9_999, limits=TIGHT, serial=3)
    assert (newer.limits, newer.ends_ms) == (TIGHT, deadline_ms(UP_MS + 9_999, 3_600))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"total": -1}, Refusal.TOO_MUCH),
        ({"total": COUNTER_MAX + 1}, Refusal.TOO_MUCH),
        ({"lease": "other"}, Refusal.OTHER_LEASE),
        ({"wallet": "other"}, Refusal.OTHER_LEASE),
        ({"unit": "CHF"}, Refusal.OTHER_LEASE),
        ({"band": "ab"}, Refusal.OTHER_LEASE),
        ({"incarnation": 2}, Refusal.OTHER_INCARNATION),
    ],
)
def test_a_grant_that_is_not_for_this_lease_is_refused(changes: dict[str, object], refusal: Refusal) -> None:
    assert take_grant(a_lease(), replace(GRANT, **changes), asked_ms=UP_MS) is refusal


def test_a_newer_grant_opens_what_ran_out_and_not_what_was_closed() -> None:
    again = taken(DRAINS["expired"])
    assert (again.state, again.drain) == (LeaseState.OPEN, None)
    assert taken(DRAINS["asked"]).state is LeaseState.DRAINING
    assert take_grant(DRAINS["frozen"], GRANT, asked_ms=UP_MS) is Refusal.FROZEN


def test_a_grant_that_reaches_a_closed_lease_goes_back_at_once() -> None:
    lease = taken(DRAINS["closed"], total=2_600)
    assert (lease.state, lease.spendable, lease.counters.returned) == (LeaseState.CLOSED, 0, 2_100)


def test_a_block_wins_over_any_grant_that_did_not_know_of_it() -> None:
    blocked = block(a_lease(), 1)
    assert (blocked.state, blocked.drain, blocked.block_epoch) == (LeaseState.DRAINING, Drain.BLOCKED, 1)
    assert taken(blocked, serial=9).state is LeaseState.DRAINING
    assert taken(blocked, serial=9, block_epoch=1).state is LeaseState.OPEN
    assert block(blocked, 1) is blocked
    fresh = take_grant(None, GRANT, asked_ms=UP_MS, block_epoch=1)
    assert isinstance(fresh, Lease)
    assert (fresh.state, fresh.drain) == (LeaseState.DRAINING, Drain.BLOCKED)


def test_a_block_stays_over_a_close_and_over_time() -> None:
    assert block(DRAINS["expired"], 1).drain is Drain.BLOCKED
    assert block(DRAINS["asked"], 1).drain is Drain.BLOCKED
    assert block(DRAINS["closed"], 1).state is LeaseState.CLOSED
    assert block(DRAINS["frozen"], 1).state is LeaseState.FROZEN


def test_spending_stops_at_what_is_left_and_at_the_deadline() -> None:
    lease = spend(a_lease(), 1_999, now_ms=UP_MS)
    assert isinstance(lease, Lease)
    assert spend(lease, 2, now_ms=UP_MS) is Refusal.SHORT
    assert spend(lease, 1, now_ms=lease.ends_ms) is Refusal.EXPIRED
    assert spend(lease, 0, now_ms=UP_MS) is Refusal.NO_AMOUNT
    assert spend(lease, COUNTER_MAX + 1, now_ms=UP_MS) is Refusal.TOO_MUCH
    assert (ready(lease, UP_MS), ready(lease, lease.ends_ms)) == (1, 0)


def test_a_total_may_come_to_the_most_there_is_and_all_of_it_may_go() -> None:
    full = taken(None, total=COUNTER_MAX)
    assert full.spendable == COUNTER_MAX
    assert [
        one.spendable
        for one in (
            spend(full, COUNTER_MAX, now_ms=UP_MS),
            give_back(full, COUNTER_MAX),
            mint(taken(None, total=0), COUNTER_MAX),
            close(a_lease(), Close(lease="lease-1", incarnation=1, total=COUNTER_MAX)),
        )
        if isinstance(one, Lease)
    ] == [0, 0, COUNTER_MAX, 0]


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ("asked", Refusal.NOT_OPEN),
        ("expired", Refusal.EXPIRED),
        ("blocked", Refusal.NOT_OPEN),
        ("frozen", Refusal.FROZEN),
        ("closed", Refusal.CLOSED),
    ],
)
def test_only_an_open_lease_is_spent(state: str, refusal: Refusal) -> None:
    assert spend(DRAINS[state], 1, now_ms=UP_MS) is refusal
    assert ready(DRAINS[state], UP_MS) == 0


def test_no_more_is_voided_than_was_spent() -> None:
    spent = spend(a_lease(), 500, now_ms=UP_MS)
    assert isinstance(spent, Lease)
    assert void(spent, 501) is Refusal.TOO_MUCH
    assert void(spent, 0) is Refusal.NO_AMOUNT
    back = void(spent, 500)
    assert isinstance(back, Lease)
    assert (back.spendable, void(back, 1)) == (2_000, Refusal.TOO_MUCH)
    assert void(DRAINS["frozen"], 1) is Refusal.FROZEN
    gone = void(DRAINS["closed"], 200)
    assert isinstance(gone, Lease)
    assert (gone.spendable, gone.counters.returned) == (0, 1_700)


def test_cash_is_minted_where_the_lease_may_live_again() -> None:
    minted = mint(a_lease(), 500)
    assert isinstance(minted, Lease)
    assert minted.spendable == 2_500
    assert isinstance(mint(DRAINS["expired"], 1), Lease)
    assert [mint(DRAINS[name], 1) for name in ("asked", "blocked", "frozen", "closed")] == [
        Refusal.NOT_OPEN, Refusal.NOT_OPEN, Refusal.FROZEN, Refusal.CLOSED,
    ]  # fmt: skip
    assert mint(a_lease(), 0) is Refusal.NO_AMOUNT
    assert mint(minted, COUNTER_MAX) is Refusal.TOO_MUCH


def test_a_part_is_given_back() -> None:
    less = give_back(a_lease(), 500)
    assert isinstance(less, Lease)
    assert (less.spendable, less.counters.returned) == (1_500, 500)
    assert give_back(less, 1_501) is Refusal.SHORT
    assert give_back(less, -1) is Refusal.NO_AMOUNT
    assert give_back(DRAINS["frozen"], 1) is Refusal.FROZEN


def test_a_lease_ends_by_time_and_by_will() -> None:
    lease = a_lease()
    assert expire(lease, lease.ends_ms - 1) is lease
    over = expire(lease, lease.ends_ms)
    assert (over.state, over.drain, over.spendable) == (LeaseState.DRAINING, Drain.EXPIRED, 2_000)
    assert drain(over, Drain.ASKED).drain is Drain.ASKED
    assert drain(DRAINS["closed"], Drain.ASKED) is DRAINS["closed"]


def test_a_close_returns_everything_with_a_grant_that_was_lost() -> None:
    asked = Close(lease="lease-1", incarnation=1, total=2_600)
    shut = close(a_lease(), asked)
    assert isinstance(shut, Lease)
    assert (shut.state, shut.drain, shut.spendable) == (LeaseState.CLOSED, Drain.ASKED, 0)
    assert (shut.counters.granted, shut.counters.returned) == (2_600, 2_600)
    assert close(shut, asked) == shut
    by_itself = close(DRAINS["expired"])
    assert isinstance(by_itself, Lease)
    assert by_itself.drain is Drain.EXPIRED


def test_a_close_of_another_lease_or_a_frozen_one_does_nothing() -> None:
    assert close(a_lease(), Close(lease="other", incarnation=1)) is Refusal.OTHER_LEASE
    assert close(a_lease(), Close(lease="lease-1", incarnation=2)) is Refusal.OTHER_LEASE
    assert close(a_lease(), Close(lease="lease-1", incarnation=1, total=COUNTER_MAX + 1)) is Refusal.TOO_MUCH
    assert close(freeze(a_lease())) is Refusal.FROZEN


def test_a_restart_without_a_clock_leaves_no_more_time_than_there_was() -> None:
    assert resumed(a_lease(), 500, now_ms=10).ends_ms == 510
    assert resumed(a_lease(), -500, now_ms=10).ends_ms == 10
