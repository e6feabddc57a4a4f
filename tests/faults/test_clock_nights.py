"""Nights in which clocks change, days that a clock jumps over, a quartz that drifts for a week."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from edge import clock
from edge.core.calendar import DAY_MS
from edge.core.decision import Outcome, Reason
from edge.core.entitlements import Entitlement, Hours, Terms
from edge.payviews import BasketState
from tests.builders import NOW_MS, at
from tests.service.house import Hands, House, an_edge, worn
from tests.service.purses import a_grant, a_guest, granted, rung_up, tapped
from tests.store.house import Hands as BareHands

AS_IT_IS = pytest.mark.parametrize("guarded", [True, False], ids=["as it is", "control"])
NIGHTS = {
    "23 hours": ("2027-03-27", "2027-03-28", "2027-03-29"),
    "25 hours": ("2026-10-24", "2026-10-25", "2026-10-26"),
}
WEEK_MS = 7 * DAY_MS
QUARTZ_PPM = 50
ALL_WEEK = range(7)
RIDE = "reader-ride"


def told(house: House, terms: Terms) -> None:
    """Give the guest one right with these terms."""
    right = Entitlement(id="nightly", product="night", terms=terms)
    house.tell(worn(house, rev=9, entitlements=(right,)))


def tapped_at(house: House, hands: Hands, when_ms: int) -> Outcome:
    """Let time pass until then, as it does for both hands, and hold the band there."""
    hands.forward(ms=when_ms - hands.wall_ms)
    house.clock.heard(when_ms, 10)
    return house.service.present(house.tap(reader=RIDE)).outcome


def let_in(house: House, hands: Hands, *when: str) -> list[bool]:
    return [tapped_at(house, hands, at(one)) is Outcome.GRANTED for one in when]


def whole_days(_zone: object, _starts: int, at_ms: int) -> tuple[int, int]:
    """When a day of 24 hours around an instant began, and when it ends."""
    return at_ms // DAY_MS * DAY_MS, (at_ms // DAY_MS + 1) * DAY_MS


def since(when: str) -> Hands:
    hands = Hands()
    hands.wall_ms = at(when)
    return hands


@AS_IT_IS
@pytest.mark.parametrize("night", NIGHTS)
def test_a_day_of_23_or_25_hours_gives_one_use_and_the_next_day_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, night: str, *, guarded: bool
) -> None:
    """With its control: days of 24 hours since 1970 turn at another hour than the site's."""
    if not guarded:
        monkeypatch.setattr("edge.core.claim.day_bounds", whole_days)
    before, day, after = NIGHTS[night]
    hands = since(f"{before} 22:00")
    when = (f"{before} 23:30", f"{day} 00:30", f"{day} 03:30", f"{day} 23:30", f"{after} 00:30")
    with an_edge(tmp_path / "edge", hands) as house:
        told(house, Terms(points=("castle",), uses_per_day_max=1))
        first = let_in(house, hands, *when[:2])
    with an_edge(tmp_path / "edge", hands, boot="boot-2") as house:  # it is restarted within the night
        house.seqs = itertools.count(100)
        rest = let_in(house, hands, *when[2:])
        times = [event.hlc for event in house.journal.events(0)]
        assert times == sorted(set(times))
    assert ([*first, *rest] == [True, True, False, False, True]) is guarded


@pytest.mark.parametrize(("night", "hours"), [("23 hours", 5), ("25 hours", 7)])
def test_what_is_open_until_four_in_the_morning_closes_at_four_by_the_wall(
    tmp_path: Path, night: str, hours: int
) -> None:
    before, day, _ = NIGHTS[night]
    hands = since(f"{before} 21:00")
    opens, closes = at(f"{before} 22:00"), at(f"{day} 04:00")
    assert closes - opens == hours * 3_600_000
    with an_edge(tmp_path / "edge", hands) as house:
        always = dict.fromkeys(ALL_WEEK, ((22 * 60, 28 * 60),))
        told(house, Terms(points=("castle",), hours=Hours(weekdays=always)))
        minute = 60_000
        found = [
            tapped_at(house, hands, ms)
            for ms in (opens - minute, opens + minute, closes - minute, closes + minute)
        ]
    granted_at = [outcome is Outcome.GRANTED for outcome in found]
    assert granted_at == [False, True, True, False]


@AS_IT_IS
@pytest.mark.parametrize("jump", [DAY_MS, 3 * DAY_MS], ids=["a day", "three days"])
def test_a_clock_that_jumps_a_day_gives_no_second_use_of_the_same_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: int, *, guarded: bool
) -> None:
    """With its control: a clock that nobody vouches for, and that is doubted by minutes alone."""
    hands = Hands()
    if not guarded:
        monkeypatch.setattr(clock, "DOUBTED_MS_MAX", 0)
    with an_edge(tmp_path / "edge", hands) as house:
        told(house, Terms(points=("castle",), uses_per_day_max=1))
        assert tapped_at(house, hands, NOW_MS) is Outcome.GRANTED
    hands.mono_ms = 1_000  # it starts again, and central does not answer
    with an_edge(tmp_path / "edge", hands, boot="boot-2") as house:
        house.seqs = itertools.count(100)
        hands.wall_ms += jump
        again = house.service.present(house.tap(reader=RIDE))
        assert (again.outcome is Outcome.GRANTED) is not guarded
        assert (again.reason is Reason.CLOCK_UNTRUSTED) is guarded
        house.clock.heard(NOW_MS, 20)
        assert house.service.present(house.tap(reader=RIDE)).outcome is not Outcome.GRANTED, "that day still"


@AS_IT_IS
@pytest.mark.parametrize("jump", [DAY_MS, 6 * DAY_MS], ids=["a day", "six days"])
def test_a_clock_that_jumped_a_day_gives_no_second_use_after_a_restart_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: int, *, guarded: bool
) -> None:
    """With its control: a store that keeps no doubt, so that the new run believes the wall clock."""
    hands = Hands()
    hands.mono_ms = clock.WAKES_MS_MAX + 1
    if not guarded:
        monkeypatch.setattr("edge.store.batch.load_doubt", lambda *_: None)
    with an_edge(tmp_path / "edge", hands) as house:
        told(house, Terms(points=("castle",), uses_per_day_max=1, uses_max=None))
        assert house.service.present(house.tap(reader=RIDE)).outcome is Outcome.GRANTED
        hands.wall_ms += jump
        assert house.service.present(house.tap(reader=RIDE)).reason is Reason.CLOCK_UNTRUSTED
    hands.mono_ms = 1_000
    with an_edge(tmp_path / "edge", hands, boot="boot-2") as house:
        house.seqs = itertools.count(100)
        again = house.service.present(house.tap(reader=RIDE))
        assert (again.reason is Reason.CLOCK_UNTRUSTED, again.outcome is Outcome.GRANTED) == (
            guarded,
            not guarded,
        )


def test_a_clock_that_jumps_a_day_twice_gives_no_second_use_either(tmp_path: Path) -> None:
    """Doubted by its last jump alone it would be sure that the first day is over."""
    hands = Hands()
    with an_edge(tmp_path / "edge", hands) as house:
        told(house, Terms(points=("castle",), uses_per_day_max=1))
        assert house.service.present(house.tap(reader=RIDE)).outcome is Outcome.GRANTED
        for _ in range(2):
            hands.wall_ms += DAY_MS
            assert house.service.present(house.tap(reader=RIDE)).reason is Reason.CLOCK_UNTRUSTED


def test_a_journal_that_ran_a_day_ahead_gives_no_second_use_after_a_restart(tmp_path: Path) -> None:
    """The clock is right again, but never answers behind its journal: that, too, is a day of doubt."""
    hands = Hands()
    with an_edge(tmp_path / "edge", hands) as house:
        told(house, Terms(points=("castle",), uses_per_day_max=1))
        assert tapped_at(house, hands, NOW_MS) is Outcome.GRANTED
    for boot, jump in (("boot-2", DAY_MS), ("boot-3", -DAY_MS)):
        hands.mono_ms = 1_000
        with an_edge(tmp_path / "edge", hands, boot=boot) as house:
            house.seqs = itertools.count(100 * int(boot[-1]))
            hands.wall_ms += jump
            assert house.service.present(house.tap(reader=RIDE)).reason is Reason.CLOCK_UNTRUSTED
            if jump < 0:
                house.clock.heard(hands.wall_ms, 20)
                assert house.service.present(house.tap(reader=RIDE)).reason is Reason.CLOCK_UNTRUSTED


@pytest.mark.parametrize("ppm", [QUARTZ_PPM, -QUARTZ_PPM], ids=["fast", "slow"])
@AS_IT_IS
def test_a_quartz_that_drifts_for_a_week_is_off_by_no_more_than_its_clock_says(
    monkeypatch: pytest.MonkeyPatch, ppm: int, *, guarded: bool
) -> None:
    """With its control: a clock that does not count its quartz in is sure of what is wrong."""
    if not guarded:
        monkeypatch.setattr(clock, "DRIFT_PPM", 0)
    hands = BareHands()
    made, true_ms = hands.clock(), hands.wall_ms
    told_last = 0
    for _ in range(7 * 24):
        true_ms += 3_600_000
        hands.pass_ms(3_600_000 + 3_600 * ppm // 1_000)
        moment = made.moment()
        assert moment.now_ms > told_last
        assert moment.trusted
        told_last = moment.now_ms
    assert (abs(moment.now_ms - true_ms) <= moment.uncertainty_ms) is guarded
    made.floor(told_last)
    made.heard(true_ms, 20)
    assert made.now_ms() >= told_last, "the journal does not run back"
    assert made.moment().trusted is (ppm < 0), "what runs ahead is waited for"
    hands.pass_ms(abs(told_last - true_ms))
    assert made.moment().trusted
    assert made.moment().uncertainty_ms < 100


@pytest.mark.parametrize("ppm", [QUARTZ_PPM, -QUARTZ_PPM], ids=["fast", "slow"])
def test_a_lease_of_a_week_is_over_at_its_end_by_a_drifting_quartz_too(tmp_path: Path, ppm: int) -> None:
    with an_edge(tmp_path / "edge") as house:
        a_guest(house)
        granted(house, a_grant(2_000, ttl_s=WEEK_MS // 1_000))
        house.hands.forward(ms=WEEK_MS * 98 // 100)
        rung_up(house, op_id="op-drift-before")
        assert tapped(house).state is BasketState.APPROVED
        house.hands.forward(ms=WEEK_MS * (1_000_000 + ppm) // 1_000_000 - WEEK_MS * 98 // 100)
        rung_up(house, op_id="op-drift-behind")
        assert tapped(house).state is BasketState.SHORT
