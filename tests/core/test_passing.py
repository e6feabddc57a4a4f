"""Passing on: a part of a lease goes to a sibling once, whatever becomes of messages, and central sums it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from edge.core.lease import (
    PART_TTL_S,
    Counters,
    Lease,
    Passing,
    Placed,
    PlacedState,
    Refusal,
    answers,
    heard_ahead,
    home,
    part_of,
    pass_on,
    passable,
    passing_in,
    report_of,
    take_report,
    taken,
)
from tests.core.lease_model.passing import MISTAKES, World, search
from tests.core.purses import UP_MS, a_lease

TO = ("till-2", 3)


def passed(lease: Lease, wanted: int) -> tuple[Lease, Passing]:
    given = pass_on(lease, wanted, part="p1", to=TO, now_ms=UP_MS)
    assert not isinstance(given, Refusal), given
    return given


def placed(lease: Lease, **said: object) -> Placed:
    """What central knows of a lease that it granted, and of which it heard nothing."""
    made = Placed(
        lease=lease.id, wallet=lease.wallet, kind=lease.kind, unit=lease.unit, device=lease.device,
        incarnation=lease.incarnation, counters=Counters(granted=lease.counters.granted),
    )  # fmt: skip
    return replace(made, **said)


def test_a_part_leaves_the_lease_and_says_for_whom_it_is() -> None:
    lease = a_lease("one", 1_000, serial=1)
    after, passing = passed(lease, 300)
    assert (after.spendable, after.counters.returned) == (700, 300)
    grant = passing.grant
    assert (passing.of, grant.lease, grant.total, grant.device, grant.incarnation) == ("one", "p1", 300, *TO)
    assert (grant.wallet, grant.unit, grant.limits) == (lease.wallet, lease.unit, lease.limits)
    assert 0 < grant.ttl_s <= min(PART_TTL_S, (lease.ends_ms - UP_MS) // 1_000)
    assert (home(passing).device, home(passing).incarnation) == (lease.device, lease.incarnation)
    assert passing_in(msgspec.msgpack.encode(passing)) == passing


def test_no_more_is_passed_on_than_lies_there() -> None:
    assert passed(a_lease("one", 200, serial=1), 300)[1].grant.total == 200


def test_cash_and_what_was_voided_stay_where_they_are() -> None:
    lease = a_lease("one", 100, serial=1)
    held = replace(lease, counters=Counters(granted=100, spent=60, voided=50, minted=500))
    assert (held.spendable, passable(held, UP_MS)) == (590, 40)
    spent = replace(lease, counters=Counters(granted=100, spent=120, voided=30))
    assert (spent.spendable, passable(spent, UP_MS)) == (10, 0)
    assert pass_on(spent, 10, part="p1", to=TO, now_ms=UP_MS) is Refusal.NO_AMOUNT


@pytest.mark.parametrize("said", [{"kind": "points"}, {"band": "ab" * 16}, {"day": 700_000}])
def test_only_money_for_any_band_of_the_wallet_is_passed_on(said: dict[str, object]) -> None:
    assert passable(replace(a_lease("one", 100, serial=1), **said), UP_MS) == 0


def test_a_part_of_which_the_parent_has_not_spoken_is_not_passed_on() -> None:
    """Heard of by who took it, it would be a part out of nothing."""
    assert passable(a_lease("one", 100), UP_MS) == 0


OTHERWISE: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"total": 301}, {}), ({"total": 0}, {}), ({"total": -5}, {}), ({"ttl_s": PART_TTL_S + 1}, {}),
    ({"ttl_s": 0}, {}), ({"kind": "points"}, {}), ({"band": "ab"}, {}), ({"day": 7}, {}), ({"serial": 1}, {}),
    ({"lease": ""}, {}), ({"lease": "p" * 65}, {}), ({"lease": "p\n"}, {}), ({"lease": "one"}, {}),
    ({"device": "till-9"}, {}), ({"incarnation": 4}, {}), ({}, {"wallet": "w-9"}), ({}, {"unit": "CHF"}),
]  # fmt: skip


@pytest.mark.parametrize(("grant", "asked"), OTHERWISE)
def test_only_what_was_asked_for_is_taken(grant: dict[str, object], asked: dict[str, object]) -> None:
    _, passing = passed(a_lease("one", 1_000, serial=1), 300)
    wanted: dict[str, Any] = {"to": TO, "wallet": "wallet-1", "unit": "EUR", "wanted": 300}
    assert answers(passing, **wanted)
    other = replace(passing, grant=replace(passing.grant, **grant))
    assert not answers(other, **{**wanted, **asked})


def test_a_part_of_what_is_asked_back_is_asked_back() -> None:
    lease = a_lease("one", 1_000, serial=1)
    _, passing = passed(lease, 300)
    assert [part_of(placed(lease, closing=closing), passing).closing for closing in (True, False)] == [
        True, False,
    ]  # fmt: skip


def test_what_ends_soon_stays() -> None:
    lease = replace(a_lease("one", 100, serial=1), ends_ms=UP_MS + 59_999)
    assert pass_on(lease, 10, part="p1", to=TO, now_ms=UP_MS) is Refusal.EXPIRED


def test_central_learns_it_from_the_taker_first_and_counts_it_once() -> None:
    lease = a_lease("one", 1_000, serial=1)
    after, passing = passed(lease, 300)
    known = heard_ahead(placed(lease), passing)
    assert isinstance(known, Placed)
    assert known.counters.returned == 300
    again = take_report(known, report_of(lease), ahead=300)
    assert isinstance(again, Placed)
    assert again.counters.returned == 300, "the giver's older word takes nothing back"
    last = take_report(again, report_of(after))
    assert isinstance(last, Placed)
    assert last.counters == after.counters


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"wallet": "other"}, Refusal.OTHER_LEASE),
        ({"incarnation": 9}, Refusal.OTHER_LEASE),
        ({"counters": Counters(granted=299)}, Refusal.TOO_MUCH),
    ],
)
def test_central_takes_no_part_that_the_lease_cannot_have_held(said: dict[str, object], why: Refusal) -> None:
    _, passing = passed(a_lease("one", 1_000, serial=1), 300)
    assert heard_ahead(placed(a_lease("one", 1_000, serial=1), **said), passing) is why


def test_a_part_of_a_lease_that_was_given_up_is_the_operators_loss() -> None:
    lease = a_lease("one", 1_000, serial=1)
    _, passing = passed(lease, 300)
    counters = Counters(granted=1_000)
    lost = placed(lease, state=PlacedState.WRITTEN_OFF, late=counters)
    known = heard_ahead(lost, passing)
    assert isinstance(known, Placed)
    assert (known.counters, known.late.returned) == (counters, 300)
    part = part_of(lost, passing)
    assert (part.state, part.set_aside, part.late.granted) == (PlacedState.WRITTEN_OFF, 0, 300)


def test_a_part_is_nobodys_until_one_of_two_has_it_and_then_no_others() -> None:
    lease = a_lease("one", 1_000, serial=1)
    _, passing = passed(lease, 300)
    part = part_of(placed(lease), passing)
    assert (part.device, part.set_aside, part.state) == ("", 300, PlacedState.OPEN)
    theirs, ours = taken(part, passing, TO[0]), taken(part, passing, lease.device)
    assert isinstance(theirs, Placed)
    assert isinstance(ours, Placed)
    assert (theirs.device, theirs.incarnation, ours.device) == (*TO, lease.device)
    assert taken(theirs, passing, lease.device) is Refusal.OTHER_LEASE
    assert taken(part, passing, "till-9") is Refusal.OTHER_LEASE
    assert taken(theirs, passing, TO[0]) == theirs


# Every state of it


@pytest.mark.parametrize(
    ("world", "states"),
    [
        (World(1, wants=1, parts=2), 192),
        pytest.param(World(2, wants=1, parts=2), 8_816, marks=pytest.mark.slow),
        (World(1, wants=1, parts=1, lossy=True), 1_223),
    ],
    ids=["one unit", "two units, two offers", "one unit, given up"],
)
def test_no_state_of_a_small_site_costs_money(world: World, states: int) -> None:
    seen = search(world, settle_every=7)
    assert seen.broken == "", seen.trace
    assert seen.states == states
    assert {"pass on", "done offered", "done b", "done a", "done gone", "home", "opened"} <= seen.labels


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "world", [World(2, wants=2, parts=2), World(2, wants=1, parts=2, lossy=True)], ids=["two wants", "lossy"]
)
def test_no_state_of_a_larger_site_costs_money(world: World) -> None:
    seen = search(world, settle_every=29)
    assert (seen.broken, seen.states > 140_000) == ("", True), seen.trace


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_of_passing_on_costs_money_within_eleven_steps(mistake: str) -> None:
    small = search(World(1, wants=1, parts=1, rule=mistake))
    seen = small if small.broken else search(World(2, wants=2, parts=2, rule=mistake))
    assert seen.broken.startswith(("I2", "I3"))
    assert len(seen.trace) <= 11
