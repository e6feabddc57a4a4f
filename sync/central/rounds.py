"""Rounds: what central looks at again and again, each by a thread of its own that nothing but a stop ends."""

from __future__ import annotations

import abc
import logging
import threading
from typing import ClassVar

from edge.errors import PolsoError

LOG = logging.getLogger("polso.central")


class Rounds(abc.ABC):
    """Looks at once and then every ``every_ms``; what fails is told in the log, and the next round comes."""

    name: ClassVar[str]
    """Of the thread."""
    every_ms: ClassVar[int]
    failing: ClassVar[str]
    """What the log says has not happened, before it says why."""

    def __init__(self) -> None:
        """Prepare to look; nothing happens before ``start``."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @abc.abstractmethod
    def look(self) -> object:
        """Look once; a long look asks now and then whether it is ``stopping``."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; returns once nothing is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def stopping(self) -> bool:
        """Whether somebody waits for the end of this look."""
        return self._stop.is_set()

    def _run(self) -> None:
        while not self.stopping:
            try:
                self.look()
            except PolsoError as error:
                LOG.warning("%s: %s", self.failing, error)
            except Exception:
                # A fault of one round must not end all that follow: nobody would see that money lies still.
                LOG.exception("%s", self.failing)
            self._stop.wait(self.every_ms / 1_000)
