"""The closed list of reasons: family, outcome and whether trying again may help."""

from __future__ import annotations

import pytest

from edge.core.decision import RETRYABLE, Family, Outcome, Reason, family, outcome_of

GRANTED = {
    *("entered", "exited", "identified", "overridden", "attention", "not_inside", "paid", "already_paid"),
}
WAIT = {"too_early", "slot_full", "capacity_full", "too_soon_again", "closed_now"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_family_and_an_outcome(reason: Reason) -> None:
    outcomes = {
        Family.GO: Outcome.GRANTED,
        Family.WAIT: Outcome.DENIED,
        Family.USED: Outcome.DENIED,
        Family.STOP: Outcome.DENIED,
        Family.ASK: Outcome.REFERRED,
        Family.STAFF: Outcome.REFERRED,
        Family.AGAIN: Outcome.REFERRED,
    }
    assert outcome_of(reason) is outcomes[family(reason)]
    assert (outcome_of(reason) is Outcome.GRANTED) is (reason.value in GRANTED)


def test_whoever_waits_may_try_again() -> None:
    assert {reason for reason in Reason if family(reason) is Family.WAIT} == {Reason(code) for code in WAIT}
    assert all(reason in RETRYABLE for reason in Reason if family(reason) in (Family.WAIT, Family.AGAIN))


def test_no_green_needs_a_retry() -> None:
    assert not any(outcome_of(reason) is Outcome.GRANTED for reason in RETRYABLE)
