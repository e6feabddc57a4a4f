"""Health: what staff, machines and Prometheus read of the device's own state."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import health as room
from edge.errors import StoreError
from edge.health import Health, percentile
from edge.payviews import Exposure
from edge.views import RadioCounts
from hardware.port import DeviceState, State
from tests.service.house import OTHER_UID, House, band_of, worn


def test_new_device_is_writable_and_has_never_heard_central(house: House) -> None:
    seen = house.health.view()
    assert (seen.writable, seen.online, seen.sync_age_ms) == (True, False, None)
    assert (seen.profiles, seen.layout, seen.profile_cursor) == (1, 1, 1)
    assert seen.disk_free_bytes > 0
    assert house.health.ready()


def test_sync_age_grows_until_central_answers_again(house: House) -> None:
    house.health.contact(reached=True)
    house.hands.forward(s=59)
    assert (house.health.view().online, house.health.sync_age_ms()) == (True, 59_000)
    house.hands.forward(s=2)
    assert not house.health.view().online
    house.health.contact(reached=True)
    house.health.contact(reached=False)
    assert (house.health.view().online, house.health.sync_age_ms()) == (False, 0)


def test_outbox_counts_what_central_lacks_and_since_when(house: House) -> None:
    house.service.present(house.tap())
    house.hands.forward(s=30)
    house.service.present(house.tap())
    seen = house.health.view()
    assert (seen.outbox, seen.outbox_age_ms) == (2, 30_000)
    house.sequencer.ack(0, 2)
    seen = house.health.view()
    assert (seen.outbox, seen.outbox_age_ms) == (0, 0)


def test_store_that_fails_is_not_ready_and_says_why(house: House) -> None:
    house.service.present(house.tap())
    house.health.view()
    house.sequencer.stop()
    seen = house.health.view()
    assert not house.health.ready()
    assert (seen.writable, seen.cause) == (False, "Polso is stopping.")


def test_outbox_is_as_last_known_while_the_journal_cannot_be_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.service.present(house.tap())
    assert house.health.view().outbox == 1

    def unreadable(_: int) -> int:
        raise StoreError

    monkeypatch.setattr(house.journal, "pending", unreadable)
    monkeypatch.setattr(house.profiles, "layout", lambda: unreadable(0))
    seen = house.health.view()
    assert (seen.outbox, seen.profiles) == (1, 0)


def test_profiles_are_counted_once_a_minute(house: House) -> None:
    assert house.health.view().profiles == 1
    house.tell(worn(house, OTHER_UID))
    assert house.health.view().profiles == 1
    house.hands.forward(s=60)
    assert house.health.view().profiles == 2


def test_disk_with_little_space_is_a_warning_before_it_is_full(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = house.health._watched.free_bytes_min
    for free_bytes, low in ((limit, False), (limit - 1, True)):
        monkeypatch.setattr(room, "_free_bytes", lambda _, free=free_bytes: free)
        assert house.health.view().disk_low is low


def test_metrics_speak_of_taps_times_and_devices(house: House) -> None:
    house.service.present(house.tap())
    house.service.present(house.tap())
    house.health.device(DeviceState("reader-1", State.LOST, "", at_ns=1))
    house.health.device(DeviceState("reader-2", State.IDLE, "", at_ns=1))
    text = house.health.metrics()
    assert 'polso_taps_total{outcome="granted",point="north",reason="entered"} 1.0' in text
    assert 'reason="already_used_here"} 1.0' in text
    assert "polso_tap_seconds_count 2.0" in text
    assert "polso_outbox_events 2.0" in text
    assert "polso_writable 1.0" in text
    assert "polso_sync_age_seconds -1.0" in text
    assert 'polso_device_up{device="reader-1",state="lost"} 0.0' in text
    assert 'polso_device_up{device="reader-2",state="idle"} 1.0' in text


def test_device_that_comes_back_is_shown_once(house: House) -> None:
    for state in (State.LOST, State.IDLE):
        house.health.device(DeviceState("reader-1", state, "", at_ns=1))
    assert [seen.state for seen in house.health.view().devices] == ["idle"]
    assert 'state="lost"' not in house.health.metrics()


def test_metrics_name_no_guest_and_no_band(house: House) -> None:
    house.service.present(house.tap())
    text = house.health.metrics()
    for word in ("Giulia", "guest-1", band_of(house).hex()[:8]):
        assert word not in text


def test_devices_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "DEVICES_MAX", 2)
    for n in range(5):
        house.health.device(DeviceState(f"reader-{n}", State.IDLE, "", at_ns=1))
    assert len(house.health.view().devices) == 2


def test_days_left_follow_from_the_trend(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert house.health.view().days_left is None
    began_bytes = house.health._disk_began[1]
    house.hands.forward(s=86_400)
    monkeypatch.setattr(room, "_free_bytes", lambda _: began_bytes // 2)
    assert house.health.view().days_left == pytest.approx(1.0, abs=0.1)


def test_taps_are_timed(house: House) -> None:
    assert house.health.view().p50_ms is None
    view = house.service.present(house.tap())
    seen = house.health.view()
    assert seen.taps == 1
    assert seen.p50_ms == seen.p99_ms == round(view.took_ms, 3)


@given(st.lists(st.floats(0, 1_000), min_size=1).map(sorted), st.integers(1, 100))
def test_percentile_is_one_of_the_values_that_so_many_do_not_exceed(
    values: list[float], percent: int
) -> None:
    found = percentile(values, percent)
    assert found is not None
    assert found in [round(value, 3) for value in values]
    below = sum(1 for value in values if round(value, 3) <= found)
    assert below * 100 >= percent * len(values)


def test_how_many_others_bear_witness_to_the_journal_is_told(house: House) -> None:
    assert house.health.view().witnesses == 0
    watched = dataclasses.replace(house.health._watched, witnesses=lambda: 2)
    health = room.Health(watched)
    assert health.view().witnesses == 2
    assert "polso_witnesses 2.0" in health.metrics()


def test_money_that_lies_here_and_its_worst_case_are_told_by_state(house: House) -> None:
    told = Exposure(
        currency="EUR",
        leases={"open": 2, "frozen": 1},
        ready_minor=1_400,
        at_stake_minor=2_000,
        risk_taken_minor=300,
        risk_left_minor=700,
    )
    health = Health(dataclasses.replace(house._watched(), money=lambda: told))
    assert health.view().money == told
    figures = health.metrics()
    assert 'polso_leases{state="frozen"} 1.0' in figures
    assert "polso_money_at_stake_minor 2000.0" in figures
    assert "polso_risk_worst_minor 1000.0" in figures


def test_radio_that_hears_poorly_is_up_says_so_and_which_mode_runs(house: House) -> None:
    watched = dataclasses.replace(
        house.health._watched,
        kinds={"ear": "radio"},
        points={"ear": "piazza"},
        modes={"ear": "privacy"},
        radio=lambda: RadioCounts(heard=7, dropped=2),
    )
    health = Health(watched)
    told = health.device(DeviceState("ear", State.DEGRADED, "no --experimental", at_ns=1))

    assert (told.kind, told.point, told.mode, told.reason) == (
        "radio",
        "piazza",
        "privacy",
        "no --experimental",
    )
    assert health.view().radio == RadioCounts(heard=7, dropped=2)
    text = health.metrics()
    assert 'polso_device_up{device="ear",state="degraded"} 1.0' in text
    assert "polso_sightings 7.0" in text
    assert "polso_sightings_dropped 2.0" in text
    health.device(DeviceState("ear", State.LOST, "gone", at_ns=2))
    assert 'polso_device_up{device="ear",state="lost"} 0.0' in health.metrics()
