"""An alarm is raised with the tap that calls for it, and stays until a supervisor has seen it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.core.alarms import BOOK_WENT_BACK, AlarmNotice
from edge.core.events import Acted, Kind, Lane
from edge.errors import NotAllowed, Unknown
from edge.service.alarms import ALARMS_MAX, TOLD_MAX, note_book_back
from edge.views import Alarm
from hardware.port import ReadFault, Trust
from tests.builders import NOW_MS
from tests.service.house import OTHER_UID, UID, House, an_edge


def replayed(house: House, *, counter: int = 7, uid: bytes = UID, reader: str = "reader-1") -> None:
    """A fresh message and the same once more: the second tap is the replay."""
    for _ in range(2):
        house.service.present(house.tap(uid, reader=reader, trust=Trust.SUN, counter=counter))


def forged(house: House, uid: bytes = UID) -> None:
    house.service.present(house.tap(uid, trust=Trust.NONE, fault=ReadFault.NOT_AUTHENTIC, counter=None))


def raised(house: House, kind: Kind = Kind.ALARM_RAISED) -> list[Acted]:
    events = [event for event in house.journal.range(Lane.PRIORITY, 0) if event.kind == kind]
    return [msgspec.msgpack.decode(event.body, type=Acted) for event in events]


def test_a_replay_raises_an_alarm_with_its_own_tap(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        heard = house.feed.subscribe(["alarms"])
        replayed(house)
        told = heard.get(0)
        assert told is not None
        assert isinstance(told.body, Alarm)
        assert (told.body.reason, told.body.point, told.body.times) == ("tap_replayed", "north", 1)
        assert [(one.reason, one.point) for one in raised(house)] == [("tap_replayed", "north")]
        assert house.service.alarms() == (told.body,)


def test_a_forged_band_raises_one_alarm_that_counts_its_attempts(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        for _ in range(3):
            forged(house)
        [alarm] = house.service.alarms()
        assert (alarm.reason, alarm.times) == ("band_not_authentic", 3)
        assert [one.amount for one in raised(house)] == [1, 2, 3]


def test_an_entry_raises_none(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        house.service.present(house.tap())
        assert (house.service.alarms(), raised(house)) == ((), [])


def test_an_alarm_survives_a_restart_and_leaves_with_a_supervisors_word(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        forged(house)
    with an_edge(tmp_path / "e") as house:
        [alarm] = house.service.alarms()
        with pytest.raises(NotAllowed):
            house.service.acknowledge_alarm(house.session("gate"), alarm.id)
        assert house.service.alarms() == (alarm,)
        house.hands.forward(s=9)
        seen = house.service.acknowledge_alarm(house.session("supervisor"), alarm.id)
        assert (seen.staff, house.service.alarms()) == ("anna", ())
        [told] = raised(house, Kind.ALARM_ACKNOWLEDGED)
        assert (told.staff, told.target, told.amount) == ("anna", alarm.id, 9_000)
        again = house.service.acknowledge_alarm(house.session("supervisor"), alarm.id)
        assert again == seen
        assert len(raised(house, Kind.ALARM_ACKNOWLEDGED)) == 1


def test_a_book_that_went_back_is_one_alarm_of_no_band_until_a_supervisor_has_seen_it(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        for _ in range(2):
            house.sequencer.submit(note_book_back)
        [alarm] = house.service.alarms()
        assert (alarm.reason, alarm.band, alarm.point, alarm.times) == (BOOK_WENT_BACK, "", "", 2)
        assert [(one.reason, one.target, one.amount) for one in raised(house)] == [
            (BOOK_WENT_BACK, alarm.id, 1),
            (BOOK_WENT_BACK, alarm.id, 2),
        ]
        house.service.acknowledge_alarm(house.session("supervisor"), alarm.id)
        assert house.service.alarms() == ()
        assert house.sequencer.submit(note_book_back).times == 1, "seen, the next one is news"


def test_after_it_was_seen_the_next_attempt_is_a_new_alarm(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        forged(house)
        house.service.acknowledge_alarm(house.session("supervisor"), house.service.alarms()[0].id)
        forged(house)
        [alarm] = house.service.alarms()
        assert alarm.times == 1


def test_an_alarm_nobody_raised_cannot_be_seen(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house, pytest.raises(Unknown):
        house.service.acknowledge_alarm(house.session("supervisor"), "nothing")


def test_of_too_many_alarms_seen_ones_make_place_first(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        forged(house, OTHER_UID)
        first = house.service.alarms()[0].id
        house.hands.forward(s=1)
        forged(house, UID)
        [second] = [one for one in house.service.alarms() if one.id != first]
        house.service.acknowledge_alarm(house.session("supervisor"), second.id)
        for number in range(ALARMS_MAX - 1):
            house.hands.forward(ms=1)
            forged(house, b"\x04\x77" + number.to_bytes(5))
        shown = {one.id for one in house.service.alarms()}
        assert len(shown) == ALARMS_MAX
        assert first in shown
        forged(house, b"\x04\x78" + bytes(5))
        shown = {one.id for one in house.service.alarms()}
        assert (len(shown), first in shown) == (ALARMS_MAX, False)


KEY = f"{bytes(16).hex()}-band_clone_suspected"


def a_notice(**changes: object) -> AlarmNotice:
    told = {
        "reason": "band_clone_suspected", "band": bytes(16), "point": "south", "elsewhere": "north",
        "at_ms": NOW_MS, "last_ms": NOW_MS,
    }  # fmt: skip
    return AlarmNotice(**(told | changes))  # type: ignore[arg-type]  # the caller names its fields


def test_what_only_central_saw_stands_on_the_screens_after_a_restart_too(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        heard = house.feed.subscribe(["alarms"])
        house.service.tell_alarm(KEY, a_notice(), turn=7)
        [alarm] = house.service.alarms()
        assert (alarm.id, alarm.point, alarm.elsewhere) == (f"central-{KEY}", "south", "north")
        told = heard.get(0)
        assert told is not None
        assert told.body == alarm
    with an_edge(tmp_path / "e") as house:
        assert house.service.alarms() == (alarm,)
        with pytest.raises(NotAllowed):
            house.service.acknowledge_alarm(house.session("gate"), alarm.id)
        house.service.acknowledge_alarm(house.session("supervisor"), alarm.id)
        assert house.service.alarms() == ()
        [told_again] = raised(house, Kind.ALARM_TOLD)
        assert (told_again.target, told_again.state) == (alarm.id, 7)
        [seen] = raised(house, Kind.ALARM_ACKNOWLEDGED)
        assert (seen.target, seen.staff, seen.state) == (alarm.id, "anna", 7), "goes back, with what was seen"


def test_central_s_word_told_twice_or_late_changes_nothing(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        house.service.tell_alarm(KEY, a_notice(times=2), turn=7)
        for turn in (7, 6):
            house.service.tell_alarm(KEY, a_notice(times=9), turn=turn)
            house.service.tell_alarm(KEY, None, turn=turn)
        assert [one.times for one in house.service.alarms()] == [2]
        assert len(raised(house, Kind.ALARM_TOLD)) == 1
        house.service.acknowledge_alarm(house.session("supervisor"), f"central-{KEY}")
        house.service.tell_alarm(KEY, a_notice(times=2), turn=7)
        assert house.service.alarms() == (), "read again after a break, it does not open again"
        house.service.tell_alarm(KEY, a_notice(times=3), turn=9)
        assert [one.times for one in house.service.alarms()] == [3]


def test_what_somebody_elsewhere_has_seen_leaves_the_screens(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        house.service.tell_alarm(KEY, a_notice(), turn=7)
        heard = house.feed.subscribe(["alarms"])
        house.service.tell_alarm(KEY, None, turn=8)
        assert house.service.alarms() == ()
        told = heard.get(0)
        assert told is not None
        assert isinstance(told.body, Alarm)
        assert told.body.acknowledged_ms
        house.service.tell_alarm("unheard-of", None, turn=9)
        assert heard.get(0) is None
        assert len(raised(house, Kind.ALARM_TOLD)) == 2


def test_central_crowds_out_none_of_the_gate_s_own_alarms(tmp_path: Path) -> None:
    """A central in wrong hands may cry wolf; what the gate saw itself stays where it is."""
    with an_edge(tmp_path / "e") as house:
        forged(house)
        own = house.service.alarms()[0]
        for number in range(TOLD_MAX + 3):
            house.service.tell_alarm(f"{number}", a_notice(last_ms=NOW_MS + number), turn=number + 1)
        shown = house.service.alarms()
        assert own in shown
        assert len(shown) == TOLD_MAX + 1
        assert "central-0" not in {one.id for one in shown}
