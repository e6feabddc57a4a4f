"""A central that is put back in the simulator, without each of what keeps money from being lent twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.run.simulate.run import run_seed, run_seeds
from sync.central.money import restored
from sync.central.money.reopening import Reopener

pytestmark = pytest.mark.timeout(600)
CONTROL_SEEDS = 250


def lent_before_all_have_spoken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(restored, "is_withheld", lambda *_: False)


def a_forgotten_grant_not_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Reopener, "believes", lambda *_: False)


CONTROLS = {
    lent_before_all_have_spoken: {
        "nothing_is_overspent",
        "central_is_never_more_generous",
        "both_ends_agree_on_money",
    },
    a_forgotten_grant_not_believed: {"central_is_never_more_generous", "both_ends_agree_on_money"},
}


@pytest.mark.parametrize("take", CONTROLS, ids=lambda take: take.__name__)
@pytest.mark.journey
@pytest.mark.slow
def test_without_its_protection_a_promise_is_broken_within_so_many_seeds(
    take: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_seed(0)  # what worlds begin with is made by the whole product
    take(monkeypatch)
    ran = run_seeds(range(1, CONTROL_SEEDS + 1))
    assert ran.failure is not None, f"{CONTROL_SEEDS} seeds notice nothing"
    assert ran.failure.promise in CONTROLS[take], ran.failure.words()
    monkeypatch.undo()
    found, _ = run_seed(ran.failure.seed)
    assert found is None, "the same seed holds with its protection"
