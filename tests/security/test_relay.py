"""Threat 3, a relay (band here, gate there): it has little time, and one band cannot be in two places."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge.core.decision import Outcome, Reason
from hardware.nfc.budget import READ_MS_MAX
from hardware.port import Presented, ReadFault
from hardware.virtual.bands.ntag424 import Ntag424
from tests.builders import a_gate, a_layout, an_exit
from tests.hardware.nfc_bench import KEY, LIVE_UID, an_ntag213, udp_bench
from tests.service.house import Hands, an_edge

WALK_S = 240


class Relayed(Ntag424):
    """The true band at the far end of a line: each exchange takes its time there and back."""

    def __init__(self, delay_s: float) -> None:
        super().__init__(LIVE_UID, {1: KEY, 2: KEY})
        self._delay_s = delay_s

    def apdu(self, command: bytes) -> bytes:
        time.sleep(self._delay_s)  # the line itself, not a wait for anything
        return super().apdu(command)


def read(delay_s: float) -> tuple[Presented, float]:
    with udp_bench() as bench:
        began = time.monotonic()
        found = bench.read_of(Relayed(delay_s))
        return found, time.monotonic() - began


@pytest.mark.parametrize("delay_s", [0.2, 0.45])
def test_a_slow_line_is_cut_at_the_readers_deadline_and_proves_nothing(delay_s: float) -> None:
    found, took_s = read(delay_s)
    assert found.fault in (ReadFault.DEADLINE, ReadFault.TORN)
    assert found.trust == 0
    assert took_s < READ_MS_MAX / 1000 + 0.5


def test_a_band_at_hand_has_time_enough() -> None:
    found, _ = read(0.0)
    assert (found.fault, found.trust) == (None, 3)


def test_a_relay_cannot_weaken_what_a_band_must_prove() -> None:
    """What a thief can do to slow cryptography: leave it out. A band whose key is known is then refused."""
    with udp_bench(lambda uid, no: KEY if no == 1 else None) as bench:
        assert bench.read_of(an_ntag213()).fault is ReadFault.NOT_AUTHENTIC


@pytest.mark.parametrize(("apart_s", "caught"), [(1, True), (WALK_S - 20, True), (WALK_S + 20, False)])
def test_one_band_in_two_zones_sooner_than_anybody_walks_is_an_alarm(
    tmp_path: Path, apart_s: int, caught: bool
) -> None:
    hands = Hands()
    layout = a_layout(a_gate(walk_s_min=WALK_S), an_exit(walk_s_min=WALK_S))
    with an_edge(tmp_path / "e", hands, layout=layout) as house:
        assert house.service.present(house.tap()).outcome is Outcome.GRANTED
        hands.forward(s=apart_s)
        there = house.service.present(house.tap(reader="reader-out"))
        told = [failure.reason for failure in there.failures]
        assert (Reason.BAND_CLONE_SUSPECTED in told) is caught
        assert [alarm.reason for alarm in house.service.alarms()] == ["band_clone_suspected"] * caught
