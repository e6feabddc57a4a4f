"""Clock tampering: a wrong clock neither opens a slot, nor deletes too early, nor turns the journal back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.decision import Outcome, Reason
from edge.core.entitlements import TimeSlot
from edge.core.held import Location
from edge.core.profiles import Profile
from edge.core.retention import DAY_MS, HOUR_MS
from edge.service.retention import EVERY_MS
from tests.builders import NOW_MS
from tests.service.house import OTHER_UID, Hands, House, an_edge, band_of, worn

LEAP_MS, DST_MS, YEARS_MS = 1_000, HOUR_MS, 20 * 365 * DAY_MS
JUMPS = {
    "a day ahead": DAY_MS,
    "a day behind": -DAY_MS,
    "a real-time clock at 1970": -NOW_MS,
    "twenty years ahead": YEARS_MS,
    "an hour, as by a wrong change to summer time": DST_MS,
}


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        yield house


def jumps() -> list[object]:
    return [pytest.param(ms, id=name) for name, ms in JUMPS.items()]


def keep_something(edge: House) -> str:
    """An answer and a place of just now; returns the tap."""
    tap = edge.service.present(edge.tap(reader="reader-kiosk")).tap_id
    seen = Location(zone=None, since_ms=edge.clock.now_ms(), point="north", device="")
    edge.sequencer.submit(lambda tx: tx.put("answers", tap, msgspec.msgpack.encode({"q": "a"})))
    edge.sequencer.submit(lambda tx: tx.put("seen", band_of(edge).hex(), msgspec.msgpack.encode(seen)))
    return tap


def kept(edge: House) -> tuple[int, int]:
    return edge.sequencer.submit(lambda tx: (len(tx.rows("answers")), len(tx.rows("seen"))))


def look(edge: House) -> None:
    """Let the next round of deletions come, whatever the wall clock says."""
    edge.hands.forward(ms=EVERY_MS)
    edge.service._watch.round()


def hear_central(edge: House) -> None:
    """Central tells the true time, which passes like the monotonic one."""
    edge.clock.heard(NOW_MS + edge.hands.mono_ms - 1_000_000, 20)


@pytest.mark.parametrize("jump", jumps())
def test_no_deletion_fires_on_a_clock_that_jumped(edge: House, jump: int) -> None:
    keep_something(edge)
    edge.hands.wall_ms += jump
    look(edge)
    assert kept(edge) == (1, 1)


@pytest.mark.parametrize("jump", jumps())
def test_no_deletion_fires_on_a_clock_that_was_wrong_at_the_start(tmp_path: Path, jump: int) -> None:
    with an_edge(tmp_path / "edge") as first:
        keep_something(first)
        hands = Hands()
        hands.wall_ms = first.hands.wall_ms + jump
    with an_edge(tmp_path / "edge", hands) as again:
        look(again)
        assert kept(again) == (1, 1)


@pytest.mark.parametrize("jump", jumps())
def test_a_jump_after_central_was_heard_moves_no_deletion(edge: House, jump: int) -> None:
    hear_central(edge)
    keep_something(edge)
    edge.hands.wall_ms += jump
    look(edge)
    assert kept(edge) == (1, 1)


def test_requests_for_a_second_person_are_forgotten_with_what_was_said_in_them(edge: House) -> None:
    hear_central(edge)
    denied = edge.service.present(edge.tap(OTHER_UID)).tap_id
    asked = edge.service.ask_override(edge.session("gate"), denied, reason="goodwill")

    def kept_requests() -> list[str]:
        return [key for key, _ in edge.sequencer.submit(lambda tx: tx.rows("approvals"))]

    look(edge)
    assert kept_requests() == [asked.id], "the control: it waits, or was settled just now"
    edge.hands.forward(ms=HOUR_MS)
    look(edge)
    look(edge)
    assert kept_requests() == []


def test_what_is_due_goes_once_central_has_told_the_time(edge: House) -> None:
    """The control: the same things go when their time is truly over, each at its own."""
    keep_something(edge)
    edge.hands.forward(ms=25 * HOUR_MS)
    look(edge)
    assert kept(edge) == (1, 1), "nobody has told the time yet"
    hear_central(edge)
    look(edge)
    assert kept(edge) == (1, 0)
    edge.hands.forward(ms=30 * DAY_MS)
    hear_central(edge)
    look(edge)
    assert kept(edge) == (0, 0)


def in_a_slot(edge: House, start_ms: int) -> Profile:
    """A guest whose reservation of an hour begins then."""
    profile = worn(edge)
    (right,) = profile.entitlements
    slot = TimeSlot(start_ms=start_ms, end_ms=start_ms + HOUR_MS)
    return msgspec.structs.replace(profile, rev=5, entitlements=(msgspec.structs.replace(right, slot=slot),))


@pytest.mark.parametrize("jump", [pytest.param(DAY_MS, id="ahead"), pytest.param(-DAY_MS, id="behind")])
def test_a_slot_at_whose_edge_the_wrong_clock_stands_goes_to_staff(edge: House, jump: int) -> None:
    edge.tell(in_a_slot(edge, NOW_MS + jump + 60_000))
    edge.hands.wall_ms += jump
    view = edge.service.present(edge.tap())
    assert (view.outcome, view.reason) == (Outcome.REFERRED, Reason.CLOCK_UNTRUSTED)
    assert not edge.health.view().clock_trusted


def test_a_ticket_that_asks_for_no_time_opens_whatever_the_clock_says(edge: House) -> None:
    edge.hands.wall_ms += DAY_MS // 48
    assert edge.service.present(edge.tap()).outcome is Outcome.GRANTED


@pytest.mark.parametrize("jump", jumps())
def test_the_journal_never_runs_back(tmp_path: Path, jump: int) -> None:
    hands = Hands()
    with an_edge(tmp_path / "edge", hands) as edge:
        edge.service.present(edge.tap())
        hands.wall_ms += jump
        edge.service.present(edge.tap(reader="reader-out"))
    hands.wall_ms -= 2 * abs(jump)
    with an_edge(tmp_path / "edge", hands) as again:
        again.service.present(again.tap())
        times = [event.hlc for event in again.journal.range(0, 0)]
        assert times == sorted(set(times))
        assert again.journal.verify().whole
        assert again.clock.now_ms() >= times[-1] >> 16


def test_a_leap_second_is_no_contradiction(edge: House) -> None:
    edge.hands.wall_ms -= LEAP_MS
    assert edge.clock.moment().trusted
    hear_central(edge)
    assert edge.clock.sure()
