"""The edge's end of lending: asks for what should lie here, takes what is set aside or wanted back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from edge.core.lease import Want
from edge.errors import Refused
from sync.client.history import Sender
from sync.client.line import Line
from sync.client.ports import Lending, Ports
from sync.lending import COMING, COMING_ROUNDS_MAX, COMING_S, LeaseAnswer, LeaseAsk, Presence
from sync.routes import LEASES
from sync.wire import WAIT_S_MAX

COMING_MS_MAX = COMING_ROUNDS_MAX * COMING_S * 1_000
"""No longer than this, also where the way to central is slow."""


class _Coming(NamedTuple):
    """A want for which money is on its way: so often it is still asked for, and not after this."""

    want: Want
    rounds: int
    until_ms: int


class Borrower:
    """Speaks to central about leases on one thread; a deadline counts from before the request was sent."""

    def __init__(self, sender: Sender, lending: Lending, *, ports: Ports, line: Line) -> None:
        """Begin where the last answer was stored."""
        self._sender, self._lending, self._ports, self._line = sender, lending, ports, line
        self._path = LEASES.replace("{device}", sender.device)
        self._coming: tuple[_Coming, ...] = ()
        self.again_s = 0.0

    def ask(self) -> bool:
        """Tell who is here and ask for what should lie here; False: there was nothing to say.

        What another device gives back to a guest who stands here is asked for a few times more, each held
        open; whoever comes to a till meanwhile is asked for between two of them.
        """
        presences, wants = self._lending.presences(), self._lending.wants()
        spoke = bool(presences or wants)
        if spoke:
            said = tuple(Presence(wallet=wallet, kind=kind, left=left) for wallet, kind, left in presences)
            told = self._exchange(LeaseAsk(after=self._lending.after(), wants=wants, presences=said))
            until_ms = self._ports.clock.monotonic_ms() + COMING_MS_MAX
            self._coming += _still([_Coming(want, COMING_ROUNDS_MAX, until_ms) for want in wants], told)
        self._hear(presences)  # also where nothing was said: whoever waits has nothing to ask for then
        while self._coming and not self._lending.waits:
            tried, self._coming = self._coming, ()  # what fails here the next tap asks for anew
            again = tuple({(one.want.wallet, one.want.kind): one.want for one in tried}.values())
            told = self._exchange(
                LeaseAsk(after=self._lending.after(), wants=again, wait_s=COMING_S), COMING_S
            )
            self._coming = _still([one._replace(rounds=one.rounds - 1) for one in tried], told)
            self._hear(())
            spoke = True
        return spoke

    def _hear(self, presences: Iterable[tuple[str, str, bool]]) -> None:
        """Say that central has answered, but for what is still coming; nobody waits longer than agreed."""
        now_ms = self._ports.clock.monotonic_ms()
        self._coming = tuple(one for one in self._coming if one.rounds and now_ms < one.until_ms)
        self._lending.heard(presences, [one.want.wallet for one in self._coming])

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


def _still(asked: Iterable[_Coming], told: LeaseAnswer) -> tuple[_Coming, ...]:
    """Return those of what was asked for which central says that it is coming."""
    coming = {(one.wallet, one.kind) for one in told.unplaced if one.why == COMING}
    return tuple(one for one in asked if (one.want.wallet, one.want.kind) in coming)
