"""A supervised reader on real threads: nothing leaves its loop, and it always comes back."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

import pytest

from edge.run.waiting import until
from hardware.nfc.nfcpy import NfcpyReader
from hardware.port import (
    TAP_QUEUE_MAX,
    DeviceState,
    Presented,
    Report,
    State,
    Tap,
    Trust,
)
from hardware.supervisor import Fleet, Supervisor
from hardware.virtual.field import Field
from tests.hardware.ear import WAIT_S, Ear, House, Scripted
from tests.hardware.nfc_bench import LIVE_UID, a_live_band, keys


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def supervise(ear: Ear) -> Iterator[House]:
    house = House(ear)
    yield house
    house.stop()


@pytest.fixture
def field() -> Iterator[Field]:
    field = Field()
    yield field
    field.close()


def test_one_error_of_the_line_costs_no_reopening(supervise: House, ear: Ear) -> None:
    looks = iter([OSError("EIO"), None, IndexError("odd"), None, Presented(LIVE_UID, Trust.UID)])

    def look() -> Presented | None:
        step = next(looks, None)
        if isinstance(step, Exception):
            raise step
        return step

    reader = Scripted(look)
    supervise(reader)

    assert ear.next(Tap).uid == LIVE_UID
    assert reader.opened == 1


class Replugged(Scripted):
    """A reader whose old handle is dead: it reads again only once it has been opened anew."""

    def __init__(self) -> None:
        super().__init__(self._look)
        self.looks = 0

    def _look(self) -> Presented | None:
        self.looks += 1
        if self.opened < 2:
            raise OSError("ENODEV")
        return Presented(LIVE_UID, Trust.UID)


def test_reader_whose_old_handle_is_dead_is_opened_anew_and_reads(supervise: House, ear: Ear) -> None:
    reader = Replugged()
    supervise(reader)
    assert ear.next(Tap).uid == LIVE_UID
    assert reader.opened == 2


def test_control_a_reader_that_is_never_taken_for_lost_never_reads_again(
    supervise: House, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardware.supervisor.course.ERRORS_MAX", 1_000_000)
    reader = Replugged()
    supervise(reader)
    assert until(lambda: reader.looks >= 20, WAIT_S, look_s=0.01)
    assert reader.opened == 1
    assert not [report for report in ear.all if isinstance(report, Tap)]


def test_reader_that_hangs_is_lost_by_the_watchdog_and_reopened(
    supervise: House, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, release = threading.Event(), threading.Event()

    def look() -> Presented | None:
        entered.set()
        release.wait(WAIT_S)
        return Presented(LIVE_UID, Trust.UID)

    reader = Scripted(look)
    supervisor = supervise(reader)
    assert entered.wait(WAIT_S)

    supervisor.watch(time.monotonic_ns())
    assert supervisor.health.state is State.IDLE
    monkeypatch.setattr("hardware.supervisor.loop.SILENT_MS_MAX", 0)
    supervisor.watch(time.monotonic_ns())
    lost = ear.next(DeviceState, state=State.LOST)
    reader.look = lambda: None
    release.set()
    ear.next(DeviceState, state=State.IDLE)

    assert "does not come back" in lost.reason
    assert reader.opened == 2
    assert not [report for report in ear.all if isinstance(report, Tap)], (
        "what a dead call brought is not a tap"
    )


def test_stop_returns_within_a_second_even_from_a_reader_that_hangs() -> None:
    entered, release = threading.Event(), threading.Event()

    def look() -> None:
        entered.set()
        release.wait(WAIT_S)

    supervisor = Supervisor("gate", Scripted(look), Ear())
    supervisor.start()
    assert entered.wait(WAIT_S)

    began = time.monotonic()
    supervisor.stop()

    assert time.monotonic() - began < 1.2
    release.set()


def test_stopped_reader_is_closed_and_says_so(ear: Ear) -> None:
    reader = Scripted(lambda: None)
    supervisor = Supervisor("gate", reader, ear)
    supervisor.start()
    ear.next(DeviceState, state=State.IDLE)

    supervisor.stop()

    assert ear.next(DeviceState).state is State.CLOSED
    assert reader.closed == 1
    with pytest.raises(RuntimeError, match="started before"):
        supervisor.start()


def test_sink_that_fails_costs_a_report_and_not_the_reader(
    field: Field, caplog: pytest.LogCaptureFixture
) -> None:
    heard: queue.Queue[Report] = queue.Queue()

    def sink(report: Report) -> None:
        if isinstance(report, DeviceState):
            raise RuntimeError("nobody is at home")
        heard.put(report)

    supervisor = Supervisor("gate", NfcpyReader(field.path, keys), sink)
    supervisor.start()
    field.place(a_live_band())

    assert isinstance(heard.get(timeout=WAIT_S), Tap)
    supervisor.stop()
    assert "a report of reader gate was not taken" in caplog.text


def test_fleet_hears_all_its_readers_and_stops_together(ear: Ear) -> None:
    fields = [Field(), Field()]
    before = threading.active_count()
    fleet = Fleet({f"gate-{n}": NfcpyReader(one.path, keys) for n, one in enumerate(fields)}, ear)
    fleet.start()
    for one in fields:
        one.place(a_live_band())

    assert {ear.next(Tap).reader, ear.next(Tap).reader} == {"gate-0", "gate-1"}
    assert {health.taps for health in fleet.health().values()} == {1}
    began = time.monotonic()
    fleet.stop()
    assert time.monotonic() - began < 1.5
    assert threading.active_count() <= before
    for one in fields:
        one.close()


def test_fleet_drops_and_counts_what_nobody_takes(caplog: pytest.LogCaptureFixture) -> None:
    numbers, release = iter(range(10_000)), threading.Event()
    fleet = Fleet(
        {"gate": Scripted(lambda: Presented(next(numbers).to_bytes(7), Trust.UID))},
        lambda report: _wait(release),
    )
    fleet.start()

    while not fleet.dropped:
        time.sleep(0.01)

    assert "do not keep up" in caplog.text
    assert fleet.health()["gate"].taps > TAP_QUEUE_MAX // 2
    release.set()
    fleet.stop()


def _wait(release: threading.Event) -> None:
    release.wait(WAIT_S)


def test_news_of_a_band_being_read_never_waits_for_a_full_queue() -> None:
    gone_on = threading.Event()
    fleet = Fleet({}, lambda report: None)  # not started: nobody takes anything out
    for number in range(TAP_QUEUE_MAX):
        fleet._put(DeviceState("gate", State.IDLE, str(number), 0))
    telling = threading.Thread(
        target=lambda: (fleet._put(DeviceState("gate", State.READING, "", 0)), gone_on.set())
    )
    telling.start()

    assert gone_on.wait(0.5), "a report that waits would wait a second here"
    telling.join()
    assert fleet.dropped == 0


def test_a_band_is_told_as_being_read_before_its_tap(supervise: House, ear: Ear) -> None:
    field = Field()
    try:
        supervise(NfcpyReader(field.path, keys))
        ear.next(DeviceState, state=State.IDLE)
        field.place(a_live_band())
        ear.next(Tap)
    finally:
        field.close()

    told = [report for report in ear.all if isinstance(report, (Tap, DeviceState))]
    assert [getattr(report, "state", "tap") for report in told[-2:]] == [State.READING, "tap"]
