"""Waiting: a signal ends it at whatever moment it comes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

import pytest

from edge.run.waiting import until_stopped


def wait_with_a_signal_at(line: int) -> None:
    """Wait, with the signal arriving as the ``line``-th line of the wait is run, or else from outside."""
    seen, stops, rung = 0, 0, threading.Lock()

    def trace(frame: FrameType, event: str, arg: object) -> object:
        nonlocal seen
        seen += event == "line"
        if event == "line" and seen == line and rung.acquire(blocking=False):
            signal.raise_signal(signal.SIGTERM)
        return trace

    def stop() -> None:
        nonlocal stops
        sys.settrace(before)
        stops += 1

    def late() -> None:
        if rung.acquire(blocking=False):
            os.kill(os.getpid(), signal.SIGTERM)

    def started() -> None:
        outside.start()  # not before: a signal that nobody hears yet ends whoever runs the tests
        sys.settrace(trace)

    outside = threading.Timer(0.1, late)
    before = sys.gettrace()
    until_stopped(stop, started=started)
    outside.cancel()
    outside.join()
    assert stops == 1


@pytest.mark.parametrize("line", range(1, 12))
def test_signal_ends_the_wait_at_whatever_line_it_comes(line: int) -> None:
    wait_with_a_signal_at(line)
