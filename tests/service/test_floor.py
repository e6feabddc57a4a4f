"""What guest and staff do about one tap: answer, confirm, override, undo, annul."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.decision import Outcome, Reason
from edge.core.entitlements import Question, Redemption
from edge.core.events import Kind
from edge.core.held import Held
from edge.errors import NotAllowed, Refused
from edge.service import OverrideReason
from edge.staff import AskAgain
from edge.views import StaffView
from tests.builders import a_day_ticket, a_gate, a_layout
from tests.service.house import Hands, House, an_edge, band_of, worn


def held(house: House) -> Held:
    return house.sequencer.submit(lambda tx: tx.held(band_of(house), ["ticket-1"]))


def inside(house: House) -> dict[str, int]:
    return {zone: people for zone, people in house.service.counters().inside.items() if people}


def a_used_up_guest(house: House) -> StaffView:
    """The second tap of a ticket for one entry."""
    house.service.present(house.tap())
    return house.service.present(house.tap())


# Questions and choices


def test_guest_who_answers_is_let_in_under_the_same_tap(house: House) -> None:
    ask = (Question(id="plate", kind="text"),)
    house.tell(worn(house, entitlements=(a_day_ticket(questions=ask),), rev=2))
    asked = house.service.present(house.tap())
    assert (asked.reason, house.gate.opened) == (Reason.ANSWERS_REQUIRED, [])
    view = house.service.again(asked.tap_id, answers={"plate": "AB 123 CD"})
    assert (view.outcome, view.tap_id) == (Outcome.GRANTED, asked.tap_id)
    assert len(house.gate.opened) == 1
    assert house.decided()[-1].answered == ("ticket-1/plate",)


def test_answers_are_kept_sealed_and_never_in_the_journal(house: House) -> None:
    ask = (Question(id="plate", kind="text"),)
    house.tell(worn(house, entitlements=(a_day_ticket(questions=ask),), rev=2))
    view = house.service.present(house.tap())
    house.service.again(view.tap_id, answers={"plate": "AB 123 CD"})
    house.sequencer.erase_ghosts()
    assert b"AB 123 CD" not in (house.folder / "state.db").read_bytes()
    kept = house.sequencer.submit(lambda tx: tx.get("answers", view.tap_id))
    assert kept is not None
    assert b"AB 123 CD" in kept


def test_answer_that_fits_no_question_counts_as_none(house: House) -> None:
    ask = (Question(id="size", kind="choice", choices=("s", "m")),)
    house.tell(worn(house, entitlements=(a_day_ticket(questions=ask),), rev=2))
    view = house.service.present(house.tap())
    assert house.service.again(view.tap_id, answers={"size": "xl"}).reason is Reason.ANSWERS_REQUIRED
    assert house.gate.opened == []


def test_answer_that_comes_too_late_counts_for_nothing(house: House) -> None:
    ask = (Question(id="plate", kind="text"),)
    house.tell(worn(house, entitlements=(a_day_ticket(questions=ask),), rev=2))
    view = house.service.present(house.tap())
    house.hands.forward(s=21)
    late = house.service.again(view.tap_id, answers={"plate": "AB 123 CD"})
    assert late.reason is Reason.ANSWERS_REQUIRED
    assert held(house).uses == ()


def test_guest_chooses_among_rights_that_fit(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_layout(a_gate(choose=True))) as house:
        house.tell(worn(house, entitlements=(a_day_ticket("a"), a_day_ticket("b")), rev=2))
        asked = house.service.present(house.tap())
        assert (asked.reason, set(asked.choices)) == (Reason.CHOOSE_ENTITLEMENT, {"a", "b"})
        assert len(asked.choice_products) == 2
        house.service.again(asked.tap_id, chosen="b")
        assert house.decided()[-1].decision.entitlement == "b"


def test_tap_that_asked_nothing_keeps_its_answer(house: House) -> None:
    view = house.service.present(house.tap())
    assert house.service.again(view.tap_id, chosen="other").seq == view.seq
    assert len(house.gate.opened) == 1


def test_more_answers_than_any_form_has_are_refused(house: House) -> None:
    view = house.service.present(house.tap())
    with pytest.raises(Refused):
        house.service.again(view.tap_id, answers={str(n): "x" for n in range(21)})


# Confirmation in person


@pytest.fixture
def photo(tmp_path: Path) -> Iterator[House]:
    """An edge whose gate asks staff to confirm each passage."""
    with an_edge(tmp_path, layout=a_layout(a_gate(confirm=True))) as edge:
        yield edge


def test_passage_waits_for_its_confirmation_and_then_counts(photo: House) -> None:
    waiting = photo.service.present(photo.tap())
    assert (waiting.reason, photo.gate.opened) == (Reason.CONFIRM_REQUIRED, [])
    view = photo.service.confirm(photo.session(), waiting.tap_id, "passage", granted=True)
    assert view.outcome is Outcome.GRANTED
    assert photo.gate.opened == [(waiting.tap_id, view.seq, 1)]
    assert [use.redemption for use in held(photo).uses] == [Redemption.VALID]
    assert photo.decided()[-1].staff == "anna"


def test_held_use_gives_no_second_green(photo: House) -> None:
    photo.service.present(photo.tap())
    assert photo.service.present(photo.tap()).reason is Reason.ALREADY_USED_HERE


def test_refused_passage_gives_the_use_back(photo: House) -> None:
    waiting = photo.service.present(photo.tap())
    refused = photo.service.confirm(photo.session(), waiting.tap_id, "passage", granted=False)
    assert (refused.outcome, refused.reason) == (Outcome.DENIED, Reason.ANNULLED)
    assert [use.redemption for use in held(photo).uses] == [Redemption.ANNULLED]
    assert photo.service.present(photo.tap()).reason is Reason.CONFIRM_REQUIRED
    assert photo.acted(Kind.ANNULLED)[0].reason == "refused_passage"


def test_confirming_twice_opens_once(photo: House) -> None:
    waiting = photo.service.present(photo.tap())
    first = photo.service.confirm(photo.session(), waiting.tap_id, "passage", granted=True)
    again = photo.service.confirm(photo.session(), waiting.tap_id, "passage", granted=True)
    assert again.seq == first.seq
    assert len(photo.gate.opened) == 1


def test_passage_that_nobody_confirms_is_given_back_in_time(photo: House) -> None:
    waiting = photo.service.present(photo.tap())
    photo.service._watch.round()
    assert [use.redemption for use in held(photo).uses] == [Redemption.PENDING], "not before its time"
    photo.hands.forward(s=21)
    photo.service._watch.round()
    assert [use.redemption for use in held(photo).uses] == [Redemption.ANNULLED]
    late = photo.service.confirm(photo.session(), waiting.tap_id, "passage", granted=True)
    assert late.reason is Reason.ANNULLED
    assert photo.gate.opened == []


def test_held_use_is_given_back_after_a_crash_too(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands, layout=a_layout(a_gate(confirm=True))) as house:
        house.service.present(house.tap())
    hands.forward(s=3_600)
    with an_edge(tmp_path, hands) as house:
        house.service._watch.round()
        assert [use.redemption for use in held(house).uses] == [Redemption.ANNULLED]


def test_height_that_staff_measured_counts_all_day(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_layout(a_gate(height_cm_min=120))) as house:
        house.tell(worn(house, entitlements=(a_day_ticket(uses_max=5),), rev=2))
        asked = house.service.present(house.tap())
        assert asked.reason is Reason.HEIGHT_CONFIRM
        view = house.service.confirm(house.session(), asked.tap_id, "height", granted=True)
        assert view.outcome is Outcome.GRANTED
        assert house.service.present(house.tap()).outcome is Outcome.GRANTED


def test_word_that_nobody_can_confirm_is_refused(photo: House) -> None:
    waiting = photo.service.present(photo.tap())
    with pytest.raises(Refused, match="passage"):
        photo.service.confirm(photo.session(), waiting.tap_id, "beauty", granted=True)


def test_till_staff_confirm_nothing(photo: House) -> None:
    waiting = photo.service.present(photo.tap())
    with pytest.raises(NotAllowed):
        photo.service.confirm(photo.session("till"), waiting.tap_id, "passage", granted=True)


# Override


def test_supervisor_lets_one_denied_tap_pass_with_a_reason(house: House) -> None:
    denied = a_used_up_guest(house)
    view = house.service.override(house.session("supervisor"), denied.tap_id, reason="wrong_denial")
    assert (view.outcome, view.tap_id) == (Outcome.GRANTED, denied.tap_id)
    assert Reason.OVERRIDDEN in view.notes
    assert house.gate.opened[-1] == (denied.tap_id, view.seq, 1)
    decided = house.decided()[-1]
    assert (decided.approver, decided.note, decided.overridden) == ("anna", "wrong_denial", True)
    assert house.events()[-1].kind == Kind.OVERRIDDEN


def test_override_works_once(house: House) -> None:
    denied = a_used_up_guest(house)
    first = house.service.override(house.session("supervisor"), denied.tap_id, reason="goodwill")
    again = house.service.override(house.session("supervisor"), denied.tap_id, reason="goodwill")
    assert again.seq == first.seq
    assert len(house.gate.opened) == 2


def test_override_of_one_tap_says_nothing_about_the_next(house: House) -> None:
    denied = a_used_up_guest(house)
    house.service.override(house.session("supervisor"), denied.tap_id, reason="goodwill")
    assert house.service.present(house.tap()).outcome is not Outcome.GRANTED


def test_gate_staff_override_nothing(house: House) -> None:
    denied = a_used_up_guest(house)
    with pytest.raises(NotAllowed, match="supervisor"):
        house.service.override(house.session("gate", "till", "operator"), denied.tap_id, reason="goodwill")


def test_reason_outside_the_closed_list_is_refused(house: House) -> None:
    denied = a_used_up_guest(house)
    with pytest.raises(Refused, match="ticket_seen"):
        house.service.override(house.session("supervisor"), denied.tap_id, reason="because")


def test_nobody_overrides_for_their_own_band(house: House) -> None:
    denied = a_used_up_guest(house)
    own = house.session("supervisor", badge=band_of(house).hex())
    with pytest.raises(NotAllowed, match="own band"):
        house.service.override(own, denied.tap_id, reason="goodwill")


def test_nobody_overrides_for_a_second_band_of_theirs(house: House) -> None:
    house.tell(worn(house, staff="anna", rev=2))
    denied = a_used_up_guest(house)
    with pytest.raises(NotAllowed, match="own band"):
        house.service.override(house.session("supervisor"), denied.tap_id, reason="goodwill")


def test_override_lifts_no_replayed_tap(house: House) -> None:
    house.tell(worn(house, entitlements=(a_day_ticket(uses_max=9),), rev=2))
    house.service.present(house.tap(counter=7))
    replayed = house.service.present(house.tap(counter=7))
    with pytest.raises(NotAllowed, match="authenticity"):
        house.service.override(house.session("supervisor"), replayed.tap_id, reason="goodwill")
    assert len(house.gate.opened) == 1


def test_override_lifts_no_rule_of_safety(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_layout(a_gate(height_cm_min=140))) as house:
        house.tell(worn(house, height_cm=110, rev=2))
        small = house.service.present(house.tap())
        assert small.reason is Reason.HEIGHT_MIN
        with pytest.raises(NotAllowed, match="safety"):
            house.service.override(house.session("supervisor"), small.tap_id, reason="goodwill")


def test_tap_of_long_ago_is_not_overridden(house: House) -> None:
    denied = a_used_up_guest(house)
    session = house.session("supervisor")
    house.hands.forward(s=299)
    house.service.override(session, denied.tap_id, reason="goodwill")
    other = house.service.present(house.tap())
    house.hands.forward(s=301)
    with pytest.raises(NotAllowed, match="too old"):
        house.service.override(house.session("supervisor"), other.tap_id, reason="goodwill")


def test_override_asks_for_the_pin_again_after_five_idle_minutes(house: House) -> None:
    session = house.session("supervisor")
    house.hands.forward(s=301)
    denied = a_used_up_guest(house)
    with pytest.raises(AskAgain):
        house.service.override(session, denied.tap_id, reason="goodwill")


def test_green_needs_no_override(house: House) -> None:
    view = house.service.present(house.tap())
    with pytest.raises(Refused):
        house.service.override(house.session("supervisor"), view.tap_id, reason="goodwill")


def test_denial_that_was_wrong_has_a_counter_of_its_own(house: House) -> None:
    denied = a_used_up_guest(house)
    house.service.override(house.session("supervisor"), denied.tap_id, reason=OverrideReason.WRONG_DENIAL)
    assert "polso_false_denials_total 1.0" in house.health.metrics()
