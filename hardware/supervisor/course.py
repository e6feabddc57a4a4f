"""Where one reader stands and what comes next: pure, fed with results and monotonic time."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from hardware.port import DeviceError, DeviceState, Presented, ReadFault, Removed, Report, State, Tap

POLL_PAUSE_S = 0.02
HOLD_MS_MIN = 300
"""So long must a band be absent before its next contact is a new tap."""
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
SILENT_MS_MAX = 2000
"""A reader that has not come back from a call for so long is taken for lost."""
BANDS_MAX = 8
"""Bands that a reader remembers as not yet gone, beside the one it holds."""
ERRORS_MAX = 2
"""Errors in a row that a reader may have before it is taken for lost: one is retried."""

_NS_PER_MS = 1_000_000


class Act(enum.Enum):
    """What the thread does next with its reader."""

    OPEN = "open"
    LOOK = "look"
    """Read whatever lies in the field."""
    CHECK = "check"
    """Ask whether the band of the last tap still lies there."""
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Health:
    """A reader's numbers since it was started; ``idle_polls`` counts looks into an empty field."""

    state: State = State.CLOSED
    reason: str = ""
    taps: int = 0
    faults: int = 0
    reopenings: int = 0
    losses: int = 0
    idle_polls: int = 0


class Course:
    """The states of one reader; every method takes the time and returns what is to be reported."""

    def __init__(self, reader: str, boot: str) -> None:
        """Begin closed; ``boot`` tells this start's taps from those of every other."""
        self._reader, self._boot = reader, boot
        self._seq = 0
        self._held: Presented | None = None
        self._held_seen_ns = 0
        self._seen_ns: dict[bytes, int] = {}
        self._checked_absent = False
        self._told = State.CLOSED
        self._errors = 0
        self._attempts = 0
        self._open_at_ns = 0
        self.health = Health()

    @property
    def state(self) -> State:
        """Return where the reader stands."""
        return self.health.state

    @property
    def held_uid(self) -> bytes:
        """Return the identifier of the band of the last tap, while it is held."""
        return self._held.uid if self._held is not None else b""

    def act(self, now_ns: int) -> Act:
        """Say what comes next."""
        if self.state in (State.CLOSED, State.LOST):
            return Act.OPEN if now_ns >= self._open_at_ns else Act.WAIT
        if self._held is not None and not self._checked_absent:
            return Act.CHECK
        return Act.LOOK

    def wait_s(self, now_ns: int) -> float:
        """Return how long to wait before reopening."""
        return max(0.0, (self._open_at_ns - now_ns) / 1e9)

    def _enter(self, state: State, reason: str, now_ns: int) -> list[Report]:
        """Change the state and report it to people."""
        self._told = state
        self.health = replace(self.health, state=state, reason=reason)
        return [DeviceState(self._reader, state, reason, now_ns)]

    def opening(self, now_ns: int) -> list[Report]:
        """Begin to open."""
        return self._enter(State.OPENING, "", now_ns)

    def opened(self, now_ns: int) -> list[Report]:
        """Go on where it was: a band that lies there since before the cable was pulled pays once."""
        again = 1 if self.health.losses else 0
        self.health = replace(self.health, reopenings=self.health.reopenings + again)
        self._held_seen_ns, self._checked_absent = now_ns, False
        return self._enter(State.HOLD if self._held is not None else State.IDLE, "", now_ns)

    def stumbled(self, error: Exception, now_ns: int) -> list[Report]:
        """Take an error out of the reader: once more, unless the device itself says that it is gone."""
        self._errors += 1
        if isinstance(error, DeviceError) or self._errors >= ERRORS_MAX or self.state is State.OPENING:
            hint = getattr(error, "hint", "")
            return self.lost(f"{error}; {hint}" if hint else f"{error}", now_ns)
        return []

    def lost(self, reason: str, now_ns: int) -> list[Report]:
        """Give the device up until the back-off has passed."""
        pause_s = BACK_OFF_S[min(self._attempts, len(BACK_OFF_S) - 1)]
        self._attempts += 1
        self._errors = 0
        self._open_at_ns = now_ns + int(pause_s * 1e9)
        self.health = replace(self.health, losses=self.health.losses + 1)
        return self._enter(State.LOST, reason, now_ns)

    def closed(self, now_ns: int) -> list[Report]:
        """End."""
        return self._enter(State.CLOSED, "", now_ns)

    def found(self, now_ns: int) -> list[Report]:
        """Note that a band was found and is being read; report it where it can only be a new guest's."""
        if self.state not in (State.IDLE, State.HOLD):
            return []
        self.health = replace(self.health, state=State.READING)
        return [] if self._held is not None else [DeviceState(self._reader, State.READING, "", now_ns)]

    def checked(self, present: bool, now_ns: int) -> list[Report]:
        """Take the answer to "does it still lie there?"; if not, look whether another one does."""
        self._alive()
        self._checked_absent = not present
        if present:
            self._held_seen_ns = now_ns
        return []

    def saw(self, presented: Presented | None, *, began_ns: int, now_ns: int) -> list[Report]:
        """Take what a look into the field brought."""
        self._alive()
        self._checked_absent = False
        self.health = replace(self.health, state=State.HOLD if self._held is not None else State.IDLE)
        if presented is None:
            return self._empty(now_ns)
        if self._held is not None and _identity(self._held) == _identity(presented):
            self._held_seen_ns = now_ns
            return []
        if self._was_here(presented, now_ns):
            return []
        released = self._release(now_ns)
        return [*released, self._tap(presented, began_ns, now_ns)]

    def _was_here(self, presented: Presented, now_ns: int) -> bool:
        """Say whether this band never left: two bands on one wrist are found in turns, and tap once each."""
        newest_first = sorted(self._seen_ns.items(), key=lambda seen: -seen[1])[:BANDS_MAX]
        oldest_ns = now_ns - HOLD_MS_MIN * _NS_PER_MS
        self._seen_ns = {identity: seen_ns for identity, seen_ns in newest_first if seen_ns > oldest_ns}
        here = _identity(presented) in self._seen_ns
        self._seen_ns[_identity(presented)] = now_ns
        return here

    def _alive(self) -> None:
        """Note that the device answered: errors and back-off begin anew."""
        self._errors = self._attempts = 0

    def _empty(self, now_ns: int) -> list[Report]:
        """Count an idle look, or let a held band go once it has been away long enough."""
        self.health = replace(self.health, idle_polls=self.health.idle_polls + 1)
        if self._held is None or now_ns - self._held_seen_ns < HOLD_MS_MIN * _NS_PER_MS:
            return []
        return self._release(now_ns)

    def _release(self, now_ns: int) -> list[Report]:
        """Let the held band go."""
        if self._held is None:
            return []
        self._seen_ns[_identity(self._held)] = self._held_seen_ns
        self._held = None
        self.health = replace(self.health, state=State.IDLE)
        removed = Removed(self._reader, self._seq, now_ns)
        # A tap tells of holding by itself; who reopened over a band has said so, and must take it back.
        return [removed, *self._enter(State.IDLE, "", now_ns)] if self._told is State.HOLD else [removed]

    def _tap(self, presented: Presented, began_ns: int, now_ns: int) -> Tap:
        """Make the tap of a band and hold it, whether it was read or not."""
        self._seq += 1
        self._held, self._held_seen_ns = presented, now_ns
        faults = self.health.faults + (presented.fault is not None)
        self.health = replace(self.health, state=State.HOLD, taps=self._seq, faults=faults)
        at_ns = presented.found_ns or began_ns
        return Tap(
            reader=self._reader,
            seq=self._seq,
            tap_id=f"{self._reader}:{self._boot}:{self._seq}",
            uid=presented.uid,
            trust=presented.trust,
            at_ns=at_ns,
            medium=presented.medium,
            product=presented.product,
            sak=presented.sak,
            counter=presented.counter,
            fault=presented.fault,
            cause=presented.cause,
            commands=presented.commands,
            took_ms=(now_ns - at_ns) / _NS_PER_MS,
        )


def _identity(presented: Presented) -> bytes:
    """Return what tells this band from others; those of random identity cannot be told apart."""
    return b"" if presented.fault is ReadFault.RANDOM_UID else presented.uid
