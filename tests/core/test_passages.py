"""What a journaled decision tells other devices: the very uses that it made, and where its band is since."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from edge.core.decision import Outcome, Reason
from edge.core.entitlements import Redemption
from edge.core.entry import decide
from edge.core.facts import Facts
from edge.core.held import Held, Location
from edge.core.passages import NOWHERE, Whereabouts, heard, moved, news, place_after, taken_back, uses_in
from edge.core.replay import record
from tests.builders import (
    NOW_MS,
    a_day_ticket,
    a_door,
    a_gate,
    a_layout,
    a_party,
    a_profile,
    a_tap,
    an_exit,
    facts_for,
    inside,
    outside,
    some_uses,
)
from tests.core.strategies import any_facts

SEQ = 7


@given(any_facts)
def test_the_uses_told_are_those_that_the_ruling_made_and_so_is_the_place(facts: Facts) -> None:
    ruling = decide(facts)
    told = record(facts, ruling)
    made = tuple(msgspec.structs.replace(use, seq=SEQ) for use in ruling.change.uses)
    assert uses_in(told, SEQ) == made
    place, after = place_after(told, facts.layout), ruling.change.held
    if after is not None and after.location is not None and after.location.since_ms == facts.moment.now_ms:
        assert place is None or place.zone == after.location.zone


def test_a_family_that_passes_together_is_told_one_by_one() -> None:
    profile = a_profile(a_day_ticket(together=True, uses_max=4), party=a_party())
    facts = facts_for(profile)
    told = record(facts, decide(facts))
    assert [use.ordinal for use in uses_in(told, SEQ)] == [1, 2, 3, 4]
    place = place_after(told, facts.layout)
    assert place is not None
    assert (place.zone, place.people, place.since_ms) == ("park", 4, NOW_MS)


def test_a_reentry_is_told_as_one_and_a_refusal_as_none() -> None:
    facts = facts_for(uses=some_uses(NOW_MS - 60_000), location=outside(NOW_MS - 30_000))
    [again] = uses_in(record(facts, decide(facts)), SEQ)
    assert again.reentry
    refused = facts_for(uses=some_uses(NOW_MS - 60_000))
    told = record(refused, decide(refused))
    assert uses_in(told, SEQ) == ()
    assert place_after(told, refused.layout) is None


def test_an_exit_leads_out_a_door_leads_nowhere_and_an_unknown_point_says_nothing() -> None:
    out = facts_for(point=an_exit(), location=inside())
    told = record(out, decide(out))
    place = place_after(told, out.layout)
    assert place is not None
    assert (place.zone, place.point) == (None, "south")
    assert place_after(told, msgspec.structs.replace(a_layout(), points=())) is None
    door = msgspec.structs.replace(
        told, decision=msgspec.structs.replace(told.decision, point="room-12", reason=Reason.ENTERED)
    )
    assert place_after(door, a_layout(a_door())) is None


def test_what_was_forged_says_nothing_of_where_a_band_is() -> None:
    facts = facts_for(point=an_exit(), presented=a_tap(counter=1), location=inside())
    forged = msgspec.structs.replace(facts, held=msgspec.structs.replace(facts.held, counter=5))
    ruling = decide(forged)
    assert ruling.decision.outcome is Outcome.GRANTED, "nobody is kept in"
    assert place_after(record(forged, ruling), facts.layout) is None


def there(since_ms: int, tap: str, device: str = "edge-2", zone: str | None = "park") -> Location:
    return Location(zone=zone, since_ms=since_ms, point="far", device=device, tap_id=tap)


def test_the_latest_passage_stands_and_one_that_was_taken_back_never_comes_again() -> None:
    first, later = there(10, "a"), there(20, "b")
    assert moved(moved(None, first), later) == moved(moved(None, later), first) == Whereabouts(later)
    gone = Whereabouts(first, ("b",))
    assert moved(gone, later) == gone


@pytest.mark.parametrize("before", [None, inside(since_ms=5)])
def test_after_a_passage_is_taken_back_the_band_is_where_it_was(before: Location | None) -> None:
    facts = facts_for(location=before)
    told = record(facts, decide(facts))
    here = there(NOW_MS, told.presented.tap_id)
    was = before or NOWHERE
    assert taken_back(None, told) == taken_back(Whereabouts(here), told) == Whereabouts(was, ("tap-1",))
    elsewhere = there(NOW_MS + 1, "other")
    twice = taken_back(taken_back(Whereabouts(elsewhere), told), told)
    assert twice == Whereabouts(elsewhere, ("tap-1",))


def test_a_device_believes_later_passages_and_those_that_were_taken_back() -> None:
    own = Held(location=there(10, "a", "edge-1"), entries=(there(10, "a", "edge-1"),), counter=3)
    later, earlier = Whereabouts(there(20, "b")), Whereabouts(there(5, "c"))
    assert heard(own, earlier) is own
    after = heard(own, later)
    assert (after.location, after.last, after.entries, after.counter) == (later.location, own.location, (), 3)
    back = heard(own, Whereabouts(there(5, "c"), ("a",)))
    assert back.location == there(5, "c")
    assert heard(back, Whereabouts(there(5, "c"), ("a",))) is back
    assert heard(Held(), later).location == later.location
    nobody = Held()
    assert heard(nobody, Whereabouts(NOWHERE, ("a",))) is nobody
    left = heard(Held(location=there(1, "x", zone=None), last=there(0, "w")), later)
    assert left.last == there(0, "w")


def test_an_older_record_that_does_not_say_tells_no_use() -> None:
    facts = facts_for(point=a_gate())
    told = msgspec.structs.replace(record(facts, decide(facts)), reentry=None)
    assert uses_in(told, SEQ) == ()


# What others tell of uses


def test_a_use_that_nobody_knew_here_is_news_and_the_same_twice_is_none() -> None:
    told = some_uses(NOW_MS)
    assert news((), told) == told
    assert news(told, told) == ()


def test_what_became_of_a_known_use_is_news_once() -> None:
    known = some_uses(NOW_MS)
    undone = tuple(replace(use, redemption=Redemption.UNDONE) for use in known)
    assert news(known, undone) == undone
    assert news(undone, known) == ()


def test_a_use_that_is_known_under_another_tap_is_known_better_here() -> None:
    [known] = some_uses(NOW_MS)
    assert news((known,), (replace(known, tap_id="told"),)) == ()
