"""What an integrator's answer means: agreement is a header, and no failure loses a place."""

from __future__ import annotations

import pytest

from sync.central.hooks.verdict import (
    FIRST_MS,
    GIVEN_UP_MS,
    LONGEST_MS,
    RETRY_MS_MAX,
    State,
    allowed,
    asked_ms,
    judge,
)

HOUR_MS = 3_600_000


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_two_hundred_is_taken(status: int) -> None:
    assert judge(status, failing_ms=0, failures=9, draw=1).done


@pytest.mark.parametrize("status", [0, 100, 301, 302, 308, 400, 401, 403, 404, 500, 503])
def test_everything_else_is_tried_again_later_and_a_redirect_is_no_way(status: int) -> None:
    told = [judge(status, failing_ms=0, failures=count, draw=1) for count in (0, 1, 5, 60)]
    assert [one.wait_ms for one in told] == [FIRST_MS, 2 * FIRST_MS, 32 * FIRST_MS, LONGEST_MS]
    assert {(one.state, one.done, one.call) for one in told} == {(State.LIVE, False, False)}
    assert judge(status, failing_ms=0, failures=5, draw=0.25).wait_ms == 8 * FIRST_MS


def test_who_is_gone_is_left_in_peace_and_who_cannot_read_is_told_of() -> None:
    assert judge(410, failing_ms=0, failures=0, draw=1)[:2] == (State.STOPPED, False)
    assert not judge(410, failing_ms=0, failures=0, draw=1).call
    assert judge(415, failing_ms=0, failures=0, draw=1)[:2] == (State.STOPPED, False)
    assert judge(415, failing_ms=0, failures=0, draw=1).call


def test_after_three_days_somebody_is_called_and_it_waits() -> None:
    assert judge(500, failing_ms=GIVEN_UP_MS - 1, failures=300, draw=1).state is State.LIVE
    told = judge(500, failing_ms=GIVEN_UP_MS, failures=300, draw=1)
    assert (told.state, told.call) == (State.PAUSED, True)


@pytest.mark.parametrize(
    ("status", "asked_ms", "wait_ms"),
    [(429, HOUR_MS, HOUR_MS), (429, 100 * HOUR_MS, RETRY_MS_MAX), (429, 0, 500), (503, HOUR_MS, 500)],
)
def test_who_asks_for_a_pause_gets_it(status: int, asked_ms: int, wait_ms: int) -> None:
    told = judge(status, failing_ms=0, failures=0, draw=0.5, retry_after_ms=asked_ms)
    assert told.wait_ms == wait_ms


NOON = "Thu, 09 Oct 2025 12:00:00"
NOON_MS = 1_760_011_200_000


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("120", 120_000),
        (f"{NOON} GMT", 60_000),
        (f"{NOON} -0000", 60_000),
        ("Thu, 09 Oct 2025 11:00:00 GMT", 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("9" * 7, 0),
        ("Thu, 99 Oct 2025 99:00:00 GMT", 0),
        (f"{NOON} +{'9' * 17}", 0),
    ],
)
def test_a_pause_is_asked_for_in_seconds_or_until_a_date(said: str, asked: int) -> None:
    assert asked_ms(said, NOON_MS - 60_000) == asked


@pytest.mark.parametrize(
    ("headers", "rate"),
    [
        ({}, None),
        ({"WebHook-Allowed-Origin": "other.example"}, None),
        ({"WebHook-Allowed-Rate": "100"}, None),
        ({"webhook-allowed-origin": "central.example"}, 0),
        ({"WebHook-Allowed-Origin": "*"}, 0),
        ({"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"}, 0),
        ({"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "120"}, 120),
        ({"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "0"}, None),
        ({"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "-5"}, None),
        ({"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "9" * 10}, None),
    ],
)
def test_agreement_is_said_and_never_guessed(headers: dict[str, str], rate: int | None) -> None:
    assert allowed(headers, origin="central.example") == rate
