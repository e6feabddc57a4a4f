"""Counts, lists and calls for help: what staff watch all day."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.core.decision import Reason
from edge.core.events import Acted, Kind
from edge.errors import NotAllowed, Refused, StoreError, Unknown
from edge.service import help as calls
from edge.views import HelpCall
from tests.builders import a_layout
from tests.service.house import OTHER_UID, Hands, House, an_edge


def a_morning(house: House) -> None:
    """One guest in, once denied, out again; a stranger refused."""
    house.service.present(house.tap())
    house.service.present(house.tap())
    house.service.present(house.tap(reader="reader-out"))
    house.service.present(house.tap(OTHER_UID))


def test_counters_say_who_passed_and_who_was_turned_away(house: House) -> None:
    a_morning(house)
    seen = house.service.counters()
    assert (seen.entered, seen.exited) == ({"north": 1}, {"south": 1})
    assert seen.denied == {"north": 2}
    assert seen.reasons == {"entered": 1, "already_used_here": 1, "exited": 1, "band_unknown": 1}
    assert seen.inside["park"] == 0


def test_minutes_are_counted_oldest_first(house: House) -> None:
    house.service.present(house.tap())
    house.hands.forward(s=120)
    house.service.present(house.tap())
    minutes = house.service.counters().per_minute
    assert len(minutes) == 60
    assert minutes[-3:] == (1, 0, 1)


def test_counters_begin_anew_with_the_local_day(house: House) -> None:
    a_morning(house)
    house.hands.forward(s=13 * 3_600 + 59 * 60)
    assert house.service.counters().entered == {"north": 1}, "23:59 in Rome"
    house.hands.forward(s=60)
    assert house.service.counters().entered == {}


def test_nobody_is_inside_after_the_nightly_reset_even_if_nobody_tapped(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_layout(reset_min=4 * 60)) as house:
        house.service.present(house.tap())
        house.hands.forward(s=17 * 3_600)
        assert house.service.counters().inside == {"park": 1}, "three in the morning"
        house.hands.forward(s=3_601)
        assert not any(house.service.counters().inside.values())


def test_device_without_a_layout_counts_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, Hands())
    try:
        house.service.start()
        house.service.present(house.tap())
        assert house.service.counters().inside == {}
        assert house.service.counters().denied == {"north": 1}
    finally:
        house.close()


def test_counts_begin_at_zero_where_the_journal_cannot_be_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.service.present(house.tap())

    def unreadable(_: int) -> None:
        raise StoreError

    monkeypatch.setattr(house.journal, "head", unreadable)
    house.service.start()
    assert house.service.counters().entered == {"north": 1}, "what this process saw itself"


def test_counters_and_list_survive_a_restart(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        a_morning(house)
        undone = house.service.present(house.tap(OTHER_UID))
        before, recent = house.service.counters(), house.service.recent(None)
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        assert house.service.counters() == before
        assert [view.seq for view in house.service.recent(None)] == [view.seq for view in recent]
        assert house.service.recent(None)[0].tap_id == undone.tap_id


def test_event_of_another_versions_writing_stops_no_gate(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        a_morning(house)
        house.sequencer.submit(lambda tx: tx.append(Kind.DECIDED, Acted(note="another shape")))
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        assert len(house.service.recent(None)) == 4


def test_restart_after_midnight_counts_nothing_of_yesterday(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        a_morning(house)
    hands.forward(s=24 * 3_600)
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        assert house.service.counters().reasons == {}


def test_undone_passage_counts_no_more_before_and_after_a_restart(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        view = house.service.present(house.tap())
        house.service.undo(house.session(), view.tap_id, reason="wrong gate")
        before = house.service.counters()
        assert before.entered == {}
        assert before.reasons == {"annulled": 1}
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        assert house.service.counters() == before


def test_override_turns_a_denial_into_a_passage(house: House) -> None:
    house.service.present(house.tap())
    denied = house.service.present(house.tap())
    house.service.override(house.session("supervisor"), denied.tap_id, reason="goodwill")
    seen = house.service.counters()
    assert (seen.entered, seen.denied) == ({"north": 2}, {})
    assert len(house.service.recent(None)) == 2, "one line for each tap"


def test_list_is_newest_first_and_by_point(house: House) -> None:
    a_morning(house)
    assert [view.reason for view in house.service.recent("north", 2)] == [
        Reason.BAND_UNKNOWN,
        Reason.ALREADY_USED_HERE,
    ]
    assert [view.point for view in house.service.recent("south")] == ["south"]


def test_count_is_corrected_by_a_supervisor_and_journaled(house: House) -> None:
    house.service.correct_count(house.session("supervisor"), "park", 3, reason="school class")
    assert house.service.counters().inside["park"] == 3
    acted = house.acted(Kind.COUNT_CORRECTED)[0]
    assert (acted.staff, acted.target, acted.amount, acted.note) == ("anna", "park", 3, "school class")


def test_count_is_not_corrected_by_others_or_elsewhere(house: House) -> None:
    with pytest.raises(NotAllowed):
        house.service.correct_count(house.session("gate"), "park", 3, reason="school class")
    with pytest.raises(Unknown):
        house.service.correct_count(house.session("supervisor"), "moon", 3, reason="school class")


def test_counters_stay_as_last_known_while_the_store_fails(house: House) -> None:
    house.service.present(house.tap())
    known = house.service.counters()
    house.sequencer.stop()
    assert house.service.counters().inside == known.inside == {"park": 1}


# Calls for help


def test_call_reaches_staff_kiosk_and_supervisors_at_once(house: House) -> None:
    call = house.service.call_help("kiosk", "op-1")
    assert house.service.help_calls() == (call,)
    published = house.told("staff-kiosk")
    assert [event.body for event in published] == [call]
    assert house.acted(Kind.HELP_CALLED)[0].point == "kiosk"


def test_pressing_twice_is_one_call(house: House) -> None:
    first = house.service.call_help("kiosk", "op-1")
    assert house.service.call_help("kiosk", "op-1") == first
    assert house.service.call_help("kiosk", "op-2") == first
    assert len(house.events(Kind.HELP_CALLED)) == 1


def test_call_after_an_answered_one_is_a_new_call(house: House) -> None:
    """Control: only an open call swallows the next."""
    first = house.service.call_help("kiosk", "op-1")
    house.service.acknowledge_help(house.session(), first.id)
    second = house.service.call_help("kiosk", "op-2")
    assert second.id != first.id
    assert house.service.help_calls()[0] == second, "who waits stands first"


def test_acknowledged_call_says_who_comes_and_when(house: House) -> None:
    call = house.service.call_help("kiosk", "op-1")
    house.hands.forward(s=4)
    answered = house.service.acknowledge_help(house.session(), call.id)
    assert (answered.staff, answered.acknowledged_ms) == ("anna", call.at_ms + 4_000)
    assert house.service.acknowledge_help(house.session(staff="berta"), call.id) == answered
    assert house.acted(Kind.HELP_ACKNOWLEDGED)[0].amount == 4_000


def test_call_that_nobody_answers_goes_up_after_half_a_minute(house: House) -> None:
    house.service.call_help("kiosk", "op-1")
    house.hands.forward(s=29)
    house.service._watch.round()
    assert not house.service.help_calls()[0].escalated
    house.told("ops")
    house.hands.forward(s=1)
    house.service._watch.round()
    house.service._watch.round()
    told = [event.body for event in house.told("ops")]
    assert len(told) == 1
    assert isinstance(told[0], HelpCall)
    assert told[0].escalated


def test_answered_call_goes_nowhere(house: House) -> None:
    call = house.service.call_help("kiosk", "op-1")
    house.service.acknowledge_help(house.session(), call.id)
    house.hands.forward(s=60)
    house.service._watch.round()
    assert not house.service.help_calls()[0].escalated


def test_calls_survive_a_restart(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        call = house.service.call_help("kiosk", "op-1")
    with an_edge(tmp_path) as house:
        assert house.service.help_calls() == (call,)


def test_help_is_called_even_when_nothing_can_be_written(house: House) -> None:
    house.sequencer.stop()
    call = house.service.call_help("kiosk", "op-1")
    assert [event.body for event in house.told("help")] == [call]
    assert house.service.call_help("kiosk", "op-2") == call
    assert house.service.acknowledge_help(house.session(), call.id).staff == "anna"


def test_unknown_call_is_said_to_be_unknown(house: House) -> None:
    with pytest.raises(Unknown):
        house.service.acknowledge_help(house.session(), "nothing")


def test_calls_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CALLS_MAX", 1)
    first = house.service.call_help("kiosk", "op-1")
    with pytest.raises(Refused, match="wait already"):
        house.service.call_help("north", "op-2")
    house.service.acknowledge_help(house.session(), first.id)
    house.service.call_help("north", "op-3")
    assert [call.point for call in house.service.help_calls()] == ["north"]
