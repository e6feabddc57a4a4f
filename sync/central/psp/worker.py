"""The worker: looks again and again at what is due with the provider, beside any other worker of central."""

from __future__ import annotations

from typing import ClassVar

from sync.central.psp.saga import Saga
from sync.central.rounds import Rounds


class Worker(Rounds):
    """One thread; what it is in the middle of when it dies is resolved by the next one."""

    name: ClassVar[str] = "psp"
    every_ms: ClassVar[int] = 500
    """How soon a guest whose debt is paid is welcome again is decided by this, among others."""
    failing: ClassVar[str] = "charges wait"

    def __init__(self, saga: Saga) -> None:
        """Work for this saga."""
        super().__init__()
        self._saga = saga

    def look(self) -> None:
        """Do all that is due now."""
        self._saga.wants()
        self._saga.step()
        self._saga.tend()
        self._saga.read_book()
