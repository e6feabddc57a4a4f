"""The watchdog: ready once, a ping while decisions are made, none when they hang."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import StoreError
from edge.run.device import nothing
from edge.run.watchdog import Watchdog
from tests.store.house import a_sequencer


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd would listen at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(2)
        yield line


def told_by(heard: socket.socket, **more: str) -> dict[str, str]:
    """The environment of a service whose watchdog bites after 30 ms."""
    return {"NOTIFY_SOCKET": heard.getsockname(), "WATCHDOG_USEC": "30000", **more}


def test_device_that_decides_pings_after_it_said_that_it_is_ready(
    heard: socket.socket, tmp_path: Path
) -> None:
    with a_sequencer(tmp_path / "data") as sequencer:
        watchdog = Watchdog(lambda: sequencer.submit(nothing), told_by(heard, WATCHDOG_PID=str(os.getpid())))
        watchdog.start()
        assert heard.recv(100).startswith(b"READY=1\n")
        assert [heard.recv(100), heard.recv(100)] == [b"WATCHDOG=1"] * 2
        head = sequencer.submit(lambda tx: tx.chain.heads[0].seq)
        watchdog.stop()
    assert head == 0, "a ping leaves no record"
    words = b""
    while not words.startswith(b"STOPPING=1"):
        words = heard.recv(100)


def test_device_that_hangs_pings_no_more(heard: socket.socket) -> None:
    hanging, mended = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        mended.wait(5)

    watchdog = Watchdog(hang, told_by(heard))
    watchdog.start()
    assert heard.recv(100).startswith(b"READY=1")
    assert hanging.wait(2)
    heard.settimeout(0.15)
    with pytest.raises(TimeoutError):
        heard.recv(100)
    mended.set()
    heard.settimeout(2)
    assert heard.recv(100) == b"WATCHDOG=1"
    watchdog.stop()


def test_full_disk_is_no_reason_for_a_restart(heard: socket.socket) -> None:
    def full() -> None:
        raise StoreError

    watchdog = Watchdog(full, told_by(heard))
    watchdog.start()
    assert [heard.recv(100)[:7], heard.recv(100)] == [b"READY=1", b"WATCHDOG=1"]
    watchdog.stop()


@pytest.mark.parametrize("more", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": ""}])
def test_watchdog_of_somebody_else_is_not_fed(heard: socket.socket, more: dict[str, str]) -> None:
    watchdog = Watchdog(lambda: None, told_by(heard) | more)
    watchdog.start()
    assert heard.recv(100).startswith(b"READY=1")
    heard.settimeout(0.1)
    with pytest.raises(TimeoutError):
        heard.recv(100)
    watchdog.stop()


def test_abstract_socket_is_spoken_to_as_well() -> None:
    name = f"polso-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0{name}")
        line.settimeout(2)
        Watchdog(lambda: None, {"NOTIFY_SOCKET": f"@{name}"}).start()
        assert line.recv(100).startswith(b"READY=1")


def test_without_systemd_nothing_is_said_and_nothing_runs() -> None:
    before = threading.active_count()
    watchdog = Watchdog(lambda: None, {})
    watchdog.start()
    assert threading.active_count() == before
    watchdog.stop()
