"""The browser: the machine's own Chromium, spoken to through a pipe, so that nothing has to be installed."""

from __future__ import annotations

import fcntl
import os
import select
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Any

import msgspec

from edge.errors import PolsoError

NAMES = ("chromium", "chromium-browser", "google-chrome")
IN, OUT = 3, 4
"""The descriptors at which Chromium listens and answers under ``--remote-debugging-pipe``."""
FREE_FD_MIN = 10
READ_BYTES = 1 << 16
SILENCE_S_MAX = 30
SWITCHES = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--autoplay-policy=no-user-gesture-required",
)
Said = Mapping[str, Any]


class NoBrowser(PolsoError):
    """There is no Chromium on this machine."""

    hint = "Install it (`apt install chromium`), or say where it is in POLSO_CHROMIUM."


class BrowserFailed(PolsoError):
    """The browser did not do as it was told."""

    hint = "Try once more; if it stays, run `chromium --version` and see that it starts at all."


def found() -> Path:
    """Return where the machine's Chromium is: POLSO_CHROMIUM first, then the names that distributions use."""
    named = os.environ.get("POLSO_CHROMIUM", "")
    path = named or next((path for path in map(which, NAMES) if path), None)
    if not path or not Path(path).is_file():
        raise NoBrowser
    return Path(path)


class Browser:
    """One running Chromium; commands are answered in order, what happens meanwhile waits to be asked for."""

    def __init__(self, path: Path) -> None:
        """Start it, with a profile of its own that ends with it."""
        self._kept = tempfile.TemporaryDirectory(prefix="polso-album-", ignore_cleanup_errors=True)
        theirs_in, ours_out = (_free(fd) for fd in os.pipe())
        ours_in, theirs_out = (_free(fd) for fd in os.pipe())
        # Chromium's own sandbox needs a user who is not root.
        alone = ("--no-sandbox",) if os.geteuid() == 0 else ()
        words = [str(path), *SWITCHES, *alone, f"--user-data-dir={self._kept.name}", "about:blank"]
        quiet = os.open(os.devnull, os.O_RDWR)
        hands = [(os.POSIX_SPAWN_DUP2, theirs_in, IN), (os.POSIX_SPAWN_DUP2, theirs_out, OUT)]
        hands += [(os.POSIX_SPAWN_DUP2, quiet, fd) for fd in (0, 1, 2)]
        self._pid = os.posix_spawn(words[0], words, os.environ, file_actions=hands)
        for fd in (theirs_in, theirs_out, quiet):
            os.close(fd)
        self._in, self._out = ours_in, ours_out
        self._rest = b""
        self._number = 0
        self._happened: deque[Said] = deque(maxlen=1_000)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fd in (self._out, self._in):
            os.close(fd)  # a Chromium whose pipe closes ends itself
        os.waitpid(self._pid, 0)
        self._kept.cleanup()

    def ask(self, method: str, session: str = "", **params: object) -> Said:
        """Give one command and return what came of it."""
        self._number += 1
        said: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session:
            said["sessionId"] = session
        self._write(msgspec.json.encode(said) + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") != self._number:
                self._happened.append(answer)
                continue
            if "error" in answer:
                raise BrowserFailed(f"{method}: {answer['error'].get('message', '')}")
            result: Said = answer["result"]
            return result

    def wait(self, event: str, session: str) -> None:
        """Return once this has happened in a session, now or since it was asked for last."""
        while True:
            while self._happened:
                said = self._happened.popleft()
                if said.get("method") == event and said.get("sessionId") == session:
                    return
            self._happened.append(self._read())

    def forget(self) -> None:
        """Leave out what happened until now."""
        self._happened.clear()

    def _write(self, octets: bytes) -> None:
        while octets:
            octets = octets[os.write(self._out, octets) :]

    def _read(self) -> Said:
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], SILENCE_S_MAX)[0]:
                raise BrowserFailed(f"The browser said nothing for {SILENCE_S_MAX} s.")
            more = os.read(self._in, READ_BYTES)
            if not more:
                raise BrowserFailed("The browser has gone.")
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        said: Said = msgspec.json.decode(one)
        return said


def _free(fd: int) -> int:
    """Move a descriptor away from the numbers that the browser's own must get."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FREE_FD_MIN)
    os.close(fd)
    return moved
