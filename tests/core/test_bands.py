"""Band states: which act leads where, and what holds where devices disagree."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.bands import FINAL, BandAct, BandState, Standing, counter_is_new, merge, transition

POSSIBLE = {
    (BandState.ACTIVE, BandAct.LOST): Standing(1, BandState.LOST),
    (BandState.EXPIRED, BandAct.LOST): Standing(1, BandState.LOST),
    (BandState.LOST, BandAct.LOST): Standing(1, BandState.LOST),
    (BandState.LOST, BandAct.FOUND): Standing(2, BandState.ACTIVE),
    (BandState.ACTIVE, BandAct.REPLACE): Standing(1, BandState.REPLACED),
    (BandState.LOST, BandAct.REPLACE): Standing(1, BandState.REPLACED),
    (BandState.EXPIRED, BandAct.REPLACE): Standing(1, BandState.REPLACED),
    **{(state, BandAct.REVOKE): Standing(1, BandState.REVOKED) for state in BandState},
}
standings = st.builds(Standing, st.integers(0, 3), st.sampled_from(BandState))


@pytest.mark.parametrize(("state", "act"), list(itertools.product(BandState, BandAct)))
def test_each_act_in_each_state(state: BandState, act: BandAct) -> None:
    assert transition(Standing(1, state), act) == POSSIBLE.get((state, act))


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(BandState, 2)))
def test_within_one_epoch_the_severe_state_holds(one: BandState, other: BandState) -> None:
    assert merge(Standing(1, one), Standing(1, other)).state == max(one, other)


@pytest.mark.parametrize("state", [state for state in BandState if state not in FINAL])
def test_a_newer_epoch_holds_whatever_was_before(state: BandState) -> None:
    assert merge(Standing(2, BandState.ACTIVE), Standing(1, state)) == Standing(2, BandState.ACTIVE)


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize("known", BandState)
def test_nothing_that_was_found_meanwhile_takes_back_what_is_final(
    known: BandState, state: BandState
) -> None:
    assert merge(Standing(7, known), Standing(1, state)).state is max(known, state)


def test_a_band_that_is_found_at_one_gate_and_revoked_at_another_stays_revoked() -> None:
    lost = Standing(1, BandState.LOST)
    found, revoked = transition(lost, BandAct.FOUND), transition(lost, BandAct.REVOKE)
    assert found is not None
    assert revoked is not None
    assert merge(found, revoked) == merge(revoked, found) == revoked


@given(st.lists(standings, min_size=1, max_size=6))
def test_merging_knows_no_order_no_repetition_and_no_grouping(known: list[Standing]) -> None:
    assert merge(*known) == merge(*reversed(known)) == merge(*known, *known)
    assert merge(merge(*known[:1]), merge(*known)) == merge(*known)


@pytest.mark.parametrize(
    ("counter", "known", "new"),
    [(None, (5, 9), True), (10, (5, 9), True), (9, (5, 9), False), (6, (5, 9), False), (0, (0, 0), False)],
)
def test_a_counter_is_new_above_every_known_one(
    counter: int | None, known: tuple[int, ...], new: bool
) -> None:
    assert counter_is_new(counter, *known) is new
