"""The tap's budget cuts every waiting time to what is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.nfc.budget import Budget, DeadlineError
from hardware.nfc.nfcpy.frontend import timeout_index


def a_budget(left_s: float) -> Budget:
    budget = Budget(clock_ns=lambda: 0)
    budget.begin(int(left_s * 1e9))
    return budget


@given(st.floats(0.001, 10), st.floats(0, 10))
def test_no_wait_outlasts_the_deadline(left_s: float, wanted_s: float) -> None:
    assert a_budget(left_s).clamp(wanted_s) <= min(wanted_s, left_s)


def test_nothing_is_asked_after_the_deadline() -> None:
    with pytest.raises(DeadlineError):
        a_budget(0).clamp(1)
    with pytest.raises(DeadlineError):
        a_budget(-1).clamp(1)


def test_without_a_deadline_time_is_not_limited() -> None:
    assert Budget().clamp(3600) == 3600


def test_cable_keeps_a_least_time_even_at_the_end() -> None:
    assert a_budget(-1).bound(1.0, 0.05) == 0.05
    assert a_budget(0.2).bound(1.0, 0.05) == 0.2
    assert a_budget(2).bound(1.0, 0.05) == 1.0


def test_new_tap_counts_its_commands_from_zero() -> None:
    budget = a_budget(1)
    budget.commands += 5
    budget.begin(2)

    assert budget.commands == 0


@given(st.floats(0.0001, 3), st.floats(0.0001, 3))
def test_chip_never_waits_longer_than_what_is_left(wanted_s: float, left_s: float) -> None:
    """100 us x 2^(n-1): the covering step would be up to twice the wish."""
    waits_s = 1e-4 * 2 ** (timeout_index(wanted_s, left_s) - 1)

    assert waits_s <= left_s or waits_s == 1e-4
    assert waits_s >= min(wanted_s, left_s) / 2


def test_select_and_live_proof_share_one_step_of_waiting() -> None:
    """That saves a chip command: 30 ms of nfcpy's select, and 42 ms of an NTAG 424 DNA's frames."""
    assert timeout_index(0.03, 0.4) == timeout_index(0.0423, 0.4)
