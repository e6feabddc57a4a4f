"""A machine as the simulator has it: its clocks, and a sequencer that is served by who submits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from edge.sequencer import Sequencer
from edge.store.transaction import Transaction

T = TypeVar("T")


class Died(BaseException):
    """The process was killed here; nothing of it goes on, so nothing may catch this."""


class Hands:
    """The clocks of one machine: the wall's may be set by anybody, the other only rises."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """Begin right; ``now_ms`` is the true time."""
        self._now_ms, self._boot_ms = now_ms, now_ms()
        self.wall_off_ms, self.boots = 0, 1

    def wall(self) -> int:
        """Return what the machine believes is UTC."""
        return self._now_ms() + self.wall_off_ms

    def monotonic(self) -> int:
        """Return milliseconds since the machine was switched on."""
        return self._now_ms() - self._boot_ms + 1

    def reboot(self) -> None:
        """Begin the clock that only rises anew."""
        self._boot_ms = self._now_ms()
        self.boots += 1


class Steps(Sequencer):
    """The sequencer, served by who submits; it dies where it is told to."""

    def start(self) -> None:
        """Open the store, here and now."""
        self.dies = ""
        with self._seat:
            self._open()

    def submit(self, act: Callable[[Transaction], T]) -> T:
        """Run an act; ``dies`` says whether the process is killed before its commit or after it."""
        if self.dies == "before":
            raise Died
        done = super().submit(act)
        if self.dies == "after":
            raise Died
        return done

    def peek(self, act: Callable[[Transaction], T]) -> T:
        """Look something up for the story: nobody dies of it."""
        return super().submit(act)

    def tick(self) -> None:
        """Look whether there is room, or try again to write, as the thread does between acts."""
        if self._trouble is None:
            with self._seat:
                self._guarded(self._store.folder.demand_room)
        elif not self.frozen:
            with self._seat:
                self._probe(self._clock.monotonic_ms())

    def rest(self) -> None:
        """Do what the thread does in a quiet house: rows go into their tables, and strays are put back."""
        ledger = self._ledger
        if ledger is not None:
            with self._seat:
                while ledger.unsettled():
                    ledger.settle()
                self._store.checkpoint()
                while self._store.look_over(self._clock.monotonic_ms()):
                    pass

    def unsettled(self) -> int:
        """Return how many rows wait for their table."""
        return 0 if self._ledger is None else self._ledger.unsettled()

    def tell(self) -> None:
        """Tell whoever listens what was committed since."""
        self._listeners.tell()

    def stop(self) -> None:
        """Close the store as a clean stop does."""
        with self._seat:
            self._close()
