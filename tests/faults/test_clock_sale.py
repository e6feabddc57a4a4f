"""Clocks that jump and a start without time: money is spent by the rising clock, and none comes free."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.decision import Reason
from edge.core.events import Kind
from edge.core.lease import LeaseState
from edge.payviews import BasketState, BasketView
from sync.central.accounting.sums import UNCERTAIN_MS
from tests.service.house import Hands, House, an_edge
from tests.service.purses import (
    SOUP,
    a_grant,
    a_guest,
    bought,
    granted,
    leases,
    left,
    money_events,
    rung_up,
    tapped,
)

TTL_S = 3_600
DAY_S = 86_400
JUMPS_S = [3 * DAY_S, -3_600, -40 * 365 * DAY_S, 10 * 365 * DAY_S]
"""Three days on, an hour back, to before 1990, ten years on."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A till with twenty euros of a guest for an hour."""
    with an_edge(tmp_path / "edge") as made:
        a_guest(made)
        granted(made, a_grant(2_000, ttl_s=TTL_S))
        yield made


def sale(house: House, number: int = 1) -> BasketView:
    house.clock.moment()  # a cashier signs in again after a jump
    rung_up(house, SOUP, op_id=f"op-clock-{number:08}")
    return tapped(house)


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_wall_clock_that_jumps_neither_ends_nor_prolongs_what_may_be_spent(
    house: House, jump_s: int
) -> None:
    house.hands.wall_ms += jump_s * 1_000
    house.service._lifetime.look()
    assert sale(house).state is BasketState.APPROVED
    house.hands.mono_ms += TTL_S * 1_000
    house.hands.wall_ms -= jump_s * 1_000
    view = sale(house, 2)
    assert (view.state, view.reason) == (BasketState.SHORT, Reason.OFFLINE_LIMIT)
    assert left(house) == 1_400, "time alone frees nothing"
    assert [lease.counters.returned for lease in leases(house)] == [0]


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_jump_within_a_sale_changes_neither_its_order_nor_its_sum(house: House, jump_s: int) -> None:
    rung_up(house)
    house.hands.wall_ms += jump_s * 1_000
    assert tapped(house).state is BasketState.APPROVED
    bought(house, op_id="op-clock-after")
    paid = money_events(house, Kind.PAID)
    assert [event.hlc for event in paid] == sorted({event.hlc for event in paid})
    assert left(house) == 800


@pytest.mark.parametrize("wall_s", JUMPS_S)
def test_a_start_without_time_spends_at_most_what_was_left_and_says_that_its_time_is_uncertain(
    tmp_path: Path, wall_s: int
) -> None:
    hands = Hands()
    with an_edge(tmp_path / "edge", hands) as house:
        a_guest(house)
        granted(house, a_grant(2_000, ttl_s=TTL_S))
        house.service._lifetime.resume()
        hands.forward(s=TTL_S // 2)
        house.service._lifetime.look()
    hands.wall_ms += wall_s * 1_000
    hands.mono_ms = 5_000
    with an_edge(tmp_path / "edge", hands, boot="boot-2") as house:
        house.service._lifetime.resume()
        (lease,) = leases(house)
        assert lease.ends_ms - hands.mono_ms <= TTL_S // 2 * 1_000
        assert lease.counters.returned == 0
        assert sale(house).state is BasketState.APPROVED
        assert not house.clock.sure()
        hands.mono_ms += TTL_S // 2 * 1_000
        assert sale(house, 2).state is BasketState.SHORT
        house.service._lifetime.look()
        (lease,) = leases(house)
        assert (lease.state, lease.spendable) == (LeaseState.DRAINING, 1_400)


def test_a_till_that_starts_before_it_knows_the_time_writes_so_beside_each_sale(tmp_path: Path) -> None:
    """Central's day proof counts these as ``time_uncertain``."""
    hands = Hands()
    with an_edge(tmp_path / "edge", hands) as house:
        a_guest(house)
        granted(house)
        bought(house)
        house.clock.heard(hands.wall_ms, 10)
        bought(house, op_id="op-clock-known")
    hands.wall_ms = 0
    with an_edge(tmp_path / "edge", hands, boot="boot-2") as house:
        house.seqs = itertools.count(1_000)
        bought(house, op_id="op-clock-unknown")
        known, unknown = (event.uncertainty_ms for event in money_events(house, Kind.PAID)[1:])
        assert known < UNCERTAIN_MS < unknown
        assert not house.clock.moment().trusted
