"""Who comes too late is kept the next free time for a minute, and takes it by holding the band again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Trust
from edge.core.decision import Act, Reason, WhatNext
from edge.core.events import Kind
from edge.core.replay import replay
from edge.core.retention import DAY_MS
from edge.core.slots import SlotMoved
from edge.service.near.keeping import forget
from edge.service.show import guest_view
from edge.service.times import KEPT_MS, MOVED, MOVES_MAX
from edge.views import StaffView
from tests.builders import HOUR_MS, ROME, a_day_ticket, a_layout, a_slot_right
from tests.service.house import House, an_edge, worn
from tests.service.test_slot_places import a_time, guests, told

LATE_S = 2 * 3_600
KEPT_S = KEPT_MS // 1_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        yield made


def holds(house: House, uid: bytes, **tap: object) -> StaffView:
    return house.service.present(house.tap(uid, "reader-ride", **tap))


def too_late(house: House, count: int = 1, *, share: int = 1) -> list[bytes]:
    """So many guests whose time is over, and one next time with so many places of this device."""
    found = guests(house, count)
    house.hands.forward(s=LATE_S)
    told(house, a_time(3, share=share), a_time(4))
    return found


def moves(house: House) -> list[SlotMoved]:
    events = [one for one in house.journal.range(1, 0) if one.kind == Kind.SLOT_MOVED]
    return [msgspec.msgpack.decode(one.body, type=SlotMoved) for one in events]


def test_the_second_tap_takes_the_time_that_the_first_one_was_kept(house: House) -> None:
    (uid,) = too_late(house)
    first = holds(house, uid)
    assert (first.reason, first.kept_s) == (Reason.TOO_LATE, KEPT_S)
    assert first.next == WhatNext(act=Act.CHANGE_TIME, at_ms=a_time(3).start_ms)
    assert moves(house) == [], "nothing is changed before the guest says so"
    second = holds(house, uid)
    assert (second.reason, second.next.act, second.kept_s) == (Reason.TOO_EARLY, Act.COME_BACK, 0)
    assert [(one.entitlement, one.now, one.point) for one in moves(house)] == [
        ("slot-0", a_time(3).time, "castle")
    ]
    house.hands.forward(s=3_600)
    assert holds(house, uid).reason is Reason.ENTERED


def test_the_guest_s_screen_hears_that_it_is_kept(house: House) -> None:
    (uid,) = too_late(house)
    holds(house, uid)
    (shown,) = [one.body for one in house.told("ops") if isinstance(one.body, StaffView)][-1:]
    assert (shown.kept_s, guest_view(shown).kept_s) == (KEPT_S, KEPT_S)


def test_the_right_that_was_refused_is_moved_and_no_other_that_has_the_same_next_time(house: House) -> None:
    (uid,) = guests(house, 1)
    house.hands.forward(s=LATE_S)
    told(house, a_time(3, share=2), a_time(4))
    earlier = a_slot_right("slot-older", start_ms=a_time(-1).start_ms, minutes=60)
    rights = earlier, a_day_ticket("day-0"), a_slot_right("slot-0", minutes=60)
    for number, order in enumerate((rights, tuple(reversed(rights)))):
        house.tell(worn(house, uid, guest="guest-0", entitlements=order, rev=9 + number))
        first = holds(house, uid)
        assert (first.reason, first.kept_s) == (Reason.TOO_LATE, KEPT_S)
        kept = house.sequencer.submit(lambda tx: [right for right, _ in tx.rows("slot_kept")])
        refused = [one.decision.entitlement for one in house.decided()][-1:]
        assert kept == refused
        house.hands.forward(ms=KEPT_MS)


def test_after_a_minute_it_is_kept_anew_and_not_taken(house: House) -> None:
    (uid,) = too_late(house)
    holds(house, uid)
    house.hands.forward(ms=KEPT_MS)
    again = holds(house, uid)
    assert (again.reason, again.kept_s, moves(house)) == (Reason.TOO_LATE, KEPT_S, [])
    assert holds(house, uid).reason is Reason.TOO_EARLY


def test_the_last_place_is_kept_for_one_guest_and_for_another_after_a_minute(house: House) -> None:
    first, second = too_late(house, 2)
    assert holds(house, first).kept_s == KEPT_S
    other = holds(house, second)
    assert (other.next.act, other.kept_s) == (Act.SEE_STAFF, 0)
    house.hands.forward(ms=KEPT_MS)
    assert holds(house, second).kept_s == KEPT_S
    assert holds(house, second).reason is Reason.TOO_EARLY
    assert holds(house, first).next.act is Act.SEE_STAFF
    assert len(moves(house)) == 1


def test_a_place_that_is_kept_at_the_gate_is_no_choice_at_the_kiosk(house: House) -> None:
    first, second = too_late(house, 2)
    later = a_slot_right("slot-1", start_ms=a_time(6).start_ms)
    house.tell(worn(house, second, guest="guest-1", entitlements=(a_day_ticket("day-1"), later), rev=99))
    holds(house, first)
    kiosk = house.service.present(house.tap(second, "reader-kiosk")).tap_id
    assert house.service.near.times(kiosk, "kiosk", "slot-1").choices == ()
    house.hands.forward(ms=KEPT_MS)
    assert [one.start_ms for one in house.service.near.times(kiosk, "kiosk", "slot-1").choices] == [
        a_time(3).start_ms
    ]


def test_another_device_s_place_is_only_told_of(house: House) -> None:
    (uid,) = guests(house, 1)
    house.hands.forward(s=LATE_S)
    told(house, msgspec.structs.replace(a_time(3), shares={"edge-2": 4}))
    for _ in range(2):
        view = holds(house, uid)
        assert (view.next.at_ms, view.kept_s) == (a_time(3).start_ms, 0)
    assert moves(house) == []


def test_a_band_that_proves_nothing_is_kept_nothing(tmp_path: Path) -> None:
    layout = a_layout()
    points = tuple(msgspec.structs.replace(one, trust_min=Trust.UID) for one in layout.points)
    with an_edge(tmp_path / "easy", layout=msgspec.structs.replace(layout, points=points)) as house:
        (uid,) = too_late(house)
        easy = msgspec.structs.replace(worn(house, uid).band, trust_min=Trust.UID)
        rights = a_day_ticket("day-0"), a_slot_right("slot-0", minutes=60)
        house.tell(worn(house, uid, guest="guest-0", band=easy, entitlements=rights, rev=9))
        for _ in range(2):
            view = holds(house, uid, trust=Trust.UID, counter=None)
            assert (view.reason, view.next.act, view.kept_s) == (Reason.TOO_LATE, Act.CHANGE_TIME, 0)
        assert moves(house) == []
        assert holds(house, uid).kept_s == KEPT_S, "the control"


def test_of_a_time_that_was_changed_often_nothing_more_is_taken(house: House) -> None:
    (uid,) = too_late(house)
    here = a_time(3).time
    many = (SlotMoved(guest="guest-0", entitlement="slot-0", was=here, now=here, point="castle"),) * MOVES_MAX
    house.sequencer.submit(lambda tx: tx.put(MOVED, "slot-0", msgspec.msgpack.encode(many)))
    views = [holds(house, uid) for _ in range(2)]
    assert [(one.reason, one.kept_s) for one in views] == [(Reason.TOO_LATE, 0)] * 2, "nothing is promised"
    assert moves(house) == []


def test_what_was_kept_is_forgotten_with_its_minute(house: House) -> None:
    for number, uid in enumerate(too_late(house, 3, share=3)):
        holds(house, uid)
        kept = house.sequencer.submit(lambda tx: [right for right, _ in tx.rows("slot_kept")])
        assert kept == [f"slot-{number}"]
        house.hands.forward(ms=KEPT_MS)


def test_what_was_kept_goes_with_its_days_and_with_its_guest(house: House) -> None:
    (uid,) = too_late(house)

    def kept() -> list[str]:
        return house.sequencer.submit(lambda tx: [right for right, _ in tx.rows("slot_kept")])

    holds(house, uid)
    assert house.sequencer.submit(lambda tx: forget(tx, "guest-0", ["slot-0"])) == 1
    assert kept() == []
    holds(house, uid)
    assert kept() == ["slot-0"]
    house.hands.forward(ms=3 * DAY_MS)
    house.clock.heard(house.hands.wall_ms, 10)
    house.service._retention.look()
    assert kept() == []


def test_central_judges_both_taps_again_and_comes_to_the_same(house: House) -> None:
    (uid,) = too_late(house)
    for _ in range(2):
        holds(house, uid)
    house.hands.forward(ms=HOUR_MS)
    holds(house, uid)
    layout, profile = house.profiles.layout(), house.profiles.get(house.vault.band_id(uid))
    assert layout is not None
    there = [one for one in house.decided() if one.decision.point == "castle"]
    assert [one.decision.reason for one in there] == [Reason.TOO_LATE, Reason.TOO_EARLY, Reason.ENTERED]
    for one in there:
        again = replay(one, profile, layout, timezone=ROME, rules={})
        assert again is not None
        assert again.decision == one.decision


def test_whose_own_time_runs_and_is_full_keeps_it(house: House) -> None:
    told(house, a_time(places=0), a_time(1, share=1))
    (uid,) = guests(house, 1)
    for _ in range(2):
        view = holds(house, uid)
        assert (view.reason, view.next.act, view.kept_s) == (Reason.SLOT_FULL, Act.CHANGE_TIME, 0)
    assert moves(house) == []
