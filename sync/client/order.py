"""Order: what comes first when central is reached again after a silence, with a limit to every patience."""

from __future__ import annotations

import enum
import threading

PATIENCE_S_MAX = 5.0
"""No lane waits longer for another: order is a courtesy, delivery a promise."""


class Stage(enum.IntEnum):
    """How far first contact has come."""

    SILENT = 0
    ATTESTED = 1
    """Both ends have compared their histories and everything urgent is applied; the priority lane goes."""
    OPEN = 2
    """The priority lane has been tried to its end; feed and ordinary lane go together."""


class Order:
    """First contact: attest, then what is urgent, then the priority lane, then everything else."""

    def __init__(self, *, patience_s: float = PATIENCE_S_MAX) -> None:
        """Begin in silence."""
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._stage = Stage.SILENT
        self._stopped = False
        self.compared = False
        """Whether both ends have compared their histories since this process began; no patience ends that."""

    @property
    def silent(self) -> bool:
        """Whether central has to be met anew."""
        return self._stage is Stage.SILENT

    def fell_silent(self) -> None:
        """Central was not reached by the thread that always listens."""
        self._stage = Stage.SILENT

    def attested(self) -> None:
        """Both ends know where they stand."""
        self.compared = True
        self._reach(Stage.ATTESTED)

    def priority_done(self) -> None:
        """The priority lane is empty, or central will not have it now."""
        if self._stage is not Stage.SILENT:
            self._reach(Stage.OPEN)

    def stop(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wait_for(self, stage: Stage) -> None:
        """Wait until it is this one's turn, or until patience ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._stage >= stage, self._patience_s)

    def _reach(self, stage: Stage) -> None:
        with self._changed:
            self._stage = max(stage, self._stage)
            self._changed.notify_all()
