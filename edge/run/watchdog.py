"""The watchdog: tells systemd that this device decides, for as long as it does (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from edge.errors import StoreError

SOCKET_VARIABLE = "NOTIFY_SOCKET"
INTERVAL_VARIABLE = "WATCHDOG_USEC"
PID_VARIABLE = "WATCHDOG_PID"
EXTENDED_US = 120_000_000
"""How much longer systemd is asked to wait, each time."""
PINGS_PER_INTERVAL = 3
"""One that comes late for whatever reason is not yet a restart."""


class Watchdog:
    """Says READY once, then pings while ``decides`` returns; a hang in it is a ping that does not come."""

    def __init__(self, decides: Callable[[], object], environment: Mapping[str, str] = os.environ) -> None:
        """Look who started us; without systemd nothing is said to anybody."""
        self._decides = decides
        self._place = environment.get(SOCKET_VARIABLE, "")
        self._every_s = _interval_s(environment) / PINGS_PER_INTERVAL
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Say that the device is ready, and begin to ping where that is asked for."""
        self._say("READY=1\nSTATUS=deciding")
        if self._place and self._every_s:
            self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
            self._thread.start()

    def wait(self, why: str) -> None:
        """Say that the device cannot start yet and why, and ask for more time."""
        self._say(f"STATUS={why}\nEXTEND_TIMEOUT_USEC={EXTENDED_US}")

    def stop(self) -> None:
        """Say that the device stops as it was told to; no ping is missed from now on."""
        self._stopped.set()
        self._say("STOPPING=1\nSTATUS=stopping")

    def _watch(self) -> None:
        while not self._stopped.wait(self._every_s):
            with suppress(StoreError):  # a full disk is told to staff; the device lives and says so
                self._decides()
            if not self._stopped.is_set():
                self._say("WATCHDOG=1")

    def _say(self, words: str) -> None:
        if not self._place:
            return
        place = f"\0{self._place[1:]}" if self._place.startswith("@") else self._place
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
        ):
            line.sendto(words.encode(), place)


def _interval_s(environment: Mapping[str, str]) -> float:
    """Return within what time systemd wants a ping; 0: none, or it is asked of another process."""
    told, pid = environment.get(INTERVAL_VARIABLE, ""), environment.get(PID_VARIABLE, "")
    if not told.isdecimal() or (pid and pid != str(os.getpid())):
        return 0.0
    return int(told) / 1_000_000
