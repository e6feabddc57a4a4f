"""Refused acts: whoever lacks something leaves one event a minute with who, what and why, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge.core.approvals import Objection
from edge.core.events import Acted, Kind
from edge.core.outliers import LACKING, ORDINARY
from edge.errors import NotAllowed, StoreError
from edge.service.attempts import OwnBand, written_down
from edge.service.repeats import KINDS_MAX, MANY, WINDOW_MS, Refusal, Repeats
from edge.service.tallies import SecondNeeded, ShiftLimit
from edge.staff import Action, AskAgain, Session, SignedOut
from edge.staff.actions import RoleLacking
from edge.staff.session import IDLE_S_MAX, SESSION_S_MAX
from tests.security.dishonest import Gate
from tests.service.house import an_edge

Act = Callable[[Gate], object]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with an_edge(tmp_path / "edge") as house:
        made = Gate(house, tmp_path)
        made.open()
        yield made


def attempts(gate: Gate) -> list[Acted]:
    return gate.house.acted(Kind.ATTEMPT_REFUSED)


def by_role(gate: Gate) -> object:
    view = gate.refusal()
    return gate.house.service.override(gate.at_work("bruno"), view.tap_id, reason="goodwill")


def by_second(gate: Gate) -> object:
    service = gate.house.service
    limits = gate.house.service._rooms.limits
    assert limits.overrides_shift_max > 0
    for n in range(limits.overrides_shift_max + 1):
        view = gate.refusal()
        service.override(gate.at_work("dora"), view.tap_id, reason="goodwill")
        gate.house.hands.forward(s=n)
    return None


def by_own_band(gate: Gate) -> object:
    return gate.house.service.check(gate.at_work("anna"), gate.own_band("anna"), "north")


def by_limit(gate: Gate) -> object:
    for _ in range(gate.house.service._rooms.limits.look_ups_shift_max + 1):
        gate.house.service.look_up(gate.at_work("rita"), "Giulia")
    return None


def by_idleness(gate: Gate) -> object:
    dora, view = gate.at_work("dora"), gate.refusal()
    gate.house.hands.forward(s=IDLE_S_MAX)
    return gate.house.service.override(dora, view.tap_id, reason="goodwill")


def by_the_clock(gate: Gate) -> object:
    dora, view = gate.at_work("dora"), gate.refusal()
    gate.house.hands.forward(s=SESSION_S_MAX)
    return gate.house.service.override(dora, view.tap_id, reason="goodwill")


def by_a_rule(gate: Gate) -> object:
    dora, view = gate.at_work("dora"), gate.refusal()
    gate.house.hands.forward(s=301)
    fresh = gate.at_work("dora")
    assert fresh.until_ms > dora.until_ms
    return gate.house.service.override(fresh, view.tap_id, reason="goodwill")


def by_themselves(gate: Gate) -> object:
    request = gate.ask("anna")
    return gate.house.service.approve(gate.at_work("anna"), request.id, granted=True)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (by_role, ("bruno", "override", "role")),
        (by_second, ("dora", "override", "second")),
        (by_own_band, ("anna", "check", "own_band")),
        (by_limit, ("rita", "look_up", "limit")),
        (by_idleness, ("dora", "override", "idle")),
        (by_the_clock, ("dora", "override", "shift_over")),
        (by_a_rule, ("dora", "override", "rule")),
        (by_themselves, ("anna", "approve", "self")),
    ],
)
def test_each_kind_of_refusal_leaves_one_event_with_who_what_and_why(
    gate: Gate, act: Act, told: tuple[str, str, str]
) -> None:
    with pytest.raises(NotAllowed):
        act(gate)
    [attempt] = attempts(gate)
    assert (attempt.staff, attempt.note, attempt.reason) == told
    assert (attempt.amount, attempt.sealed) == (None, None)


def test_what_is_allowed_leaves_none(gate: Gate) -> None:
    """Control."""
    view = gate.refusal()
    gate.house.service.override(gate.at_work("dora"), view.tap_id, reason="goodwill")
    assert attempts(gate) == []


# Somebody who hammers a button


def hammer(gate: Gate, times: int, who: str = "bruno") -> None:
    session = gate.at_work(who)
    for _ in range(times):
        with suppress(NotAllowed), gate.house.service.attempt(session, "count"):
            gate.house.staff.permit(session, Action.CORRECT_COUNT)


def test_hammering_leaves_one_event_and_after_the_minute_the_sum(gate: Gate) -> None:
    hammer(gate, 500)
    assert len(attempts(gate)) == 1
    gate.house.service._watch.round()
    assert len(attempts(gate)) == 1, "the minute is not over"
    gate.house.hands.forward(ms=WINDOW_MS)
    gate.house.service._watch.round()
    assert [one.amount for one in attempts(gate)] == [None, 499]
    gate.house.hands.forward(ms=WINDOW_MS)
    gate.house.service._watch.round()
    assert len(attempts(gate)) == 2, "nothing came since"


def test_another_person_act_or_reason_has_its_own_event(gate: Gate) -> None:
    hammer(gate, 3)
    hammer(gate, 3, who="tina")
    with pytest.raises(NotAllowed):
        by_role(gate)
    assert [(one.staff, one.note) for one in attempts(gate)] == [
        ("bruno", "count"), ("tina", "count"), ("bruno", "override"),
    ]  # fmt: skip


def test_what_is_counted_when_the_device_stops_is_written(gate: Gate) -> None:
    hammer(gate, 4)
    gate.house.service.stop()
    assert [one.amount for one in attempts(gate)] == [None, 3]


def test_one_refusal_that_leaves_through_two_rooms_is_one_event(gate: Gate) -> None:
    bruno, view = gate.at_work("bruno"), gate.refusal()
    with pytest.raises(NotAllowed), gate.house.service.attempt(bruno, "the door"):
        gate.house.service.override(bruno, view.tap_id, reason="goodwill")
    assert [one.note for one in attempts(gate)] == ["override"]


def test_a_store_that_cannot_write_changes_no_refusal_and_the_event_comes_later(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(gate.house.sequencer, "submit", full)
        hammer(gate, 2)
        gate.house.hands.forward(ms=WINDOW_MS)
        gate.house.service._watch.round()
    assert attempts(gate) == []
    gate.house.hands.forward(ms=WINDOW_MS)
    gate.house.service._watch.round()
    assert [one.amount for one in attempts(gate)] == [2]


def test_nobody_and_a_wrong_pin_are_no_attempts_of_a_person(gate: Gate) -> None:
    rooms = gate.house.service._rooms
    with suppress(NotAllowed), written_down(rooms, None, "count"):
        raise NotAllowed
    with suppress(NotAllowed), written_down(rooms, gate.at_work("dora"), "second"):
        gate.house.staff.witness("anna", "0000", "north")
    assert attempts(gate) == []
    assert [one.reason for one in gate.house.acted(Kind.SIGN_IN_REFUSED)] == ["wrong_pin"]


def test_more_kinds_of_refusals_than_can_be_held_share_one_count() -> None:
    repeats = Repeats()
    for n in range(KINDS_MAX):
        assert repeats.take(Refusal(f"p{n}", "north", "count", "role"), 0)[1] == 1
    many = Refusal("", "", MANY, MANY)
    # The shared one is itself no longer new after its first event.
    assert repeats.take(Refusal("one more", "north", "count", "role"), 0) == (many, 1)
    assert repeats.take(Refusal("and another", "north", "count", "role"), 0) == (many, 0)
    assert repeats.due(WINDOW_MS) == [(many, 1)]
    assert repeats.take(Refusal("p1", "north", "count", "role"), WINDOW_MS)[1] == 1, "room again"


def test_a_late_session_says_whose_it_was_and_opens_nothing(gate: Gate) -> None:
    staff = gate.house.staff
    session = staff.sign_in("dora", "2468", "north")
    assert staff.late_session(session.token) is None
    gate.house.hands.forward(s=SESSION_S_MAX)
    late = staff.late_session(session.token)
    assert isinstance(late, Session)
    assert (late.staff, staff.session(session.token)) == ("dora", None)
    assert staff.late_session("nobody's") is None


def test_one_own_consent_is_refused_as_any_act_on_ones_own_band(gate: Gate) -> None:
    band = gate.own_band("anna")
    anna = gate.at_work("anna")
    with pytest.raises(NotAllowed), gate.house.service.attempt(anna, "set_consent"):
        gate.house.service.consent_by_staff(anna, band, "offers", given=True)
    assert [one.reason for one in attempts(gate)] == ["own_band"]


def test_every_reason_for_which_an_act_is_refused_has_its_figure_or_is_no_news() -> None:
    """What a class of refusals calls itself is what the list of outliers knows it by."""
    lacking = {kind.why for kind in (NotAllowed, RoleLacking, SignedOut, ShiftLimit, SecondNeeded)}
    assert lacking | {MANY} == LACKING
    assert {AskAgain.why} == ORDINARY
    strict = {OwnBand.why, *Objection} - {Objection.LIMIT}
    assert strict.isdisjoint(LACKING | ORDINARY | {""})
