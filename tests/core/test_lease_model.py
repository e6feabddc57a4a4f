"""Every state of small worlds keeps money safe, and each known design mistake is found in them."""

from __future__ import annotations

import pytest

from tests.core.lease_model.search import Search
from tests.core.lease_model.spaces import MUTATIONS, SMALL, SPACES
from tests.core.lease_model.world import Bounds, Rules

TRACE_STEPS_MAX = 9
QUICK = ("one device, voids and cash", "one device, lost with cash", "restored and replaced")
STATES = {
    "two devices, two units": 45_712,
    "two devices, voids": 102_960,
    "three devices": 73_696,
    "one device, voids and cash": 4_766,
    "one device, lost with cash": 8_404,
    "block and close": 1_148,
    "restored and replaced": 2_511,
}
"""How many states each world has: fewer would mean that something can no longer happen in it."""


def worlds(*, quick: bool) -> list[Bounds]:
    return [bounds for bounds in SPACES if (bounds.name in QUICK) is quick]


def exhaust(bounds: Bounds) -> None:
    found = Search(bounds).run(settle_every=97)
    assert found.violation is None, found.violation
    assert (found.exhausted, found.states) == (True, STATES[bounds.name])


@pytest.mark.parametrize("bounds", worlds(quick=True), ids=lambda one: one.name)
def test_no_state_of_a_small_world_costs_money(bounds: Bounds) -> None:
    exhaust(bounds)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("bounds", worlds(quick=False), ids=lambda one: one.name)
def test_no_state_of_a_larger_world_costs_money(bounds: Bounds) -> None:
    exhaust(bounds)


def test_every_close_ends_and_every_backlog_drains() -> None:
    """From every state: connect everybody, and all is accounted for (I8, I12)."""
    bounds = next(one for one in SPACES if one.name == "block and close")
    assert Search(bounds).run(settle_every=1).violation is None


@pytest.mark.parametrize("rules", MUTATIONS, ids=lambda one: one.name)
def test_each_design_mistake_costs_money_within_nine_steps(rules: Rules) -> None:
    found = Search(SMALL[rules.name], rules).run(200_000)
    assert found.violation is not None
    assert found.violation.invariant.startswith(("I2", "I3", "I4"))
    assert len(found.violation.trace) <= TRACE_STEPS_MAX


@pytest.mark.parametrize("rules", MUTATIONS, ids=lambda one: one.name)
def test_the_same_small_world_without_the_mistake_is_safe(rules: Rules) -> None:
    found = Search(SMALL[rules.name]).run(200_000)
    assert (found.exhausted, found.violation) == (True, None)
