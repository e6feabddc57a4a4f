"""Replay: what a device journals is enough for central to come to the same answer."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.decision import Reason
from edge.core.entitlements import USES_MAX, Question, Redemption, Reentry, Status, exchanged
from edge.core.entry import Facts, decide
from edge.core.events import BODY_BYTES_MAX, Decided, body_of, decided_in
from edge.core.places import unplaced
from edge.core.profiles import of_ticket
from edge.core.replay import record, replay
from tests.builders import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    ROME,
    a_band_id,
    a_day_ticket,
    a_gate,
    a_layout,
    a_moment,
    a_profile,
    a_slot_right,
    a_tap,
    an_attraction,
    facts_for,
    facts_of_nobody,
    inside,
    some_uses,
)

OVER, FULL = a_slot_right("over", start_ms=NOW_MS - 2 * HOUR_MS), a_slot_right(start_ms=NOW_MS)
ASKS = a_profile(a_day_ticket(questions=(Question(id="name", kind="text"),)))
JOURNALED: dict[str, Facts] = {
    "an entry": facts_for(),
    "a use known before": facts_for(uses=some_uses(NOW_MS - HOUR_MS), location=inside()),
    "an unknown band": facts_of_nobody(),
    "a turnstile's word": facts_for(direction="out", location=inside()),
    "places": facts_for(places={"park": 0, "castle": 3}),
    "a doubtful clock": facts_for(moment=a_moment(trusted=False, uncertainty_ms=7)),
    "an override": facts_for(a_profile(a_day_ticket(valid_until_ms=NOW_MS)), overridden=True),
    "a confirmation": facts_for(point=a_gate(confirm=True), confirmed=frozenset({"passage"})),
    "a choice": facts_for(a_profile(a_day_ticket("a"), a_day_ticket("b")), chosen="b"),
    "an answer": facts_for(ASKS, answers={"name": "Anna"}),
    "an answer that does not fit": facts_for(ASKS, answers={"name": ""}),
    "other devices not asked": facts_for(unconfirmed=True, profile_age_ms=9, last_elsewhere_ms=NOW_MS),
    "a time that is over, and one that is full": facts_for(
        a_profile(OVER, FULL),
        an_attraction(),
        location=inside(),
        places={f"castle/{NOW_MS}": 0},
        slot_next={OVER.id: NOW_MS + HOUR_MS},
    ),
    "a ticket": facts_for(of_ticket(a_band_id(), a_day_ticket("q01"))),
    "a device not allowed": facts_for(device_allowed=False, device_revoked=True),
}


@pytest.mark.parametrize("facts", JOURNALED.values(), ids=JOURNALED.keys())
def test_central_comes_to_the_same_ruling(facts: Facts) -> None:
    ruling = decide(facts)
    sent = msgspec.msgpack.encode(record(facts, ruling))
    assert len(sent) < BODY_BYTES_MAX
    decided = msgspec.msgpack.decode(sent, type=Decided)
    known = None if decided.carried else facts.profile
    assert replay(decided, known, facts.layout, timezone=ROME, rules={}) == ruling


def test_what_a_ticket_carries_stands_in_its_record_and_nothing_of_a_profile_does() -> None:
    ticket = of_ticket(a_band_id(), a_day_ticket("q01"))
    own = msgspec.structs.replace(a_profile(), rev=0)
    assert record(facts_for(ticket), decide(facts_for(ticket))).carried == ticket.entitlements
    assert record(facts_for(own), decide(facts_for(own))).carried == ()


def test_what_lives_on_another_band_is_exchanged_and_what_was_not_valid_stays_so() -> None:
    rights = (a_day_ticket("a"), a_day_ticket("b", status=Status.CANCELLED))
    assert [one.status for one in exchanged(rights)] == [Status.EXCHANGED, Status.CANCELLED]


def a_season(**terms: object) -> Facts:
    """A pass in its second year, used on each of the last 500 days and five times today."""
    days = [NOW_MS - n * DAY_MS for n in range(500, 0, -1)]
    today = [NOW_MS - n * HOUR_MS for n in range(5, 0, -1)]
    right = a_day_ticket(**({"uses_max": None, "reentry": Reentry.NEVER} | terms))
    return facts_for(a_profile(right), uses=some_uses(*days, *today))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (a_season(), Reason.ENTERED),
        (a_season(uses_per_day_max=5), Reason.LIMIT_REACHED),
        (a_season(uses_per_day_max=6), Reason.ENTERED),
        (a_season(since_last_s_min=3_601), Reason.TOO_SOON_AGAIN),
        (a_season(since_first_s_max=86_400), Reason.TOO_LATE),
    ],
)
def test_a_season_s_pass_never_outgrows_its_events(facts: Facts, reason: Reason) -> None:
    ruling = decide(facts)
    sent = msgspec.msgpack.encode(record(facts, ruling))
    assert ruling.decision.reason is reason
    assert len(sent) < BODY_BYTES_MAX // 2
    decided = msgspec.msgpack.decode(sent, type=Decided)
    assert replay(decided, facts.profile, facts.layout, timezone=ROME, rules={}) == ruling


def test_the_next_number_follows_the_highest_there_ever_was_also_one_taken_back() -> None:
    facts = a_season()
    uses = list(facts.held.uses)
    uses[7] = msgspec.structs.replace(uses[7], ordinal=900, redemption=Redemption.UNDONE)
    facts = msgspec.structs.replace(facts, held=msgspec.structs.replace(facts.held, uses=tuple(uses)))
    ruling = decide(facts)
    assert ruling.decision.ordinal == 901
    again = replay(record(facts, ruling), facts.profile, facts.layout, timezone=ROME, rules={})
    assert again == ruling


def test_a_right_with_a_total_takes_all_its_uses_along_and_they_fit() -> None:
    facts = facts_for(
        a_profile(a_day_ticket(uses_max=USES_MAX, reentry=Reentry.NEVER)),
        uses=some_uses(*range(NOW_MS - USES_MAX, NOW_MS)),
    )
    ruling = decide(facts)
    assert ruling.decision.reason is Reason.ALREADY_USED_HERE
    decided = record(facts, ruling)
    assert len(msgspec.msgpack.encode(decided)) < BODY_BYTES_MAX
    assert replay(decided, facts.profile, facts.layout, timezone=ROME, rules={}) == ruling


def test_another_rulebook_s_answer_is_found_out() -> None:
    facts = facts_for()
    forged = record(facts, decide(facts_for(presented=a_tap(counter=0))))
    again = replay(forged, facts.profile, facts.layout, timezone=ROME, rules={})
    assert again is not None
    assert again.decision != forged.decision


def test_no_answer_leaves_the_device_in_clear() -> None:
    facts = facts_for(ASKS, answers={"name": "Anna"})
    decided = record(facts, decide(facts))
    assert decided.decision.reason is Reason.ENTERED
    assert decided.answered == ("ticket-1/name",)
    assert b"Anna" not in msgspec.msgpack.encode(decided)


def test_a_point_that_central_never_had_cannot_be_judged_again() -> None:
    decided = record(facts_for(), decide(facts_for()))
    assert replay(decided, a_profile(), a_layout(points=()), timezone=ROME, rules={}) is None


def test_a_decision_made_before_any_layout_came_is_judged_without_one() -> None:
    facts = facts_for(point=unplaced("north"), layout=a_layout(points=()), device_allowed=False)
    ruling = decide(facts)
    assert ruling.decision.reason is Reason.DEVICE_NOT_ALLOWED
    again = replay(record(facts, ruling), facts.profile, facts.layout, timezone=ROME, rules={})
    assert again == ruling


def test_a_record_names_the_versions_it_was_judged_by_and_no_answer() -> None:
    facts = facts_for(answers={"name": "Anna"})
    decided = record(facts, decide(facts), cursor=42)
    assert (decided.layout, decided.profile_rev, decided.profile_cursor) == (1, 1, 42)
    assert decided.answered == ()


@pytest.mark.parametrize("band", [a_band_id(), None])
def test_a_record_and_the_band_beside_it_tell_the_whole_decision(band: bytes | None) -> None:
    facts = facts_for(presented=a_tap(band=band))
    decided = record(facts, decide(facts))
    body = msgspec.msgpack.encode(body_of(decided))
    assert a_band_id() not in body
    assert decided_in(body, band) == decided
