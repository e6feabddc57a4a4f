"""The edge's end of lending: asks for what should lie here, takes what is set aside or wanted back."""

from __future__ import annotations

from edge.errors import Refused
from sync.client.history import Sender
from sync.client.line import Line
from sync.client.ports import Lending, Ports
from sync.lending import COMING, COMING_ROUNDS_MAX, COMING_S, LeaseAnswer, LeaseAsk, Presence
from sync.routes import LEASES
from sync.wire import WAIT_S_MAX


class Borrower:
    """Speaks to central about leases on one thread; a deadline counts from before the request was sent."""

    def __init__(self, sender: Sender, lending: Lending, *, ports: Ports, line: Line) -> None:
        """Begin where the last answer was stored."""
        self._sender, self._lending, self._ports, self._line = sender, lending, ports, line
        self._path = LEASES.replace("{device}", sender.device)
        self.again_s = 0.0

    def ask(self) -> bool:
        """Tell who is here and ask for what should lie here; False: there is nothing to say."""
        presences, wants = self._lending.presences(), self._lending.wants()
        if not presences and not wants:
            return False
        said = tuple(Presence(wallet=wallet, kind=kind, left=left) for wallet, kind, left in presences)
        told = self._exchange(LeaseAsk(after=self._lending.after(), wants=wants, presences=said))
        for _ in range(COMING_ROUNDS_MAX):
            coming = {(one.wallet, one.kind) for one in told.unplaced if one.why == COMING}
            wants = tuple(one for one in wants if (one.wallet, one.kind) in coming)
            if not wants:
                break
            # Another device gives back what a guest lacks who stands here.
            told = self._exchange(
                LeaseAsk(after=self._lending.after(), wants=wants, wait_s=COMING_S), COMING_S
            )
        self._lending.heard(presences)
        return True

    def wait(self, wait_s: float = WAIT_S_MAX) -> None:
        """Wait for grants and closes that central brings by itself."""
        self._exchange(LeaseAsk(after=self._lending.after(), wait_s=int(wait_s)), wait_s)

    def _exchange(self, ask: LeaseAsk, wait_s: float = 0.0) -> LeaseAnswer:
        asked_ms = self._ports.clock.monotonic_ms()
        told = self._line.post(self._path, ask, LeaseAnswer, wait_s=wait_s)
        if told.device != self._sender.device or told.to < ask.after:
            raise Refused("An answer about leases that is not for this device.")
        if not wait_s:  # an answer that was held back says nothing about how long the way is
            self._ports.clock.heard(told.time_ms, self._line.took_ms)
        self.again_s = told.again_ms / 1000
        if told.grants or told.closes or told.to != ask.after:
            self._lending.take(told.grants, told.closes, asked_ms=asked_ms, after=told.to)
        return told
