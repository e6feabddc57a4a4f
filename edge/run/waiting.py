"""Waiting to be told to stop: SIGTERM, SIGINT, or whoever started us went away."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType


def until_stopped(stop: Callable[[], None], *, started: Callable[[], None] = lambda: None) -> None:
    """Say ``started``, wait for SIGTERM or SIGINT, then ``stop``; a second signal ends at once."""
    asked = threading.Event()

    def heard(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise SystemExit(128 + number)
        asked.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        started()
        asked.wait()
    finally:
        stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def until(true: Callable[[], bool], within_s: float, *, look_s: float = 0.02) -> bool:
    """Look again and again until something is true; False if it was not within the time."""
    end = time.monotonic() + within_s
    pause = threading.Event()
    while not true():
        if time.monotonic() > end:
            return False
        pause.wait(look_s)
    return True
