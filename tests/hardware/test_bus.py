"""The private message bus: it lives as long as whoever began it, whatever is pressed at their terminal."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge.run.waiting import until
from hardware.virtual.radio import private_bus

pytestmark = pytest.mark.real("dbus-daemon")


PATIENCE_S = 10
KILLED = """
import os, pathlib, signal, sys
from hardware.virtual.radio import private_bus
with private_bus(pathlib.Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def buses(process: str = "self") -> set[int]:
    """Which message buses a process has begun, by itself or by its shells."""
    found = set()
    for task in Path("/proc", process, "task").iterdir():
        for child in (task / "children").read_text().split():
            name = Path("/proc", child, "comm").read_text().strip()
            found |= {int(child)} if name == "dbus-daemon" else buses(child) if name == "sh" else set()
    return found


def answers(address: Path) -> bool:
    """Say whether anybody listens at a socket."""
    with closing(socket.socket(socket.AF_UNIX)) as asking:
        return asking.connect_ex(str(address)) == 0


def test_a_signal_for_our_group_does_not_reach_it_and_it_ends_with_us() -> None:
    before = buses()
    with private_bus():
        (mine,) = buses() - before
        assert os.getpgid(mine) != os.getpgid(0), "Ctrl-C ends the bus under whoever still speaks over it"
    assert mine not in buses()


def test_it_ends_with_who_began_it_even_if_they_are_killed(tmp_path: Path) -> None:
    with private_bus(tmp_path):
        assert answers(tmp_path / "bus")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=PATIENCE_S)
    assert killed.returncode < 0
    assert until(lambda: not answers(tmp_path / "bus"), PATIENCE_S)
