"""One card of one reader, spoken to from a thread of its own: the calls of PC/SC know no deadline."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from smartcard import scard

from hardware.nfc.budget import DeadlineError
from hardware.nfc.pcsc.lost import BandLost
from hardware.nfc.pcsc.service import Context, fault_of

Result = TypeVar("Result")
_END_S_MAX = 1.0


@dataclass(slots=True)
class _Job(Generic[Result]):
    act: Callable[[], Result]
    done: threading.Event = field(default_factory=threading.Event)
    result: Result | None = None
    error: Exception | None = None


class Hand:
    """Connects, exchanges and lets go. A call that hangs is left behind with this hand, which ends with it.

    Exclusive: between the steps of a proof no other program may speak to the band.
    """

    def __init__(self, reader: str) -> None:
        """Reach for the card of ``reader``; the daemon is asked at the first call."""
        self._reader = reader
        self._context: Context | None = None
        self._card: Any = None
        self._protocol = 0
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"pcsc {reader}", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Say whether the thread is gone, and with it every handle."""
        return not self._thread.is_alive()

    def connect(self, left_s: float) -> bytes:
        """Power the card anew; its ATR, or ``BandLost``, ``DeadlineError``, ``DeviceError``."""
        return self._within(self._connect, left_s)

    def transmit(self, apdu: bytes, left_s: float) -> bytes:
        """Exchange one APDU; raises as ``connect`` does."""
        return self._within(lambda: self._transmit(apdu), left_s)

    def close(self) -> None:
        """Let card and daemon go; a call that still hangs does so when it comes back."""
        self._jobs.put(None)
        self._thread.join(timeout=_END_S_MAX)

    def wait_for_end(self, left_s: float) -> bool:
        """Wait for a hand that was left behind; says whether it ended."""
        self._thread.join(timeout=max(0.0, left_s))
        return self.ended

    def _within(self, act: Callable[[], Result], left_s: float) -> Result:
        """Do one act in the hand's thread, and leave the hand behind where it does not come back in time."""
        job = _Job(act)
        self._jobs.put(job)
        if not job.done.wait(left_s):
            self._jobs.put(None)
            raise DeadlineError("the reader is still waiting for the band")
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]  # set, where there is no error

    def _run(self) -> None:
        """Do one job after the other."""
        while (job := self._jobs.get()) is not None:
            try:
                job.result = job.act()
            except Exception as error:  # it belongs to whoever asked
                job.error = error
            job.done.set()
        self._let_go()

    def _let_go(self) -> None:
        """Disconnect from card and daemon."""
        if self._card is not None:
            scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
        if self._context is not None:
            self._context.close()
        self._card = self._context = None

    def _connect(self) -> bytes:
        """Connect afresh: what an earlier dialogue left in the band is gone with its power."""
        if self._context is None:
            self._context = Context.open()
        if self._card is not None:
            scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
            self._card = None
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, card, self._protocol = scard.SCardConnect(
            self._context.handle, self._reader, scard.SCARD_SHARE_EXCLUSIVE, protocols
        )
        if code != scard.SCARD_S_SUCCESS:
            raise fault_of(code, f"reader {self._reader}")
        self._card = card
        code, _, _, _, atr = scard.SCardStatus(card)
        if code != scard.SCARD_S_SUCCESS:
            raise fault_of(code, f"reader {self._reader}")
        return bytes(atr)

    def _transmit(self, apdu: bytes) -> bytes:
        """Exchange one APDU by the protocol that was agreed."""
        if self._card is None:
            raise BandLost("no band is connected")
        head = scard.SCARD_PCI_T0 if self._protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        code, answer = scard.SCardTransmit(self._card, head, list(apdu))
        if code != scard.SCARD_S_SUCCESS:
            raise fault_of(code, f"reader {self._reader}")
        return bytes(answer)
