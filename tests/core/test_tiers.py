"""Tiers: up at once, down one step, announced before, and never below the lowest."""

from __future__ import annotations

import pytest

from edge.core.tiers import Change, Ladder, Standing, Step, is_sound, judge

STEPS = (Step("basic", 0), Step("silver", 10_000), Step("gold", 50_000), Step("black", 200_000))
LADDER = Ladder(steps=STEPS, currency="EUR", notice_days=30)
DAY = 20_000


@pytest.mark.parametrize("tier", ["", "press", "basic"])
def test_who_spent_enough_rises_at_once_several_steps_too(tier: str) -> None:
    found = judge(LADDER, Standing(tier), spent_minor=50_000, day=DAY)
    assert found == (Change.RAISED, Standing("gold"))


def test_a_cent_less_is_a_step_less() -> None:
    assert judge(LADDER, Standing(""), spent_minor=49_999, day=DAY)[1].tier == "silver"


def test_who_spent_nothing_or_got_more_back_stands_on_the_lowest_for_ever() -> None:
    assert judge(LADDER, Standing(""), spent_minor=-1, day=DAY) == (Change.RAISED, Standing("basic"))
    assert judge(LADDER, Standing("basic"), spent_minor=-1, day=DAY) == (Change.NONE, Standing("basic"))


def test_nothing_is_taken_before_its_days_are_over_since_the_guest_was_told() -> None:
    change, told = judge(LADDER, Standing("gold"), spent_minor=0, day=DAY)
    assert (change, told) == (Change.TOLD, Standing("gold", DAY))
    for day in (DAY, DAY + 29, DAY - 400):
        assert judge(LADDER, told, spent_minor=0, day=day) == (Change.NONE, told), "also by a clock put back"
    assert judge(LADDER, told, spent_minor=0, day=DAY + 30) == (Change.LOWERED, Standing("silver"))


def test_one_step_at_a_time_each_told_anew_down_to_the_lowest() -> None:
    now, seen = Standing("black"), list[tuple[Change, str]]()
    for day in range(DAY, DAY + 200):
        change, now = judge(LADDER, now, spent_minor=0, day=day)
        seen += [(change, now.tier)] if change is not Change.NONE else []
    assert seen == [
        (Change.TOLD, "black"),
        (Change.LOWERED, "gold"),
        (Change.TOLD, "gold"),
        (Change.LOWERED, "silver"),
        (Change.TOLD, "silver"),
        (Change.LOWERED, "basic"),
    ]


def test_who_spends_again_in_time_keeps_it_and_is_told_anew_the_next_time() -> None:
    told = Standing("gold", DAY)
    assert judge(LADDER, told, spent_minor=50_000, day=DAY + 29) == (Change.KEPT, Standing("gold"))
    assert judge(LADDER, told, spent_minor=200_000, day=DAY + 29) == (Change.RAISED, Standing("black"))
    assert judge(LADDER, Standing("gold"), spent_minor=0, day=DAY + 40)[0] is Change.TOLD


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step("basic", 1),),
        (Step("basic", 0), Step("basic", 5)),
        (Step("basic", 0), Step("silver", 0)),
        (Step("basic", 0), Step("silver", 9), Step("gold", 8)),
    ],
)
def test_what_has_no_floor_does_not_rise_or_names_a_tier_twice_is_no_ladder(steps: tuple[Step, ...]) -> None:
    assert not is_sound(steps)
    assert is_sound(STEPS)
