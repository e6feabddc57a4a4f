"""The site's word: what is still to be asked, what an answer means, and what one device may do alone."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.answers import answer
from edge.core.decision import Basis, Failure, Outcome, Reason
from edge.core.entitlements import Reentry, Use
from edge.core.entry import decide
from edge.core.replay import facts_of, record
from edge.core.site import Answer, Pending, Said, meaning, missing, others
from tests.builders import NOW_MS, a_day_ticket, a_gate, a_profile, facts_for, some_uses

[MINE] = some_uses(NOW_MS)
THEIRS = msgspec.structs.replace(MINE, device="edge-2", tap_id="tap-there")
SECOND = msgspec.structs.replace(MINE, ordinal=2)


@pytest.mark.parametrize(
    ("had", "left"),
    [((), (MINE,)), ((MINE,), ()), ((THEIRS,), (MINE,)), ((SECOND,), (MINE,))],
    ids=["nothing was asked", "it is ours", "another's use is none of ours", "nor is another number"],
)
def test_only_what_this_very_tap_has_needs_no_asking(had: tuple[Use, ...], left: tuple[Use, ...]) -> None:
    assert missing((MINE,), had) == left


def test_what_became_of_a_use_does_not_make_it_another() -> None:
    known = msgspec.structs.replace(MINE, seq=7, scan_ms=NOW_MS + 1)
    assert missing((MINE,), (known,)) == ()


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        ((MINE,), (MINE,), Said.MINE),
        ((MINE,), (THEIRS,), Said.LOST),
        ((MINE,), (), Said.UNREACHABLE),
        ((MINE,), (SECOND,), Said.UNREACHABLE),
        ((MINE, SECOND), (MINE, SECOND), Said.MINE),
        ((MINE, SECOND), (MINE,), Said.UNREACHABLE),
        ((MINE, SECOND), (THEIRS,), Said.LOST),
        ((MINE, SECOND), (MINE, msgspec.structs.replace(THEIRS, ordinal=2)), Said.LOST),
    ],
)
def test_what_the_site_holds_tells_what_became_of_a_question(
    wanted: tuple[Use, ...], found: tuple[Use, ...], said: Said
) -> None:
    """What is not there may be on its way: it is neither won nor lost, and never asked for again."""
    assert meaning(wanted, found) == Answer(said, found)


def test_of_what_the_site_holds_only_the_others_part_is_news() -> None:
    assert others((MINE, THEIRS), MINE.device) == (THEIRS,)


def test_a_pending_use_survives_being_written() -> None:
    kept = msgspec.msgpack.encode(Pending(MINE, keep=True))
    assert msgspec.msgpack.decode(kept, type=Pending) == Pending(MINE, keep=True)


# What is allowed when nobody answers


def alone(*rights: str, **terms: object) -> tuple[Outcome, Reason]:
    ticket = a_day_ticket(**({"uses_max": 3, "reentry": Reentry.NEVER} | terms))
    facts = facts_for(a_profile(ticket), unconfirmed=True, unsettled=frozenset(rights))
    said = decide(facts).decision
    return said.outcome, said.reason


REFERRED = (Outcome.REFERRED, Reason.UNCONFIRMED_OFFLINE)
ENTERED = (Outcome.GRANTED, Reason.ENTERED)


def test_alone_a_counted_right_opens_once_and_then_calls_staff() -> None:
    assert alone() == ENTERED
    assert alone("ticket-1") == REFERRED


def test_another_right_that_waits_binds_this_one_not() -> None:
    assert alone("ticket-2") == ENTERED


def test_a_right_that_is_not_counted_opens_alone_as_often_as_ever() -> None:
    assert alone("ticket-1", uses_max=None) == ENTERED


@pytest.mark.parametrize("limit", ["uses_per_day_max", "uses_per_point_max", "days_max"])
def test_whatever_counts_uses_is_bounded_alone(limit: str) -> None:
    assert alone("ticket-1", uses_max=None, **{limit: 3}) == REFERRED


def test_coming_back_spends_nothing_and_is_not_bounded() -> None:
    ticket = a_day_ticket(uses_max=1, reentry=Reentry.FREE)
    facts = facts_for(
        a_profile(ticket), unconfirmed=True, unsettled=frozenset({"ticket-1"}), uses=some_uses(NOW_MS - 1_000)
    )
    assert decide(facts).decision.outcome is Outcome.GRANTED


def test_staffs_word_lets_in_what_the_site_could_not() -> None:
    ticket = a_day_ticket(uses_max=3, reentry=Reentry.NEVER)
    facts = facts_for(
        a_profile(ticket),
        unconfirmed=True,
        unsettled=frozenset({"ticket-1"}),
        confirmed=frozenset({"passage"}),
    )
    assert decide(facts).decision.outcome is Outcome.GRANTED


def test_with_the_sites_word_nothing_waits() -> None:
    """Control: it is being alone that binds."""
    ticket = a_day_ticket(uses_max=3, reentry=Reentry.NEVER)
    facts = facts_for(a_profile(ticket), agreed=True, unsettled=frozenset({"ticket-1"}))
    said = decide(facts).decision
    assert (said.outcome, said.notes) == (Outcome.GRANTED, ())


# How sure its ground is


@pytest.mark.parametrize(
    ("agreed", "age_ms", "basis"),
    [(True, 0, Basis.LIVE), (False, 0, Basis.EDGE), (True, 10**9, Basis.STALE), (False, 10**9, Basis.STALE)],
)
def test_the_basis_says_whether_the_others_were_asked_and_old_data_outweighs_it(
    agreed: bool, age_ms: int, basis: Basis
) -> None:
    facts = facts_for(point=a_gate(profile_age_ms_max=60_000), agreed=agreed, profile_age_ms=age_ms)
    shown = Failure(reason=Reason.ENTERED, next=decide(facts).decision.next)
    assert answer(facts, "in", shown).basis is basis


@pytest.mark.parametrize("agreed", [True, False])
def test_central_judges_again_with_what_the_site_had_said(agreed: bool) -> None:
    ticket = a_day_ticket(uses_max=3, reentry=Reentry.NEVER)
    profile = a_profile(ticket)
    facts = facts_for(
        profile, agreed=agreed, unconfirmed=not agreed, unsettled=frozenset({"ticket-1", "ticket-0"})
    )
    kept = record(facts, decide(facts))
    again = facts_of(kept, profile, facts.layout, timezone=facts.timezone, rules={})
    assert again is not None
    assert (again.agreed, again.unsettled) == (facts.agreed, facts.unsettled)
    assert decide(again) == decide(facts)
