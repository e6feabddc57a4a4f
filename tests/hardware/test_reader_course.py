"""The states of a reader, without a thread and without waiting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.port import DeviceError, DeviceState, Presented, ReadFault, Removed, Report, State, Tap, Trust
from hardware.supervisor.course import BACK_OFF_S, BANDS_MAX, Act, Course

MS = 1_000_000
ANNA = Presented(b"\x04\x01\x02\x03\x04\x05\x06", Trust.LIVE, product="NTAG 424 DNA", sak=0x20, commands=9)
BRUNO = Presented(b"\x04\x11\x12\x13\x14\x15\x16", Trust.UID)


class Walk:
    """A course and a clock that moves when told."""

    def __init__(self) -> None:
        self.course = Course("gate", "0badcafe")
        self.now = 1_000 * MS
        self.reports: list[Report] = []

    def later(self, ms: int) -> Walk:
        self.now += ms * MS
        return self

    def open(self) -> Walk:
        self.reports += self.course.opening(self.now)
        self.reports += self.course.opened(self.now)
        return self

    def see(self, presented: Presented | None) -> list[Report]:
        if self.course.act(self.now) is Act.CHECK:
            self.course.checked(present=False, now_ns=self.now)
        found = self.course.saw(presented, began_ns=self.now - 5 * MS, now_ns=self.now)
        self.reports += found
        return found

    def check(self, present: bool) -> None:
        assert self.course.act(self.now) is Act.CHECK
        self.reports += self.course.checked(present, self.now)


@pytest.fixture
def walk() -> Walk:
    return Walk().open()


def test_closed_reader_opens_first_and_then_looks() -> None:
    walk = Walk()

    assert walk.course.act(walk.now) is Act.OPEN
    walk.open()

    assert walk.course.act(walk.now) is Act.LOOK
    assert [report.state for report in walk.reports if isinstance(report, DeviceState)] == [
        State.OPENING,
        State.IDLE,
    ]


def test_band_becomes_a_tap_with_an_id_of_its_own(walk: Walk) -> None:
    (tap,) = walk.see(ANNA)

    assert tap == Tap(
        reader="gate",
        seq=1,
        tap_id="gate:0badcafe:1",
        uid=ANNA.uid,
        trust=Trust.LIVE,
        at_ns=walk.now - 5 * MS,
        product="NTAG 424 DNA",
        sak=0x20,
        commands=9,
        took_ms=5.0,
    )
    assert walk.course.state is State.HOLD


def test_band_being_read_shows_as_reading(walk: Walk) -> None:
    (told,) = walk.course.found(walk.now)
    assert (told.state, walk.course.state) == (State.READING, State.READING)
    walk.see(ANNA)
    assert walk.course.state is State.HOLD
    assert walk.course.found(walk.now) == [], "a band that lies there already is nobody new"
    walk.later(20).see(ANNA)
    assert walk.course.state is State.HOLD
    walk.course.lost("gone", walk.now)
    assert walk.course.found(walk.now) == []
    assert walk.course.state is State.LOST, "news from a call that was given up"


def test_tap_counts_from_when_the_driver_found_the_band(walk: Walk) -> None:
    (tap,) = walk.see(Presented(ANNA.uid, found_ns=walk.now - 2 * MS))

    assert isinstance(tap, Tap)
    assert tap.took_ms == 2.0


def test_parked_band_is_one_tap_for_ten_minutes(walk: Walk) -> None:
    walk.see(ANNA)
    for _ in range(30_000):
        walk.later(20).check(present=True)

    assert walk.course.health.taps == 1
    assert walk.course.act(walk.now) is Act.CHECK


def test_band_away_for_less_than_300_ms_is_no_second_tap(walk: Walk) -> None:
    walk.see(ANNA)

    assert walk.later(299).see(None) == []
    assert walk.later(50).see(ANNA) == []
    assert walk.course.health.taps == 1


def test_band_away_for_300_ms_is_removed_and_taps_anew(walk: Walk) -> None:
    walk.see(ANNA)

    assert walk.later(300).see(None) == [Removed("gate", 1, walk.now)]
    assert walk.course.state is State.IDLE
    (tap,) = walk.see(ANNA)
    assert isinstance(tap, Tap)
    assert tap.seq == 2


def test_second_band_during_hold_is_a_new_tap_at_once(walk: Walk) -> None:
    walk.see(ANNA)

    removed, tap = walk.later(20).see(BRUNO)

    assert removed == Removed("gate", 1, walk.now)
    assert isinstance(tap, Tap)
    assert (tap.seq, tap.uid) == (2, BRUNO.uid)


def test_band_that_answers_a_check_again_is_not_looked_past(walk: Walk) -> None:
    walk.see(ANNA)
    walk.later(200).check(present=False)
    assert walk.course.act(walk.now) is Act.LOOK
    walk.see(None)
    walk.later(50).check(present=True)

    assert walk.later(290).see(None) == [], "absence counts from when it was seen last"


def test_two_bands_found_in_turns_tap_once_each(walk: Walk) -> None:
    for _ in range(100):
        walk.later(20).see(ANNA)
        walk.later(20).see(BRUNO)

    assert walk.course.health.taps == 2


def test_reader_remembers_a_bounded_number_of_bands(walk: Walk) -> None:
    for number in range(3 * BANDS_MAX):
        walk.later(1).see(Presented(bytes([number]) * 7, Trust.UID))

    assert walk.course.health.taps == 3 * BANDS_MAX
    assert walk.later(1).see(Presented(bytes([3 * BANDS_MAX - 2]) * 7, Trust.UID)) == []


def test_bad_read_is_held_like_a_good_one_and_counted(walk: Walk) -> None:
    walk.see(Presented(ANNA.uid, fault=ReadFault.TORN, cause="torn"))

    assert walk.later(20).see(ANNA) == []
    assert (walk.course.health.taps, walk.course.health.faults) == (1, 1)


def test_band_of_random_identity_is_one_tap_while_it_lies_there(walk: Walk) -> None:
    walk.see(Presented(b"\x08\x01\x02\x03", fault=ReadFault.RANDOM_UID))

    assert walk.later(20).see(Presented(b"\x08\x04\x05\x06", fault=ReadFault.RANDOM_UID)) == []


def test_one_error_is_retried_and_the_second_in_a_row_is_a_loss(walk: Walk) -> None:
    assert walk.course.stumbled(OSError("EIO"), walk.now) == []
    walk.see(None)
    assert walk.course.stumbled(OSError("EIO"), walk.now) == [], (
        "a good look between makes it the first again"
    )

    (report,) = walk.course.stumbled(IndexError("odd"), walk.now)

    assert report == DeviceState("gate", State.LOST, "odd", walk.now)


def test_device_that_says_it_is_gone_is_lost_at_once_with_its_hint(walk: Walk) -> None:
    (report,) = walk.course.stumbled(DeviceError("the cable was pulled", "plug it in"), walk.now)

    assert report == DeviceState("gate", State.LOST, "the cable was pulled; plug it in", walk.now)
    assert walk.course.act(walk.now) is Act.WAIT


def test_pauses_before_reopening_grow_and_end_with_the_first_good_look(walk: Walk) -> None:
    pauses = []
    for _ in range(7):
        walk.course.lost("gone", walk.now)
        pauses.append(walk.course.wait_s(walk.now))
        walk.later(int(1000 * pauses[-1]))
        assert walk.course.act(walk.now) is Act.OPEN
        walk.course.opening(walk.now)

    assert pauses == [*BACK_OFF_S, BACK_OFF_S[-1], BACK_OFF_S[-1]]
    walk.open().see(None)
    walk.course.lost("gone", walk.now)
    assert walk.course.wait_s(walk.now) == BACK_OFF_S[0]


def test_error_while_opening_is_a_loss_without_a_retry() -> None:
    walk = Walk()
    walk.course.opening(walk.now)

    (report,) = walk.course.stumbled(OSError("no such device"), walk.now)

    assert isinstance(report, DeviceState)
    assert report.state is State.LOST


def test_band_parked_while_the_cable_is_out_pays_once(walk: Walk) -> None:
    walk.see(ANNA)
    walk.course.lost("gone", walk.now)
    walk.later(10_000).open()

    assert walk.course.state is State.HOLD
    assert walk.later(20).see(ANNA) == []
    assert walk.course.health.reopenings == 1
    idle = DeviceState("gate", State.IDLE, "", walk.now + 300 * MS)
    assert walk.later(300).see(None) == [Removed("gate", 1, walk.now), idle]


def test_band_taken_away_while_the_cable_was_out_leaves_the_reader_idle_for_everybody(walk: Walk) -> None:
    walk.see(ANNA)
    walk.reports += walk.course.lost("pulled", walk.now)
    walk.later(300).open()
    walk.later(301).see(None)

    told = [report.state for report in walk.reports if isinstance(report, DeviceState)]
    assert told[-2:] == [State.HOLD, State.IDLE]
    assert walk.course.state is State.IDLE


def test_closing_is_reported(walk: Walk) -> None:
    assert walk.course.closed(walk.now) == [DeviceState("gate", State.CLOSED, "", walk.now)]


@given(st.lists(st.tuples(st.integers(1, 400), st.sampled_from([None, ANNA, BRUNO])), max_size=60))
def test_every_tap_is_removed_before_the_next_and_no_band_taps_twice_within_300_ms(
    steps: list[tuple[int, Presented | None]],
) -> None:
    walk = Walk().open()
    last_seen: dict[bytes, int] = {}
    for ms, presented in steps:
        walk.later(ms)
        for report in walk.see(presented):
            if isinstance(report, Tap) and report.uid in last_seen:
                assert walk.now - last_seen[report.uid] >= 300 * MS
        if presented is not None:
            last_seen[presented.uid] = walk.now

    told = [report for report in walk.reports if isinstance(report, Tap | Removed)]
    assert [report.seq for report in told] == [n // 2 + 1 for n in range(len(told))]
    assert all(isinstance(report, Tap) is (n % 2 == 0) for n, report in enumerate(told))
