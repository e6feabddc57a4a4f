"""Four eyes at the service: one asks, another answers, and the act happens once, exactly as asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.approvals import APPROVAL_MS_MAX, SHIFT_MS, Approval, Deed, DeedKind, Stage
from edge.core.decision import Outcome, Reason
from edge.core.events import Kind
from edge.errors import NotAllowed, Refused, StoreError, Unknown
from edge.service.attempts import Objected, OwnBand
from edge.service.four_eyes import OPEN_EACH_MAX, FourEyes
from edge.service.tallies import SecondNeeded, ShiftLimit
from edge.staff import AskAgain, Session
from edge.views import ApprovalView, StaffView
from tests.builders import a_gate, a_layout
from tests.service.house import OTHER_UID, House, a_member, an_edge, band_of, worn


@pytest.fixture
def staffed(house: House) -> House:
    """Bruno works at the gate, Anna and Dora lead, Olga operates."""
    house.employ(*(msgspec.structs.replace(one, pin_hash="") for one in people(house)))
    return house


def people(house: House) -> Iterator[object]:
    yield a_member("bruno", "gate", house=house)
    yield a_member("anna", "supervisor", house=house)
    yield a_member("dora", "supervisor", house=house)
    yield a_member("olga", "operator", house=house)


def bruno(house: House) -> Session:
    return house.session("gate", staff="bruno")


def anna(house: House, **changes: str) -> Session:
    return house.session("gate", "supervisor", staff="anna", **changes)


def olga(house: House) -> Session:
    return house.session("operator", staff="olga", point="")


def a_refusal(house: House) -> StaffView:
    """A tap of a guest whose ticket has passed before."""
    house.service.present(house.tap())
    return house.service.present(house.tap())


def asked(house: House, view: StaffView | None = None) -> ApprovalView:
    refused = view or a_refusal(house)
    return house.service.ask_override(bruno(house), refused.tap_id, reason="ticket_seen")


def last(house: House) -> StaffView:
    return house.service.recent("north", 1)[0]


# Asking and answering


def test_a_supervisor_answers_for_what_gate_staff_ask_and_the_guest_passes_at_once(staffed: House) -> None:
    request = asked(staffed)
    assert (request.stage, request.asker, request.name) == ("open", "Bruno", "Giulia")
    assert staffed.service.approvals() == (request,)
    opened = len(staffed.gate.opened)
    answer = staffed.service.approve(anna(staffed), request.id, granted=True)
    assert (answer.stage, answer.settled_by) == ("spent", "Anna")
    assert (last(staffed).outcome, last(staffed).notes) == (Outcome.GRANTED, (Reason.OVERRIDDEN,))
    assert len(staffed.gate.opened) == opened + 1
    record = staffed.decided()[-1]
    assert (record.staff, record.approver, record.note) == ("bruno", "anna", "ticket_seen")
    given = staffed.acted(Kind.APPROVAL_GIVEN)[0]
    assert (given.staff, given.approver, given.target) == ("bruno", "anna", request.id)
    assert staffed.service.approvals() == ()


def test_both_are_told_at_once_and_gate_and_kiosk_hear_nothing(staffed: House) -> None:
    staffed.heard.close()
    staffed.heard = staffed.feed.subscribe(["approvals", "staff-north", "gate-north"])
    request = asked(staffed)
    staffed.service.approve(anna(staffed), request.id, granted=False)
    found = []
    while (event := staffed.heard.get(0)) is not None:
        found.append(event)
    told = [(one.topic, one.body.stage) for one in found if isinstance(one.body, ApprovalView)]
    assert told == [
        ("staff-north", "open"),
        ("approvals", "open"),
        ("staff-north", "refused"),
        ("approvals", "refused"),
    ]


def test_a_no_is_a_no_and_nobody_passes(staffed: House) -> None:
    request = asked(staffed)
    answer = staffed.service.approve(anna(staffed), request.id, granted=False)
    assert answer.stage == "refused"
    with pytest.raises(Objected, match="settled"):
        staffed.service.approve(anna(staffed), request.id, granted=True)
    assert last(staffed).outcome is Outcome.DENIED
    assert staffed.acted(Kind.APPROVAL_REFUSED)[0].approver == "anna"


def test_asking_twice_is_one_request_and_nobody_floods_the_list(staffed: House) -> None:
    view = a_refusal(staffed)
    assert asked(staffed, view) == asked(staffed, view)
    assert len(staffed.acted(Kind.APPROVAL_ASKED)) == 1
    for _ in range(OPEN_EACH_MAX - 1):
        asked(staffed, staffed.service.present(staffed.tap()))
    with pytest.raises(Refused, match="Too many"):
        asked(staffed, staffed.service.present(staffed.tap()))


def test_who_asked_may_take_it_back_and_nobody_else(staffed: House) -> None:
    request = asked(staffed)
    with pytest.raises(NotAllowed, match="Only who asked"):
        staffed.service.withdraw(anna(staffed), request.id)
    assert staffed.service.withdraw(bruno(staffed), request.id).stage == "withdrawn"
    assert staffed.service.approvals() == ()


def test_a_request_lapses_by_itself_and_the_screens_hear_of_it(staffed: House) -> None:
    request = asked(staffed)
    staffed.hands.forward(ms=APPROVAL_MS_MAX)
    staffed.service._watch.round()
    assert staffed.service.approvals() == ()
    assert staffed.acted(Kind.APPROVAL_ENDED)[0].note == Stage.LAPSED
    with pytest.raises(Objected, match="settled"):
        staffed.service.approve(anna(staffed), request.id, granted=True)


def test_a_request_that_nobody_knows_is_unknown(staffed: House) -> None:
    with pytest.raises(Unknown):
        staffed.service.approve(anna(staffed), "nothing", granted=True)


def test_requests_outlive_a_restart(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        request = asked(house)
    with an_edge(tmp_path) as house:
        assert [one.id for one in house.service.approvals()] == [request.id]
        house.service.approve(anna(house), request.id, granted=True)
        assert house.decided()[-1].approver == "anna"
    with an_edge(tmp_path) as house, pytest.raises(Objected):
        house.service.approve(anna(house), request.id, granted=True)


def test_what_cannot_be_recorded_lets_nobody_pass(staffed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    request = asked(staffed)
    opened = len(staffed.gate.opened)

    def broken(*_: object, **__: object) -> None:
        raise StoreError

    monkeypatch.setattr("edge.service.four_eyes.FourEyes._settle", broken)
    with pytest.raises(StoreError):
        staffed.service.approve(anna(staffed), request.id, granted=True)
    assert len(staffed.gate.opened) == opened
    assert staffed.service.approvals() == (request,)


# Who may not


def test_nobody_approves_their_own_request_and_the_attempt_is_written_down(staffed: House) -> None:
    request = staffed.service.ask_override(anna(staffed), a_refusal(staffed).tap_id, reason="goodwill")
    with pytest.raises(Objected, match="own request"):
        staffed.service.approve(anna(staffed), request.id, granted=True)
    [attempt] = staffed.acted(Kind.ATTEMPT_REFUSED)
    assert (attempt.staff, attempt.reason, attempt.target) == ("anna", "self", request.id)
    assert last(staffed).outcome is Outcome.DENIED


def test_gate_staff_approve_nothing_and_an_idle_supervisor_proves_the_pin_first(staffed: House) -> None:
    request = asked(staffed)
    with pytest.raises(NotAllowed, match="role"):
        staffed.service.approve(staffed.session("gate", staff="carlo"), request.id, granted=True)
    idle = msgspec.structs.replace(anna(staffed), fresh_until_ms=0)
    with pytest.raises(AskAgain):
        staffed.service.approve(idle, request.id, granted=True)


def test_nobody_asks_or_answers_about_their_own_band(staffed: House) -> None:
    view = a_refusal(staffed)
    own = msgspec.structs.replace(bruno(staffed), badge=band_of(staffed).hex())
    with pytest.raises(OwnBand):
        staffed.service.ask_override(own, view.tap_id, reason="goodwill")
    request = asked(staffed, view)
    with pytest.raises(Objected, match="own band"):
        staffed.service.approve(anna(staffed, badge=band_of(staffed).hex()), request.id, granted=True)
    assert [one.reason for one in staffed.acted(Kind.ATTEMPT_REFUSED)] == ["own_band", "own_band"]


def test_what_nobody_may_lift_is_not_even_asked(staffed: House) -> None:
    staffed.tell(layout=msgspec.structs.replace(a_layout(a_gate(height_cm_min=120)), version=7))
    short = staffed.service.present(staffed.tap())
    with pytest.raises(NotAllowed, match="safety"):
        asked(staffed, short)
    with pytest.raises(Refused, match="reason"):
        staffed.service.ask_override(bruno(staffed), short.tap_id, reason="because")


# Limits of a shift


def test_a_supervisor_alone_lets_so_many_pass_and_then_needs_a_second(staffed: House) -> None:
    limited(staffed, overrides_shift_max=2)
    for _ in range(2):
        staffed.service.override(anna(staffed), a_refusal(staffed).tap_id, reason="goodwill")
    view = a_refusal(staffed)
    with pytest.raises(SecondNeeded):
        staffed.service.override(anna(staffed), view.tap_id, reason="goodwill")
    request = asked(staffed, view)
    with pytest.raises(Objected, match="as many"):
        staffed.service.approve(anna(staffed), request.id, granted=True)
    staffed.service.approve(staffed.session("supervisor", staff="dora"), request.id, granted=True)
    assert staffed.decided()[-1].approver == "dora"


def test_an_operator_is_the_second_where_no_supervisor_is_left(staffed: House) -> None:
    limited(staffed, overrides_shift_max=0)
    request = staffed.service.ask_override(anna(staffed), a_refusal(staffed).tap_id, reason="goodwill")
    staffed.service.approve(olga(staffed), request.id, granted=True)
    assert (staffed.decided()[-1].staff, staffed.decided()[-1].approver) == ("anna", "olga")


def test_signing_in_again_begins_no_new_count_but_the_next_day_does(staffed: House) -> None:
    limited(staffed, overrides_shift_max=1)
    staffed.service.override(anna(staffed), a_refusal(staffed).tap_id, reason="goodwill")
    view = a_refusal(staffed)
    with pytest.raises(SecondNeeded):
        staffed.service.override(anna(staffed, point="castle"), view.tap_id, reason="goodwill")
    staffed.hands.forward(ms=SHIFT_MS)
    staffed.service.override(anna(staffed), a_refusal(staffed).tap_id, reason="goodwill")


def test_undoing_and_looking_up_have_their_limits_too(staffed: House) -> None:
    limited(staffed, undos_shift_max=1, look_ups_shift_max=1)
    for n in range(2):
        view = staffed.service.present(staffed.tap())
        if n:
            with pytest.raises(ShiftLimit):
                staffed.service.undo(bruno(staffed), view.tap_id, reason="mistake")
        else:
            staffed.service.undo(bruno(staffed), view.tap_id, reason="mistake")
    staffed.service.look_up(bruno(staffed), "Giulia")
    with pytest.raises(ShiftLimit):
        staffed.service.look_up(bruno(staffed), "Giulia")


def limited(house: House, **limits: int) -> None:
    rooms = house.service._rooms
    object.__setattr__(rooms, "limits", msgspec.structs.replace(rooms.limits, **limits))


# A new band takes two


def test_a_new_band_for_a_guest_takes_two_persons(staffed: House) -> None:
    stock = worn(staffed, OTHER_UID, guest=None, name="", entitlements=())
    staffed.tell(stock)
    new, old = band_of(staffed, OTHER_UID).hex(), band_of(staffed).hex()
    request = staffed.service.ask_link(bruno(staffed), new, old, reason="torn strap")
    assert request.name == "Giulia"
    assert staffed.events(Kind.LINKED) == []
    staffed.service.approve(anna(staffed), request.id, granted=True)
    [linked] = staffed.acted(Kind.LINKED)
    assert (linked.staff, linked.approver) == ("bruno", "anna")
    with pytest.raises(Objected, match="settled"):
        staffed.service.approve(anna(staffed), request.id, granted=True)


# Money: the act comes with its own room, the word of two persons is ready for it


def a_refund(**changes: object) -> Deed:
    deed = Deed(kind=DeedKind.REFUND, point="till", reason="broken", amount_minor=2_500, currency="EUR")
    return msgspec.structs.replace(deed, **changes)


@pytest.mark.parametrize("kind", [DeedKind.REFUND, DeedKind.TOP_UP])
def test_money_is_approved_to_the_cent_and_spent_once(staffed: House, kind: DeedKind) -> None:
    eyes = FourEyes(staffed.service._rooms, {})
    deed = a_refund(kind=kind)
    request = eyes.ask(bruno(staffed), deed)
    assert (request.amount_minor, request.currency, request.kind) == (2_500, "EUR", kind)
    assert eyes.approve(anna(staffed), request.id, granted=True).stage == "approved"

    def spend(by: Session, what: Deed) -> Approval:
        return staffed.sequencer.submit(lambda tx: eyes.spend(tx, request.id, what, by=by))

    with pytest.raises(Objected, match="another act"):
        spend(bruno(staffed), a_refund(kind=kind, amount_minor=2_501))
    with pytest.raises(Objected, match="Somebody else"):
        spend(anna(staffed), deed)
    assert spend(bruno(staffed), deed).settled_by == "anna"
    with pytest.raises(Objected, match="used already"):
        spend(bruno(staffed), deed)


def test_an_approval_of_money_is_good_for_five_minutes(staffed: House) -> None:
    eyes = FourEyes(staffed.service._rooms, {})
    request = eyes.ask(bruno(staffed), a_refund())
    with pytest.raises(Objected, match="Nobody has approved"):
        staffed.sequencer.submit(lambda tx: eyes.spend(tx, request.id, a_refund(), by=bruno(staffed)))
    eyes.approve(anna(staffed), request.id, granted=True)
    staffed.hands.forward(ms=APPROVAL_MS_MAX)
    with pytest.raises(Objected, match="too long"):
        staffed.sequencer.submit(lambda tx: eyes.spend(tx, request.id, a_refund(), by=bruno(staffed)))
