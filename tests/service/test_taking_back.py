"""Taking a passage back: undone by staff, annulled by the gate."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.core.decision import Act, Outcome, Reason
from edge.core.entitlements import Redemption
from edge.core.events import Kind
from edge.core.held import Held
from edge.errors import NotAllowed, Refused, Unknown
from edge.views import GuestView, StaffView
from hardware.port import Passage
from tests.builders import a_gate, a_layout, a_party
from tests.service.house import House, an_edge, band_of, worn


def held(house: House) -> Held:
    return house.sequencer.submit(lambda tx: tx.held(band_of(house), ["ticket-1"]))


def inside(house: House) -> dict[str, int]:
    return {zone: people for zone, people in house.service.counters().inside.items() if people}


def a_used_up_guest(house: House) -> StaffView:
    """The second tap of a ticket for one entry."""
    house.service.present(house.tap())
    return house.service.present(house.tap())


def test_undo_leaves_use_location_and_counts_as_before(house: House) -> None:
    before = held(house)
    view = house.service.present(house.tap())
    assert inside(house) == {"park": 1}
    undone = house.service.undo(house.session(), view.tap_id, reason="wrong gate")
    after = held(house)
    assert (undone.outcome, undone.reason) == (Outcome.DENIED, Reason.ANNULLED)
    assert (after.location, after.last, after.entries) == (before.location, before.last, before.entries)
    assert [use.redemption for use in after.uses] == [Redemption.UNDONE]
    assert inside(house) == {}
    assert house.service.present(house.tap()).outcome is Outcome.GRANTED


def test_journal_keeps_the_passage_and_its_undoing(house: House) -> None:
    view = house.service.present(house.tap())
    house.service.undo(house.session(), view.tap_id, reason="wrong gate")
    assert [event.kind for event in house.events()] == [Kind.DECIDED, Kind.UNDONE]
    acted = house.acted(Kind.UNDONE)[0]
    assert (acted.staff, acted.tap_id, acted.note) == ("anna", view.tap_id, "wrong gate")


def test_undoing_twice_is_undoing_once(house: House) -> None:
    view = house.service.present(house.tap())
    first = house.service.undo(house.session(), view.tap_id, reason="wrong gate")
    again = house.service.undo(house.session(), view.tap_id, reason="wrong gate")
    assert again.seq == first.seq
    assert len(house.events(Kind.UNDONE)) == 1


def test_undone_tap_presented_again_by_its_reader_stays_undone(house: House) -> None:
    tap = house.tap()
    view = house.service.present(tap)
    house.service.undo(house.session(), view.tap_id, reason="wrong gate")
    assert house.service.present(tap).reason is Reason.ANNULLED
    assert len(house.gate.opened) == 1


def test_gate_staff_undo_at_their_own_point_for_a_quarter_of_an_hour(house: House) -> None:
    view = house.service.present(house.tap())
    with pytest.raises(NotAllowed, match="supervisor"):
        house.service.undo(house.session(point="castle"), view.tap_id, reason="wrong gate")
    house.hands.forward(s=15 * 60 + 1)
    with pytest.raises(NotAllowed, match="supervisor"):
        house.service.undo(house.session(), view.tap_id, reason="wrong gate")


def test_supervisor_undoes_anywhere_that_day_and_not_the_next(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        first = house.service.present(house.tap())
        house.hands.forward(s=6 * 3_600)
        lead = house.session("supervisor", point="castle")
        assert house.service.undo(lead, first.tap_id, reason="wrong gate").reason is Reason.ANNULLED
        second = house.service.present(house.tap())
        house.hands.forward(s=12 * 3_600)
        with pytest.raises(NotAllowed, match="another day"):
            house.service.undo(house.session("supervisor"), second.tap_id, reason="wrong gate")


def test_undo_needs_a_reason(house: House) -> None:
    view = house.service.present(house.tap())
    with pytest.raises(Refused):
        house.service.undo(house.session(), view.tap_id, reason="  ")


def test_denial_cannot_be_undone(house: House) -> None:
    denied = a_used_up_guest(house)
    with pytest.raises(Refused):
        house.service.undo(house.session(), denied.tap_id, reason="wrong gate")


def test_passage_after_the_undone_one_keeps_the_guest_where_they_are(house: House) -> None:
    view = house.service.present(house.tap())
    house.service.present(house.tap(reader="reader-out"))
    house.service.undo(house.session(), view.tap_id, reason="wrong gate")
    after = held(house)
    assert after.location is not None
    assert (after.location.zone, after.location.point) == (None, "south")
    assert inside(house) == {}


def test_use_is_given_back_where_the_gate_did_not_turn(house: House) -> None:
    view = house.service.present(house.tap())
    house.told("gate-north")
    house.service.passed(Passage("north", view.tap_id, passed=False, at_ns=1))
    assert house.acted(Kind.ANNULLED)[0].reason == "not_passed"
    guest = house.told("gate-north")[0].body
    assert isinstance(guest, GuestView)
    assert guest.next.act is Act.TAP_AGAIN
    assert house.service.present(house.tap()).outcome is Outcome.GRANTED


def test_passage_that_happened_annuls_nothing(house: House) -> None:
    view = house.service.present(house.tap())
    house.service.passed(Passage("north", view.tap_id, passed=True, at_ns=1, people=1))
    assert house.events(Kind.ANNULLED) == []


def test_a_passage_that_is_annulled_when_nobody_stands_there_is_told_to_staff_alone(house: House) -> None:
    view = house.service.present(house.tap())
    house.told("gate-north")
    assert house.service.annul(view.tap_id, cause="another day", guest=False).reason is Reason.ANNULLED
    assert house.told("gate-north") == []
    assert len(house.events(Kind.ANNULLED)) == 1


def test_party_that_was_undone_is_nowhere_for_its_children(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        house.tell(worn(house, party=a_party(), rev=2))
        view = house.service.present(house.tap())
        house.service.undo(house.session(), view.tap_id, reason="wrong gate")
        members = house.sequencer.submit(lambda tx: tx.party("family-1"))
        assert [member.location.zone for member in members] == [None]


def test_tap_that_nobody_knows_is_said_to_be_unknown(house: House) -> None:
    with pytest.raises(Unknown):
        house.service.again("x:1:1")
    with pytest.raises(Unknown):
        house.service.undo(house.session(), "x:1:1", reason="wrong gate")
    with pytest.raises(Unknown):
        house.service.annul("x:1:1", cause="not_passed")


def test_kept_answer_names_nobody(house: House) -> None:
    view = house.service.present(house.tap())
    body = house.sequencer.submit(lambda tx: tx.answer(view.tap_id))
    assert body is not None
    assert b"Giulia" not in body
    assert msgspec.msgpack.decode(body) == view.seq


def test_supervisor_takes_back_no_passage_of_their_own_band(house: House) -> None:
    view = house.service.present(house.tap())
    own = house.session("supervisor", badge=band_of(house).hex())
    with pytest.raises(NotAllowed, match="own band"):
        house.service.undo(own, view.tap_id, reason="wrong gate")


def test_pending_passage_is_undone_like_any_other(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_layout(a_gate(confirm=True))) as house:
        waiting = house.service.present(house.tap())
        house.service.undo(house.session(), waiting.tap_id, reason="left the line")
        assert [use.redemption for use in held(house).uses] == [Redemption.UNDONE]
        house.hands.forward(s=30)
        house.service._watch.round()
        assert house.events(Kind.ANNULLED) == [], "what was undone does not expire as well"


def test_gate_that_reports_twice_annuls_once(house: House) -> None:
    view = house.service.present(house.tap())
    for _ in range(2):
        house.service.passed(Passage("north", view.tap_id, passed=False, at_ns=1))
    assert len(house.events(Kind.ANNULLED)) == 1


def test_passage_of_a_tap_that_nobody_knows_is_logged_and_borne(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.service.passed(Passage("north", "x:1:1", passed=False, at_ns=1))
    assert "could not be annulled" in caplog.text


def test_repeated_tap_is_answered_from_its_record(house: House) -> None:
    tap = house.tap()
    first = house.service.present(tap)
    again = house.service.present(tap)
    assert msgspec.structs.replace(again, took_ms=0.0) == msgspec.structs.replace(first, took_ms=0.0)
