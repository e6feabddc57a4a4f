"""A case is what its steps tell: whose turn it is, what was promised, and whether it was kept."""

from __future__ import annotations

from typing import Any

import pytest

from edge.errors import Refused
from sync.central.care.case import (
    ANSWER_MS,
    DAY_MS,
    MINUTE_MS,
    Case,
    Priority,
    Result,
    State,
    Step,
    Subject,
    Told,
    stood,
)

FIRST = Told(op="o", step=Step.OPENED, at_ms=0, word=Subject.MONEY.value)
HELP = Told(op="o", step=Step.OPENED, at_ms=0, word=Subject.HELP.value, via="kiosk")
END = {"word": Result.PUT_RIGHT.value}


def a(step: Step, at_ms: int = 1, **said: Any) -> Told:
    return Told(op=f"{step}/{at_ms}", step=step, at_ms=at_ms, who="carla", **said)


def after(*steps: Told, first: Told = FIRST) -> Case:
    return stood("c", [first, *steps])


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ((), State.OPEN),
        ((a(Step.NOTED), a(Step.ACTED), a(Step.TAKEN)), State.OPEN),
        ((a(Step.ANSWERED),), State.WAITING_GUEST),
        ((a(Step.ANSWERED), a(Step.HEARD, 2)), State.WAITING_US),
        ((a(Step.PROMISED, until_ms=5),), State.WAITING_US),
        ((a(Step.SOLVED, **END),), State.SOLVED),
        ((a(Step.SOLVED, **END), a(Step.CLOSED, 2, **END)), State.CLOSED),
        ((a(Step.CLOSED, **END), a(Step.HEARD, 2)), State.WAITING_US),
    ],
)
def test_each_step_says_whose_turn_it_is(steps: tuple[Told, ...], state: State) -> None:
    case = after(*steps)
    assert (case.state, case.steps) == (state, len(steps) + 1)


def test_work_on_a_case_is_whose_it_is_and_what_comes_first() -> None:
    case = after(a(Step.TAKEN), a(Step.RANKED, word="low"))
    assert (case.owner, case.priority) == ("carla", Priority.LOW)


@pytest.mark.parametrize("step", [Step.NOTED, Step.ACTED, Step.ANSWERED, Step.CLOSED, Step.PROMISED])
def test_nothing_is_done_to_a_closed_case_before_the_guest_speaks_again(step: Step) -> None:
    with pytest.raises(Refused, match="closed"):
        after(a(Step.CLOSED, **END), a(step, 2, until_ms=9, **END))


def test_a_case_is_opened_once() -> None:
    with pytest.raises(Refused, match="once"):
        after(FIRST)


# Promises


def counts(case: Case) -> tuple[int, int, int]:
    return case.kept, case.broken, case.moved


@pytest.mark.parametrize(("at_ms", "told"), [(5 * MINUTE_MS, (1, 0, 0)), (5 * MINUTE_MS + 1, (0, 1, 0))])
def test_a_call_for_help_is_answered_within_five_minutes_or_too_late(
    at_ms: int, told: tuple[int, int, int]
) -> None:
    case = after(a(Step.SOLVED, at_ms, **END), first=HELP)
    assert (counts(case), case.due_ms) == (told, None)


def test_everything_else_is_answered_within_a_day() -> None:
    assert after().due_ms == DAY_MS
    assert set(ANSWER_MS) == {Subject.HELP}
    assert (after().is_late(DAY_MS), after().is_late(DAY_MS + 1)) == (False, True)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((a(Step.PROMISED, until_ms=100), a(Step.ANSWERED, 100)), (1, 0, 0)),
        ((a(Step.PROMISED, until_ms=100), a(Step.ANSWERED, 101)), (0, 1, 0)),
        ((a(Step.PROMISED, until_ms=100), a(Step.NOTED, 300)), (0, 0, 0)),
        ((a(Step.PROMISED, until_ms=100), a(Step.PROMISED, 50, until_ms=200)), (0, 0, 1)),
        ((a(Step.PROMISED, until_ms=100), a(Step.PROMISED, 150, until_ms=200)), (0, 1, 0)),
        ((a(Step.ANSWERED), a(Step.HEARD, 2), a(Step.ANSWERED, 3 + DAY_MS)), (1, 1, 0)),
        ((a(Step.CLOSED, word="no_answer"),), (0, 0, 0)),
        ((a(Step.CLOSED, DAY_MS + 1, word="no_answer"),), (0, 1, 0)),
        ((a(Step.CLOSED, DAY_MS + 1, word="erased"),), (0, 0, 0)),
        ((a(Step.SOLVED, **END), a(Step.CLOSED, 2, **END)), (1, 0, 0)),
        ((a(Step.ANSWERED), a(Step.CLOSED, 2, **END)), (1, 0, 0)),
    ],
)
def test_a_promise_is_kept_broken_or_put_off_and_never_forgotten(
    steps: tuple[Told, ...], told: tuple[int, int, int]
) -> None:
    assert counts(after(*steps)) == told


def test_the_first_answer_is_the_first() -> None:
    case = after(a(Step.ANSWERED, 7), a(Step.HEARD, 8), a(Step.ANSWERED, 9))
    assert case.answered_ms == 7


@pytest.mark.parametrize("until_ms", [None, 1, 0])
def test_a_promise_is_about_what_is_to_come(until_ms: int | None) -> None:
    with pytest.raises(Refused, match="until when"):
        after(a(Step.PROMISED, until_ms=until_ms))
