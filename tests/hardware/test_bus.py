"""The private message bus: it lives as long as whoever began it, whatever is pressed at their terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hardware.virtual.radio import private_bus

pytestmark = pytest.mark.real("dbus-daemon")


def buses() -> set[int]:
    """Which of our children are message buses."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            if (Path("/proc") / child / "comm").read_text().strip() == "dbus-daemon":
                found.add(int(child))
    return found


def test_a_signal_for_our_group_does_not_reach_it_and_it_ends_with_us() -> None:
    before = buses()
    with private_bus():
        (mine,) = buses() - before
        assert os.getpgid(mine) != os.getpgid(0), "Ctrl-C ends the bus under whoever still speaks over it"
    assert mine not in buses()
