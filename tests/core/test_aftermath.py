"""Confirming, refusing, undoing and annulling a passage."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.aftermath import UNDO_MS_MAX, annul, refuse, undo, undo_until
from edge.core.entitlements import Redemption, Use
from edge.core.entry import Facts, Ruling, decide
from edge.core.events import Decided
from edge.core.held import Change, Held
from edge.core.replay import record
from tests.builders import (
    HOUR_MS,
    NOW_MS,
    ROME,
    a_gate,
    a_layout,
    a_tap,
    an_exit,
    at,
    facts_for,
    inside,
    some_uses,
)

LATER_MS = NOW_MS + 5_000
CONFIRMED_AT_GATE = a_gate(confirm=True)


def passed(facts: Facts) -> tuple[Decided, Held, Ruling]:
    """The record of a decision, and what is remembered after it."""
    ruling = decide(facts)
    return record(facts, ruling), after(facts.held, ruling.change), ruling


def after(held: Held, change: Change) -> Held:
    """The memory with a change written into it, as the sequencer does."""
    changed = {(use.entitlement, use.ordinal): use for use in (*held.uses, *change.uses)}
    return replace(change.held or held, uses=tuple(changed.values()))


def redemptions(uses: tuple[Use, ...]) -> list[Redemption]:
    return [use.redemption for use in uses]


def test_refusing_voids_the_use_and_the_next_tap_is_green_again() -> None:
    facts = facts_for(point=CONFIRMED_AT_GATE)
    decided, held, _ = passed(facts)
    refused = after(held, refuse(decided, held))
    assert redemptions(refused.uses) == [Redemption.ANNULLED]
    assert refuse(decided, refused) == Change()
    tap = a_tap(tap_id="tap-2", counter=11)
    assert decide(facts_for(held=refused, presented=tap)).decision.reason == "entered"


@pytest.mark.parametrize(("take_back", "how"), [(undo, Redemption.UNDONE), (annul, Redemption.ANNULLED)])
def test_taking_back_an_entry_leaves_everything_as_before(take_back: object, how: Redemption) -> None:
    facts = facts_for(location=inside("hotel"), uses=())
    decided, held, ruling = passed(facts)
    change = take_back(decided, held, facts.layout, timezone=ROME)  # type: ignore[operator]  # one of two functions
    assert redemptions(change.uses) == [how]
    assert dict(change.zone_deltas) == {zone: -count for zone, count in ruling.change.zone_deltas}
    restored = after(held, change)
    assert (restored.location, restored.last, restored.entries) == (facts.held.location, None, ())
    assert restored.counter == 10


def test_taking_back_an_exit_puts_the_band_inside_again() -> None:
    facts = facts_for(point=an_exit(), location=inside())
    decided, held, _ = passed(facts)
    change = undo(decided, held, facts.layout, timezone=ROME)
    assert (change.uses, change.zone_deltas) == ((), (("park", 1),))
    assert after(held, change).location == inside()


def test_taking_back_the_first_entry_after_a_night_leaves_nobody_counted() -> None:
    facts = facts_for(layout=a_layout(reset_min=240), location=inside(since_ms=at("2026-07-14 20:00")))
    decided, held, ruling = passed(facts)
    change = undo(decided, held, facts.layout, timezone=ROME)
    assert (ruling.change.zone_deltas, change.zone_deltas) == ((("park", 1),), (("park", -1),))
    restored = after(held, change).location
    assert restored is not None
    assert restored.zone is None


def test_who_has_moved_on_since_stays_where_they_are() -> None:
    facts = facts_for()
    decided, held, _ = passed(facts)
    left = after(
        held,
        decide(facts_for(point=an_exit(), held=held, presented=a_tap(tap_id="tap-2", counter=11))).change,
    )
    change = undo(decided, left, facts.layout, timezone=ROME)
    assert (redemptions(change.uses), change.held, change.zone_deltas) == ([Redemption.UNDONE], None, ())


def test_taking_back_what_changed_nothing_changes_nothing() -> None:
    facts = facts_for(uses=some_uses(NOW_MS - HOUR_MS))
    decided, held, _ = passed(facts)
    assert undo(decided, held, facts.layout, timezone=ROME) == Change()


def test_a_record_without_a_memory_means_a_band_never_seen() -> None:
    decided, held, _ = passed(facts_for())
    change = undo(replace(decided, held=None), held, a_layout(), timezone=ROME)
    assert change.held is not None
    assert change.held.location is None


def test_undo_ends_after_a_quarter_of_an_hour_and_for_a_supervisor_with_the_day() -> None:
    decided, _, _ = passed(facts_for())
    assert undo_until(decided, a_layout(), ROME, supervisor=False) == NOW_MS + UNDO_MS_MAX
    assert undo_until(decided, a_layout(), ROME, supervisor=True) == at("2026-07-16 00:00")
