"""The parent's end of every lease: what is free, what is set aside, and what a silent device may cost."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from edge.core.lease.child import DRIFT_PERMILLE, GUARD_MS
from edge.core.lease.counters import COUNTER_MAX, Counters, highest, is_sound
from edge.core.lease.messages import LeaseState, Refusal, Report


class PlacedState(enum.StrEnum):
    """How a lease stands at its parent."""

    OPEN = "open"
    IN_DOUBT = "in_doubt"
    """Its time is over and the device silent: still nothing is free."""
    SETTLED = "settled"
    """The device closed it and every unit is accounted for."""
    WRITTEN_OFF = "written_off"
    """Given up: what was in doubt is the operator's loss, never the guest's."""
    LATE_SETTLED = "late_settled"
    """The device spoke after all: that is set against the loss, the wallet stays as it is."""


WRITTEN = (PlacedState.WRITTEN_OFF, PlacedState.LATE_SETTLED)


class Placed(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A lease as its parent knows it: what it granted, and the totals last heard."""

    lease: str
    wallet: str
    kind: str
    unit: str
    device: str
    incarnation: int
    counters: Counters = Counters()
    """``granted`` is the parent's own, and ahead of what the edge may have heard."""
    state: PlacedState = PlacedState.OPEN
    closing: bool = False
    """A close was asked: nothing more is granted to it."""
    doubt_ms: int = 0
    """When it is in doubt, by the parent's clock that only rises."""
    late: Counters = Counters()
    """Totals heard after it was written off."""
    band: str = ""

    @property
    def set_aside(self) -> int:
        """What the wallet cannot spend elsewhere because of it."""
        return (
            self.counters.consumed
            if self.state in WRITTEN
            else self.counters.granted - self.counters.returned
        )


class WrittenOff(msgspec.Struct, frozen=True):
    """A lease given up, and what the operator loses at most: D."""

    placed: Placed
    loss: int


class LateSettled(msgspec.Struct, frozen=True):
    """What a late report says: what was spent or paid in unheard, all of it to be set against the loss."""

    placed: Placed
    consumed: int
    """Net spending that nobody had heard of when it was written off (negative: cash was paid in)."""


def doubtful_ms(committed_ms: int, ttl_s: int) -> int:
    """Return when a lease is in doubt, later than any edge could still spend of it."""
    return committed_ms + ttl_s * (1_000 + DRIFT_PERMILLE) + GUARD_MS


def left_s(doubt_ms: int, now_ms: int) -> int:
    """Return how long a lease lasts that is told only now: never beyond the moment it is in doubt."""
    return max(0, (doubt_ms - now_ms - GUARD_MS) // (1_000 + DRIFT_PERMILLE))


def free(confirmed: int, placed: Iterable[Placed]) -> int:
    """Return what of the wallet's money nobody holds (I2): it is never below zero."""
    return confirmed - sum(one.set_aside for one in placed)


def place(
    placed: Placed, total: int, *, confirmed: int, others: Iterable[Placed], doubt_ms: int
) -> Placed | Refusal:
    """Set aside up to ``total`` for a lease; what is not free is refused whole, and nothing is taken back."""
    if placed.state is not PlacedState.OPEN or placed.closing:
        return Refusal.NOT_OPEN
    if total > COUNTER_MAX:
        return Refusal.TOO_MUCH
    more = max(0, total - placed.counters.granted)
    if more > free(confirmed, [placed, *others]):
        return Refusal.SHORT
    counters = replace(placed.counters, granted=placed.counters.granted + more)
    return replace(placed, counters=counters, doubt_ms=max(placed.doubt_ms, doubt_ms))


def ask_close(placed: Placed) -> Placed:
    """Grant no more; the money is free when the device has said what it returned."""
    return replace(placed, closing=True)


def take_report(placed: Placed, report: Report, *, ahead: int = 0) -> Placed | Refusal:
    """Learn the larger of each total; a device that speaks is no longer in doubt.

    A device can neither grant to itself nor spend more than it had: such totals are refused whole.
    ``ahead`` is what it passed on as only those have told so far who took it.
    """
    if (report.lease, report.wallet, report.kind, report.unit) != (
        placed.lease, placed.wallet, placed.kind, placed.unit,
    ):  # fmt: skip
        return Refusal.OTHER_LEASE
    if report.incarnation != placed.incarnation:
        return Refusal.OTHER_INCARNATION
    if not is_sound(report.counters) or report.counters.granted > placed.counters.granted:
        return Refusal.TOO_MUCH
    told = replace(report.counters, returned=report.counters.returned + ahead)
    if placed.state in WRITTEN:
        return replace(placed, late=highest(placed.late, told))
    known = highest(placed.counters, told)
    closed = report.state is LeaseState.CLOSED or placed.state is PlacedState.SETTLED
    settled = closed and known.spendable == 0
    state = PlacedState.SETTLED if settled else PlacedState.OPEN
    return replace(placed, counters=known, state=state, closing=placed.closing or closed)


def doubt(placed: Placed, now_ms: int) -> Placed:
    """Mark a lease whose time is over and that nobody reports on: by that alone nothing is free."""
    over = placed.state is PlacedState.OPEN and now_ms >= placed.doubt_ms
    return replace(placed, state=PlacedState.IN_DOUBT) if over else placed


def write_off(placed: Placed) -> WrittenOff | Refusal:
    """Give up a lease in doubt: the guest has the rest back, the operator bears what was spent unheard."""
    if placed.state is not PlacedState.IN_DOUBT:
        return Refusal.NOT_OPEN
    given_up = replace(placed, state=PlacedState.WRITTEN_OFF, late=placed.counters)
    return WrittenOff(given_up, placed.counters.spendable)


def settle_late(placed: Placed, report: Report, *, ahead: int = 0) -> LateSettled | Refusal:
    """Set what a device says after all against the loss: the wallet got its money back before."""
    if placed.state not in WRITTEN:
        return Refusal.NOT_OPEN
    heard = take_report(placed, report, ahead=ahead)
    if isinstance(heard, Refusal):
        return heard
    news = heard.late.consumed - placed.late.consumed
    return LateSettled(replace(heard, state=PlacedState.LATE_SETTLED), news)
