"""Outliers: what stands out of a day, and what does not."""

from __future__ import annotations

import pytest

from edge.core.events import Kind
from edge.core.outliers import (
    FLOORS,
    FOLLOW_MS_MAX,
    Figure,
    Happened,
    Outlier,
    count,
    judge_outliers,
    stands_out,
)
from tests.builders import NOW_MS


def did(staff: str, kind: Kind, times: int = 1, **more: object) -> list[Happened]:
    fields: dict[str, object] = {"at_ms": NOW_MS, "kind": int(kind), "staff": staff}
    return [Happened(**(fields | more)) for _ in range(times)]  # type: ignore[arg-type]  # fields of Happened


def figures(happened: list[Happened], staff: str = "anna") -> dict[Figure, int]:
    return {one.figure: one.count for one in judge_outliers(happened) if one.staff == staff}


def test_every_figure_has_its_floor() -> None:
    assert set(FLOORS) == set(Figure)
    assert min(FLOORS.values()) >= 1


@pytest.mark.parametrize(
    ("kind", "figure", "more"),
    [
        (Kind.COUNT_CORRECTED, Figure.CORRECTIONS, {}),
        (Kind.UNDONE, Figure.UNDOS, {}),
        (Kind.LOCATION_SET, Figure.MOVED, {}),
        (Kind.LINKED, Figure.RELINKS, {}),
        (Kind.ATTEMPT_REFUSED, Figure.ATTEMPTS, {"reason": "self"}),
        (Kind.ATTEMPT_REFUSED, Figure.REFUSALS, {"reason": "role"}),
        (Kind.APPROVAL_REFUSED, Figure.REFUSED_ASKS, {}),
        (Kind.BAND_STATE, Figure.FOUND, {"reason": "found"}),
        (Kind.SIGN_IN_REFUSED, Figure.WRONG_PINS, {"reason": "wrong_pin"}),
        (Kind.OVERRIDDEN, Figure.OVERRIDES, {}),
    ],
)
def test_a_figure_stands_out_from_its_floor_on(kind: Kind, figure: Figure, more: dict[str, object]) -> None:
    floor = FLOORS[figure]
    assert figures(did("anna", kind, floor, **more)) == {figure: floor}
    assert figures(did("anna", kind, floor - 1, **more)) == {}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (Kind.BAND_STATE, {"reason": "lost"}),
        (Kind.SIGN_IN_REFUSED, {"reason": "paused"}),
        (Kind.ATTEMPT_REFUSED, {"reason": "idle"}),
        (Kind.SIGNED_IN, {}),
        (Kind.DECIDED, {}),
    ],
)
def test_the_days_work_is_no_figure(kind: Kind, more: dict[str, object]) -> None:
    assert figures(did("anna", kind, 100, **more)) == {}


def test_a_look_up_that_nothing_follows_is_idle_and_one_that_ends_in_a_tap_is_not() -> None:
    floor = FLOORS[Figure.IDLE_LOOK_UPS]
    looks = did("anna", Kind.LOOKED_UP, floor, bands=("aa", "bb"))
    tap = did("", Kind.DECIDED, bands=("bb",), at_ms=NOW_MS + FOLLOW_MS_MAX)
    late = did("", Kind.DECIDED, bands=("bb",), at_ms=NOW_MS + FOLLOW_MS_MAX + 1)
    before = did("", Kind.DECIDED, bands=("bb",), at_ms=NOW_MS - 1)
    other = did("", Kind.DECIDED, bands=("cc",))
    again = did("berta", Kind.LOOKED_UP, bands=("bb",))
    assert figures(looks + tap) == {}
    for nothing in ([], late, before, other, again):
        assert figures(looks + nothing) == {Figure.IDLE_LOOK_UPS: floor}


def test_what_colleagues_do_as_well_does_not_stand_out_unless_it_is_far_too_much() -> None:
    crew = [one for who in ("berta", "carla", "dora") for one in did(who, Kind.UNDONE, 5)]
    assert figures([*did("anna", Kind.UNDONE, 15), *crew]) == {}
    assert figures([*did("anna", Kind.UNDONE, 16), *crew]) == {Figure.UNDOS: 16}
    assert stands_out(Figure.UNDOS, 3 * FLOORS[Figure.UNDOS], 1_000.0)


def test_whoever_lets_pass_alone_and_whoever_answers_are_counted_too() -> None:
    alone = did("", Kind.OVERRIDDEN, 8, approver="anna")
    assert figures(alone) == {Figure.OVERRIDES: 8}
    both = did("bruno", Kind.OVERRIDDEN, 8, approver="anna")
    assert figures(both, "bruno") == {Figure.OVERRIDES: 8}
    assert figures(both) == {}
    assert figures(did("", Kind.SIGNED_OUT, 8, approver="anna")) == {}


def test_two_who_always_answer_each_other_stand_out_as_a_pair() -> None:
    given = did("bruno", Kind.APPROVAL_GIVEN, 6, approver="anna")
    spread = [one for who in "bcdefg" for one in did(who, Kind.APPROVAL_GIVEN, approver="dora")]
    [pair] = judge_outliers(given + spread)
    assert pair == Outlier(staff="anna", figure=Figure.PAIRED, count=6, usual=0.0, about="bruno")


def test_the_same_band_let_pass_twice_stands_out() -> None:
    twice = did("", Kind.OVERRIDDEN, 2, approver="anna", bands=("aa",))
    [band] = judge_outliers(twice)
    assert (band.figure, band.about, band.count) == (Figure.SAME_BAND, "aa", 2)


def test_the_worst_comes_first_and_a_quiet_day_has_nothing() -> None:
    day = [*did("berta", Kind.ATTEMPT_REFUSED), *did("anna", Kind.ATTEMPT_REFUSED, 4)]
    assert [one.staff for one in judge_outliers(day)] == ["anna", "berta"]
    assert judge_outliers([]) == ()
    assert count(()) == {}


def test_what_central_itself_recorded_counts_as_it_says() -> None:
    looks = [
        Happened(at_ms=n, kind=0, staff="vera", figure=Figure.EXPORTS) for n in range(FLOORS[Figure.EXPORTS])
    ]
    assert judge_outliers(looks[1:]) == ()
    (found,) = judge_outliers(looks)
    assert (found.staff, found.figure, found.count) == ("vera", Figure.EXPORTS, FLOORS[Figure.EXPORTS])


def test_one_record_that_tells_of_many_refusals_counts_as_many() -> None:
    told = did("anna", Kind.ATTEMPT_REFUSED, reason="role", times=FLOORS[Figure.REFUSALS])
    assert figures(told) == {Figure.REFUSALS: FLOORS[Figure.REFUSALS]}
