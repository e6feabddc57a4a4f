"""A tap, from the reader to the journal, the gate and the screens."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import msgspec
import pytest

from edge.core.bands import BandState
from edge.core.decision import Act, Family, Outcome, Reason
from edge.core.entitlements import RuleText
from edge.core.events import Kind
from edge.core.places import Layout, PlaceLease
from edge.core.replay import replay
from edge.views import GuestView, Plan, StaffView
from hardware.port import DeviceState, Medium, ReadFault, Removed, Signal, State, Trust
from tests.builders import (
    HOUR_MS,
    NOW_MS,
    ROME,
    a_day_ticket,
    a_gate,
    a_layout,
    a_party,
    a_slot_right,
)
from tests.service.house import OTHER_UID, UID, Hands, House, an_edge, band_of, worn


def test_valid_band_is_let_in_with_a_journal_number(house: House) -> None:
    view = house.service.present(house.tap())
    assert (view.outcome, view.reason, view.family) == (Outcome.GRANTED, Reason.ENTERED, Family.GO)
    assert view.seq == house.events()[-1].seq
    assert house.decided()[-1].decision.reason is Reason.ENTERED
    assert house.gate.opened == [(view.tap_id, view.seq, 1)]


def test_screens_and_light_hear_of_a_green_after_it_is_durable(house: House) -> None:
    view = house.service.present(house.tap())
    told = [event.body for event in house.told("gate-north")]
    assert len(told) == 1
    assert isinstance(told[0], GuestView)
    assert told[0].seq == view.seq
    assert house.light.shown == [(Signal.ALLOW, 2.5)]


def test_staff_and_operator_are_told_the_whole_decision(house: House) -> None:
    view = house.service.present(house.tap())
    published = house.told("staff-north")
    assert [event.event for event in published] == ["decision"]
    assert published[0].body == view
    assert view.name == "Giulia"
    assert view.band_short == band_of(house).hex()[:8]


def test_same_presentation_gets_the_same_answer_and_opens_once(house: House) -> None:
    tap = house.tap()
    first = house.service.present(tap)
    house.told("ops")
    again = house.service.present(tap)
    assert (again.seq, again.outcome, again.at_ms) == (first.seq, first.outcome, first.at_ms)
    assert len(house.gate.opened) == 1
    assert house.told("ops") == []
    assert len(house.events(Kind.DECIDED)) == 1


def test_another_presentation_of_the_same_band_is_judged_anew(house: House) -> None:
    """Control: it is the tap id that makes an answer the same, not the band."""
    house.service.present(house.tap())
    second = house.service.present(house.tap())
    assert second.reason is Reason.ALREADY_USED_HERE
    assert second.first is not None
    assert second.first.point == "north"


def test_same_presentation_is_answered_the_same_after_a_restart(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        tap = house.tap()
        first = house.service.present(tap)
    with an_edge(tmp_path, hands) as house:
        again = house.service.present(tap)
        assert (again.seq, again.outcome, again.reason) == (first.seq, first.outcome, first.reason)
        assert house.gate.opened == []


def test_taps_at_two_readers_at_once_give_exactly_one_green(house: House) -> None:
    taps_at_once = [house.tap(reader=f"reader-{1 + n % 2}") for n in range(16)]
    views: list[StaffView] = []
    threads = [
        Thread(target=lambda tap=tap: views.append(house.service.present(tap))) for tap in taps_at_once
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(view.outcome for view in views).count(Outcome.GRANTED) == 1
    assert len(house.gate.opened) == 1


STATEMENTS_MAX = 6


def test_a_tap_asks_the_journal_for_little(house: House) -> None:
    """A tap costs what its statements cost: begin and commit among them; once the walk has come by."""
    house.service.present(house.tap(reader="reader-1"))
    house.store._lookout.walked = True
    asked: list[str] = []
    connection = house.store._connection
    assert connection is not None
    connection.set_trace_callback(asked.append)
    try:
        house.service.present(house.tap(reader="reader-2"))
    finally:
        connection.set_trace_callback(None)
    assert 2 < len(asked) <= STATEMENTS_MAX, asked


def test_band_that_was_not_read_is_refused_and_journaled(house: House) -> None:
    view = house.service.present(house.torn())
    assert (view.reason, view.family) == (Reason.BAND_READ_ERROR, Family.AGAIN)
    assert view.seq > 0
    assert house.decided()[-1].presented.band is None
    assert house.light.shown == [(Signal.AGAIN, 2.0)]


@pytest.mark.parametrize("fault", list(ReadFault))
def test_every_fault_of_reading_is_an_answer_and_never_a_green(house: House, fault: ReadFault) -> None:
    view = house.service.present(house.tap(trust=Trust.NONE, fault=fault, counter=None))
    assert view.outcome is not Outcome.GRANTED
    assert view.seq > 0


def test_raw_identifier_stands_nowhere_in_the_store(house: House) -> None:
    house.service.present(house.tap())
    house.sequencer.erase_ghosts()
    kept = b"".join(path.read_bytes() for path in house.folder.iterdir() if path.is_file())
    assert band_of(house) in kept, "control: what is looked for can be found"
    assert UID not in kept
    assert UID.hex().encode() not in kept


def test_name_of_a_guest_stands_in_no_record_and_no_answer(house: House) -> None:
    house.service.present(house.tap())
    house.sequencer.erase_ghosts()
    assert b"Giulia" not in (house.folder / "state.db").read_bytes()


def test_unknown_band_calls_staff(house: House) -> None:
    view = house.service.present(house.tap(OTHER_UID))
    assert (view.outcome, view.reason) == (Outcome.REFERRED, Reason.BAND_UNKNOWN)
    assert house.gate.opened == []


def test_security_reason_is_not_told_to_the_guest(house: House) -> None:
    lost = worn(house)
    house.tell(
        msgspec.structs.replace(lost, rev=2, band=msgspec.structs.replace(lost.band, state=BandState.LOST))
    )
    view = house.service.present(house.tap())
    guest = house.told("gate-north")[0].body
    assert view.reason is Reason.BAND_LOST
    assert isinstance(guest, GuestView)
    assert (guest.text, guest.family, guest.next.act) == ("common.see_staff", Family.STAFF, Act.SEE_STAFF)
    assert b"lost" not in msgspec.json.encode(guest)


def test_guest_is_told_when_to_come_back(house: House) -> None:
    early = worn(house, entitlements=(a_slot_right(start_ms=NOW_MS + HOUR_MS),), rev=2)
    house.tell(early)
    view = house.service.present(house.tap(reader="reader-ride"))
    assert (view.reason, view.next.act) == (Reason.TOO_EARLY, Act.COME_BACK)
    assert view.next.at_ms is not None
    assert NOW_MS < view.next.at_ms <= NOW_MS + HOUR_MS


def test_point_that_the_site_does_not_know_lets_nobody_in(house: House) -> None:
    view = house.service.present(house.tap(reader="reader-somewhere"))
    assert view.reason is Reason.DEVICE_NOT_ALLOWED
    assert view.outcome is not Outcome.GRANTED


def test_device_without_any_layout_refers_to_staff(tmp_path: Path) -> None:
    house = House(tmp_path, Hands())
    try:
        assert house.service.layout() is None
        assert house.service.present(house.tap()).outcome is not Outcome.GRANTED
    finally:
        house.close()


def test_kiosk_is_told_the_plan_of_the_guest_who_stands_there(house: House) -> None:
    rights = (a_day_ticket(), a_slot_right(start_ms=NOW_MS + HOUR_MS))
    house.tell(worn(house, entitlements=rights, rev=2))
    house.service.present(house.tap())
    house.service.present(house.tap(reader="reader-kiosk"))
    plan = house.told("kiosk-kiosk")[0].body
    assert isinstance(plan, Plan)
    assert plan.name == "Giulia"
    assert [(item.entitlement, item.used) for item in plan.items] == [("slot-1", False), ("ticket-1", True)]
    assert plan.items[1].uses_left == 0


def test_kiosk_greets_nobody_whom_it_does_not_recognise(house: House) -> None:
    house.service.present(house.tap(OTHER_UID, reader="reader-kiosk"))
    plan = house.told("kiosk-kiosk")[0].body
    assert isinstance(plan, Plan)
    assert (plan.name, plan.items, plan.family) == ("", (), Family.STAFF)


def test_operators_rule_forbids_with_its_name(tmp_path: Path) -> None:
    gold = RuleText("gold only", "tier == 'gold'", {"en": "Gold guests only."})
    with an_edge(tmp_path, layout=a_layout(a_gate(rules=(gold,)))) as house:
        view = house.service.present(house.tap())
        assert (view.reason, view.rule) == (Reason.RULE_FORBIDS, "gold only")
        house.tell(worn(house, tier="gold", rev=2))
        assert house.service.present(house.tap()).outcome is Outcome.GRANTED


def test_rule_that_cannot_be_judged_refers_and_never_permits(tmp_path: Path) -> None:
    broken = RuleText("broken", "weekday ==")
    with an_edge(tmp_path, layout=a_layout(a_gate(rules=(broken,)))) as house:
        view = house.service.present(house.tap())
        assert (view.outcome, view.reason) == (Outcome.REFERRED, Reason.RULE_FAILED)


def test_replayed_tap_counter_is_refused(house: House) -> None:
    house.tell(worn(house, entitlements=(a_day_ticket(uses_max=9),), rev=2))
    assert house.service.present(house.tap(counter=7)).outcome is Outcome.GRANTED
    assert house.service.present(house.tap(counter=7)).reason is Reason.TAP_REPLAYED


def test_report_of_a_device_reaches_health_and_screens(house: House) -> None:
    house.service.report(DeviceState("reader-1", State.LOST, "Plug it in again.", at_ns=1))
    seen = house.health.view().devices
    assert [(one.device, one.state, one.point) for one in seen] == [("reader-1", "lost", "north")]
    assert [event.body for event in house.told("devices")] == [seen[0]]


def test_report_of_a_removed_band_changes_nothing(house: House) -> None:
    house.service.report(house.tap())
    count = len(house.events())
    house.service.report(Removed("reader-1", 1, at_ns=2))
    assert len(house.events()) == count == 1


def test_code_of_a_ticket_that_nobody_knows_is_said_to_be_one(house: House) -> None:
    view = house.service.present(house.tap(b"TICKET-1", medium=Medium.QR, trust=Trust.UID, counter=None))
    assert view.reason is Reason.TICKET_UNKNOWN


def test_same_band_at_two_points_sooner_than_anybody_walks_is_suspected(tmp_path: Path) -> None:
    far = a_gate("castle", walk_s_min=300)
    with an_edge(tmp_path, layout=a_layout(far)) as house:
        house.tell(worn(house, entitlements=(a_day_ticket(uses_max=9),), rev=2))
        house.service.present(house.tap())
        house.hands.forward(s=200)
        assert house.service.present(house.tap(reader="reader-ride")).reason is Reason.BAND_CLONE_SUSPECTED


def test_same_band_at_two_points_after_a_walk_is_no_clone(tmp_path: Path) -> None:
    """Control: the time between is what is suspected."""
    far = a_gate("castle", walk_s_min=300)
    with an_edge(tmp_path, layout=a_layout(far)) as house:
        house.tell(worn(house, entitlements=(a_day_ticket(uses_max=9),), rev=2))
        house.service.present(house.tap())
        house.hands.forward(s=301)
        view = house.service.present(house.tap(reader="reader-ride"))
        assert view.reason is not Reason.BAND_CLONE_SUSPECTED


def test_everything_journaled_is_judged_equal_again(house: House) -> None:
    """What central does with the records: same facts, same rulebook, same decision."""
    house.tell(worn(house, party=a_party(), entitlements=(a_day_ticket(together=True),), rev=2))
    for reader in ("reader-1", "reader-2", "reader-ride", "reader-out", "reader-door", "reader-kiosk"):
        house.service.present(house.tap(reader=reader))
    denied = house.service.recent("north")[0]
    house.service.override(house.session("supervisor"), denied.tap_id, reason="goodwill")
    layout, profile = house.profiles.layout(), house.profiles.get(band_of(house))
    assert layout is not None
    decided = house.decided()
    assert len(decided) == 7
    for one in decided:
        again = replay(one, profile, layout, timezone=ROME, rules={})
        assert again is not None
        assert again.decision == one.decision


def test_child_passes_after_an_adult_of_its_party(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_layout(a_gate(companion=True))) as house:
        ticket = a_day_ticket("child")
        child = worn(house, OTHER_UID, guest="g2", party=a_party(role="child"), entitlements=(ticket,))
        house.tell(worn(house, party=a_party(), rev=2), child)
        assert house.service.present(house.tap(OTHER_UID)).reason is Reason.COMPANION_REQUIRED
        assert house.service.present(house.tap()).outcome is Outcome.GRANTED
        assert house.service.present(house.tap(OTHER_UID)).outcome is Outcome.GRANTED


def test_adult_of_yesterday_accompanies_nobody_today(tmp_path: Path) -> None:
    """Control: after the nightly reset the adult is not inside any more."""
    with an_edge(tmp_path, layout=a_layout(a_gate(companion=True), reset_min=4 * 60)) as house:
        ticket = a_day_ticket("child")
        child = worn(house, OTHER_UID, guest="g2", party=a_party(role="child"), entitlements=(ticket,))
        house.tell(worn(house, party=a_party(), rev=2), child)
        house.service.present(house.tap())
        house.hands.forward(s=24 * 3_600)
        assert house.service.present(house.tap(OTHER_UID)).reason is Reason.COMPANION_REQUIRED


def test_device_gives_away_no_more_places_than_were_set_aside_for_it(tmp_path: Path) -> None:
    leases = (PlaceLease("park", "edge-1", 1), PlaceLease("park", "edge-2", 9))
    with an_edge(tmp_path, layout=a_layout(place_leases=leases)) as house:
        house.tell(worn(house, OTHER_UID, guest="g2", entitlements=(a_day_ticket("other"),)))
        assert house.service.present(house.tap()).outcome is Outcome.GRANTED
        assert house.service.present(house.tap(OTHER_UID)).reason is Reason.CAPACITY_FULL
        house.service.present(house.tap(reader="reader-out"))
        assert house.service.present(house.tap(OTHER_UID)).outcome is Outcome.GRANTED


def test_layout_of_a_site_names_its_own_products(house: House) -> None:
    layout = house.service.layout()
    assert isinstance(layout, Layout)
    assert house.service.present(house.tap()).product == "day"


def test_identifier_that_no_chip_has_is_garbage_and_no_fault_of_ours(house: House) -> None:
    view = house.service.present(house.tap(b"x" * 65))
    assert view.reason is Reason.BAND_READ_ERROR
    assert view.seq > 0
