"""Waiting to be told to stop: SIGTERM, SIGINT, or whoever started us went away."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def until_stopped(stop: Callable[[], None], *, started: Callable[[], None] = lambda: None) -> None:
    """Say ``started``, wait for SIGTERM or SIGINT, then ``stop``; a second signal ends at once."""
    numbers: list[int] = []

    def heard(number: int, frame: FrameType | None) -> None:
        numbers.append(number)
        if len(numbers) > 1:
            raise SystemExit(128 + number)

    before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        # An Event would hang now and then: the handler runs in this thread, which may hold the event's lock.
        with _bell() as bell:
            started()
            while not numbers:
                bell.recv(1)
    finally:
        stop()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _bell() -> Iterator[socket.socket]:
    """Ring with every signal, whichever thread the system gives it to."""
    hearing, ringing = socket.socketpair()
    with hearing, ringing:
        ringing.setblocking(False)
        before = signal.set_wakeup_fd(ringing.fileno(), warn_on_full_buffer=False)
        try:
            yield hearing
        finally:
            signal.set_wakeup_fd(before)


def until(true: Callable[[], bool], within_s: float, *, look_s: float = 0.02) -> bool:
    """Look again and again until something is true; False if it was not within the time."""
    end = time.monotonic() + within_s
    pause = threading.Event()
    while not true():
        if time.monotonic() > end:
            return False
        pause.wait(look_s)
    return True
