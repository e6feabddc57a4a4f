"""The watch: what must happen by itself when time passes, in one thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from edge.errors import StoreError

ROUND_S = 1.0
LOG = logging.getLogger("polso.service")


class Watch:
    """Runs every duty once a round, until it is stopped."""

    def __init__(self, duties: Iterable[Callable[[], object]], *, round_s: float = ROUND_S) -> None:
        """Prepare; nothing runs before ``start``."""
        self._duties = tuple(duties)
        self._round_s = round_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the rounds."""
        self._thread = threading.Thread(target=self._run, name="service-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the rounds; harmless if repeated."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._round_s):
            self.round()

    def round(self) -> None:
        """Do every duty once; one that fails does not keep the others from theirs."""
        for duty in self._duties:
            try:
                duty()
            except StoreError as error:
                LOG.debug("a duty waits for the store: %s", error)
            except Exception:  # a supervisor's loop: the trace is logged and the next round tries again
                LOG.exception("a duty of the watch failed")
