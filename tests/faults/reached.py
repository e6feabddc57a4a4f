"""What the simulator has to come to, and what it cannot, each with why: kept honest by what a run counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.core.decision import Reason
from edge.core.lease import LeaseState
from edge.core.lease.parent import PlacedState
from tests.faults.steps import STEPS, Step, found

BEYOND = {
    Reason.PROFILE_STALE: "no point of its site says how old a copy may be",
    Reason.SLOT_FULL: "its site sells no booked times",
    Reason.DUPLICATE_OFFLINE: "central's word in an alarm, never the answer to a tap",
    Reason.ANNULLED: "no gate reports that nobody went through",
    Reason.WRONG_ZONE: "its places lie side by side",
    Reason.REENTRY_FORBIDDEN: "who has a counted right goes out by no gate",
    Reason.BAND_IN_USE: "no rule of the rulebook says it",
    Reason.BAND_CLONE_SUSPECTED: "its site does not know how far its points are apart",
    Reason.TOO_FAST: "no rule of the rulebook says it",
    Reason.DEVICE_REVOKED: "no device of it is dismissed",
    Reason.INTERNAL_ERROR: "a fault of ours: whoever comes to it has found one",
    Reason.ALREADY_PAID: "a till that was paid waits for no band",
}
"""Reasons that no seed comes to."""
RARE = frozenset(
    {
        *(Reason.CLOCK_UNTRUSTED, Reason.INSUFFICIENT_FUNDS, Reason.INSIDE_ALREADY, Reason.LEASE_FROZEN),
        *(Reason.OFFLINE_LIMIT, Reason.PIN_REQUIRED),
    }
)
"""Reasons that some thousands of seeds come to, and some do not: neither demanded nor said to be beyond."""
ELSEWHERE = {
    "request signed": "signatures and nonces are left out of all",
    "sent": "edge.run.simulate.wire:Wire.post",
    "answered": "edge.run.simulate.platform:Central.post",
    "downloaded": "edge.run.simulate.wire:Wire.stream",
    "prune begun": "nothing is old enough within a story",
    "prune committed": "nothing is old enough within a story",
    "enrolment key made": "its devices are enrolled before a story begins",
    "code used": "its devices are enrolled before a story begins",
    "site's key kept": "its devices are enrolled before a story begins",
    "identity kept": "its devices are enrolled before a story begins",
}
"""Steps that are another call in the simulator, or none: why."""


def place_of(step: Step) -> str:
    """The call that is counted for a step; empty: it has none here."""
    said = ELSEWHERE.get(step.name, step.at)
    return said if ":" in said and " " not in said else ""


RARE_STEPS = frozenset({"sync.site.book:SiteBook.free"})
"""Steps that one seed in some hundreds comes to, as reasons do: ``test_steps_site.py`` cuts them by name."""
REACHED = tuple(step for step in STEPS if place_of(step) and place_of(step) not in RARE_STEPS)
NEVER = tuple(step for step in STEPS if not place_of(step))
LEASES = (
    *(f"lease {state}" for state in LeaseState if state is not LeaseState.FROZEN),
    *(f"lease at central {state}" for state in (PlacedState.OPEN, PlacedState.IN_DOUBT, PlacedState.SETTLED)),
)
"""A frozen one is looked at by nobody until it is settled; given up is none within a story."""
REASONS = tuple(f"reason {reason}" for reason in Reason if reason not in BEYOND and reason not in RARE)


@contextmanager
def counting(seen: Counter[str]) -> Iterator[None]:
    """Count every named step that the product comes to."""
    with pytest.MonkeyPatch.context() as patch:
        for at in {step.at if step in NEVER else place_of(step) for step in STEPS}:
            owner, name = found(at)
            patch.setattr(owner, name, _counted(getattr(owner, name), f"step {at}", seen))
        yield


def _counted(call: Callable[..., Any], name: str, seen: Counter[str]) -> Callable[..., Any]:
    def count(*args: Any, **more: Any) -> Any:
        seen[name] += 1
        return call(*args, **more)

    return count
