"""The client: the edge's end of the wire, three threads that never keep a tap waiting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from edge.core.caps import Taken
from edge.core.events import Event, Lane
from edge.errors import PolsoError
from sync.client.backoff import LONGEST_S, Backoff, Bell
from sync.client.cable import Cable
from sync.client.history import Frozen, Sender, waiting_ms
from sync.client.lending import Borrower
from sync.client.line import Declined, Line, Unreachable
from sync.client.order import Order, Stage
from sync.client.ports import Ports
from sync.client.pulling import Puller
from sync.client.pushing import Pusher
from sync.signing import KEY_BYTES, Keys
from sync.wire import ROWS_USUAL, WAIT_S_MAX, Problem

LOG = logging.getLogger(__name__)
LINGER_S = 5.0
"""Ordinary events wait this long for company, unless there are enough of them."""
REPORT_S = 30.0
LOOK_S = 5.0
"""How often it is looked what runs low, where nobody rings."""
SELLS_S = 1.0
"""How often a device that sells nothing looks whether it does by now."""
THREADS = ("push-0", "push-1", "pull", "lease-ask", "lease-wait")
STOP_S_MAX = 1.0
FATAL = (Problem.REVOKED, Problem.SCHEMA)
"""Refusals that only people can lift: asked again as rarely as possible."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where central is and by which keys this device and central know each other."""

    url: str
    keys: Keys
    linger_s: float = LINGER_S
    report_s: float = REPORT_S


class Unpinned(PolsoError):
    """This device knows no key of central by which to tell its answers from anybody else's."""

    hint = (
        "Enrol it anew: `polso enrol URL` with a code from the console, into a store.folder of its own. "
        "Keep the old folder: nothing in it is changed, and its journal holds what was not sent."
    )


class Turn(NamedTuple):
    """What came of one turn of a thread: how long to rest, and whether central was spoken to."""

    rest_s: float
    spoke: bool


class SyncHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How sync is, for the screens: ``age_ms`` since central was last heard, None for never."""

    online: bool
    age_ms: int | None
    outbox: int
    outbox_age_ms: int
    alarm: str
    frozen: str
    quarantined: int


class Client:
    """Pushes each lane on a thread of its own and pulls on a third; it is started once and stopped once."""

    def __init__(self, sender: Sender, place: Place, ports: Ports, *, cable: Cable) -> None:
        """Prepare; nothing is sent before ``start``, and nothing at all unsigned or to whoever answers."""
        if not place.keys.key_id or len(place.keys.central) != KEY_BYTES:
            raise Unpinned
        self._ports, self._place, self._cable = ports, place, cable
        self._line: Callable[[], Line] = lambda: Line(
            place.url, cable, device=sender.device, keys=place.keys, clock=ports.clock
        )
        self._pushers = [Pusher(sender, lane, ports=ports, line=self._line()) for lane in Lane]
        self._puller = Puller(sender, ports=ports, line=self._line())
        self._borrower, self._waiter = self._borrow(sender), self._borrow(sender)
        self._bells = {name: Bell() for name in THREADS}
        self._order = Order()
        self._heard_at: float | None = None
        self._alarms: dict[str, str] = {}
        self._frozen = ""
        self._unsent = 0
        self._reported_at: float | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to sync; the sequencer runs already."""
        self._frozen = self._ports.books.frozen
        turns = {
            "push-0": lambda: self._push(self._pushers[Lane.ORDINARY]),
            "push-1": lambda: self._push(self._pushers[Lane.PRIORITY]),
            "pull": self._pull,
        }
        if self._borrower is not None and self._ports.lending is not None:
            self._ports.lending.listen(self._bells["lease-ask"].written)
            turns |= {"lease-ask": self._ask_leases, "lease-wait": self._await_leases}
        for name, turn in turns.items():
            worker = _Worker(self, name, bell=self._bells[name], turn=turn)
            thread = threading.Thread(target=worker.run, name=f"sync-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop within a second, also in mid-exchange; what was not acknowledged is sent another time."""
        self._order.stop()
        for bell in self._bells.values():
            bell.stop()
        self._cable.pull()
        for thread in self._threads:
            thread.join(STOP_S_MAX)
        self._threads.clear()

    def kick(self) -> None:
        """Try now: the link is back, or somebody asked."""
        for bell in self._bells.values():
            bell.kick()

    def committed(self, results: Sequence[object], events: Sequence[Event]) -> None:
        """Hear of new events; made to be given to the sequencer's ``after_commit``, it returns at once."""
        lanes = {event.lane for event in events}
        if Lane.PRIORITY in lanes:
            self._bells["push-1"].written()
        self._unsent += len(events)
        if self._unsent >= ROWS_USUAL:
            self._bells["push-0"].written()

    def health(self) -> SyncHealth:
        """Return how sync is now."""
        outbox = sum(pusher.pending() for pusher in self._pushers)
        heard = self._heard_at
        age_ms = None if heard is None else round((time.monotonic() - heard) * 1000)
        return SyncHealth(
            online=heard is not None and not self._alarms and self._cable.plugged,
            age_ms=age_ms,
            outbox=outbox,
            outbox_age_ms=waiting_ms(self._ports.journal, self._ports.clock.now_ms()) if outbox else 0,
            alarm="; ".join(dict.fromkeys((*self._alarms.values(), *self._held_back()))),
            frozen=self._frozen,
            quarantined=sum(pusher.quarantined for pusher in self._pushers),
        )

    def shut_out(self) -> tuple[Taken, ...]:
        """Return how many bands were shut out within the hour by central's word; any thread may ask."""
        return self._puller.shut_out()

    @property
    def frozen(self) -> str:
        """Why this device's history is not believed any more; empty: it is."""
        return self._frozen

    def heard(self, name: str) -> None:
        """Note a success; the first after a failure wakes the others, who may still rest from theirs.

        Never itself: who hears central in one request and fails in the next would not rest any more.
        """
        self._heard_at = time.monotonic()
        if self._alarms.pop(name, None) is not None:
            LOG.info("sync.restored thread=%s", name)
            for other, bell in self._bells.items():
                if other != name:
                    bell.heard()

    def failed(self, name: str, error: Exception) -> None:
        """Note a failure; a history that is not believed stays so until the device is enrolled anew."""
        if self._alarms.get(name) != str(error):
            LOG.warning("sync.failed thread=%s cause=%s detail=%s", name, type(error).__name__, error)
        self._alarms[name] = str(error)
        if isinstance(error, Declined) and error.problem is Problem.REVOKED:
            self._dismiss()
        if isinstance(error, Unreachable):
            self._ports.unreached()
            if name == "pull":
                self._order.fell_silent()
        if name == "push-1" and not isinstance(error, Unreachable):
            self._order.priority_done()
        if isinstance(error, Frozen) and not self._frozen:
            self._frozen = str(error)
            self._ports.books.freeze(self._frozen)

    def _held_back(self) -> tuple[str, ...]:
        why = self._puller.held_back
        return (f"Central is not obeyed: {why}.",) if why else ()

    def _dismiss(self) -> None:
        try:
            self._ports.dismissed()
        except PolsoError as error:  # said again at the next contact; this thread must outlive it
            LOG.error("sync.dismissal cause=%s detail=%s", type(error).__name__, error)

    def _push(self, pusher: Pusher) -> Turn:
        if self._frozen:
            raise Frozen(self._frozen)
        first = pusher.lane == Lane.PRIORITY
        self._order.wait_for(Stage.ATTESTED if first else Stage.OPEN)
        if not self._order.compared:
            # An old copy of this disk would add to a lane that central may have no more of than the copy has.
            return Turn(self._place.linger_s, spoke=False)
        if not first:
            self._unsent = 0
        moved = pusher.push()
        if moved is None and first:
            self._order.priority_done()
        return Turn(self._place.linger_s, spoke=False) if moved is None else Turn(0.0, spoke=True)

    def _pull(self) -> Turn:
        now = time.monotonic()
        due = self._reported_at is None or now - self._reported_at >= self._place.report_s
        if due or self._order.silent:
            self._report()
            self._reported_at = now
        if self._frozen:
            return Turn(self._place.report_s, spoke=True)  # who decides nothing needs no news
        self._order.wait_for(Stage.OPEN)
        self._puller.pull(min(WAIT_S_MAX, self._place.report_s))
        return Turn(self._puller.again_s, spoke=True)

    def _borrow(self, sender: Sender) -> Borrower | None:
        lending = self._ports.lending
        return None if lending is None else Borrower(sender, lending, ports=self._ports, line=self._line())

    def _ask_leases(self) -> Turn:
        """Tell who is here and ask for what should lie here; a basket that waits rings the bell."""
        self._order.wait_for(Stage.ATTESTED)
        if self._frozen or self._borrower is None or not self._borrower.ask():
            return Turn(LOOK_S, spoke=False)
        return Turn(0.0, spoke=True)

    def _await_leases(self) -> Turn:
        """Hear at once of grants and closes that nobody asked for."""
        self._order.wait_for(Stage.OPEN)
        lending = self._ports.lending
        if self._frozen or self._waiter is None or lending is None or not lending.sells:
            return Turn(SELLS_S, spoke=False)
        self._waiter.wait()
        return Turn(self._waiter.again_s, spoke=True)

    def _report(self) -> None:
        """Attest and report; a history that is not believed stops everything but these reports."""
        try:
            for lost in self._puller.report(frozen=self._frozen):
                self._pushers[lost.lane].go_back(lost.seq)
        except Frozen as error:
            self.failed("history", error)
        else:
            self._ports.agreed()
            self.heard("pull")
        self._order.attested()
        self._bells["push-1"].written()
        self._bells["push-0"].written()


class _Worker:
    """Keeps one thread of the client going whatever happens in a turn."""

    def __init__(self, client: Client, name: str, *, bell: Bell, turn: Callable[[], Turn]) -> None:
        self._client, self._name, self._bell, self._turn = client, name, bell, turn
        self._backoff = Backoff()

    def run(self) -> None:
        """Take turns until told to stop."""
        while not self._bell.stopped:
            try:
                turn = self._turn()
            except Exception as error:  # supervisor: sync must outlive any fault, and says each one
                self._rest_from(error)
            else:
                self._went_well(turn)

    def _went_well(self, turn: Turn) -> None:
        if turn.spoke:
            self._backoff.succeeded()
            self._client.heard(self._name)
        if turn.rest_s:
            self._bell.rest(turn.rest_s, for_writes=True)

    def _rest_from(self, error: Exception) -> None:
        if self._bell.stopped:
            return
        self._client.failed(self._name, error)
        asked_s = _asked_rest_s(error)
        self._bell.rest(self._backoff.failed(asked_s), for_writes=False, asked=asked_s is not None)


def _asked_rest_s(error: Exception) -> float | None:
    if isinstance(error, Frozen) or (isinstance(error, Declined) and error.problem in FATAL):
        return LONGEST_S
    return error.retry_after_s if isinstance(error, Declined) else None
