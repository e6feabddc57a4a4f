"""The demo's air: its beacon is heard by a radio in privacy mode, to which bluetoothd tells changes only."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import pytest

from edge.run.demo.air import EARS, EVERY_S, Ear, reference
from hardware.ble.frames import POLSO
from hardware.ble.scanner import REFERENCE_S_MAX
from hardware.virtual.radio.adapter import Adapter, Pattern

TURNS = 1_000
OURS = Pattern(0, 0x21, UUID(POLSO).bytes[::-1])


@pytest.mark.parametrize("ear", EARS, ids=lambda ear: ear.name)
def test_no_radio_is_without_the_beacon_for_as_long_as_would_be_a_fault(ear: Ear) -> None:
    adapter = Adapter(ear.adapter, monitors={("client", "/monitor"): (OURS,)})
    told_s = [0.0]
    for turn in range(TURNS):
        now_s = turn * EVERY_S
        mine = [one for one in reference(turn) if one.adapter == adapter.name]
        assert len(mine) == 1
        for one in mine:
            if adapter.hear(one.address, one.octets, one.rssi, now_s=now_s) is not None:
                told_s.append(now_s)

    silent_s = max(after - before for before, after in pairwise((*told_s, TURNS * EVERY_S)))
    assert silent_s < REFERENCE_S_MAX / 3
