"""Walking the journals when the day is over: each record at both ends, and what the records say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from edge.core.decision import Outcome, Reason
from edge.core.events import Event, Kind, Lane, chain_start, decided_in, verify_chain
from edge.run.simulate.day.play import Day
from edge.run.simulate.day.site import EDGES
from edge.run.simulate.device import Device
from edge.run.simulate.platform import key_of
from sync.central.machines.lanes import event_table
from sync.central.store import and_, select
from sync.signing import public_half

AT_ONCE = 5_000


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one edge: how many records are at either end, and how many of them are not the same."""

    edge: str
    lane: str
    here: int
    central: int
    apart: int
    """Missing at one end, or of another hash, or out of order."""
    fault: str = ""
    """Where the edge's own chain breaks; empty: nowhere."""


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What the journals say of the day."""

    ends: tuple[Ends, ...]
    decided: int
    """Taps that have a record."""
    revoked_in: int
    """Entries of a band at an edge that had applied its revocation."""
    twice_here: int
    """Day tickets that opened twice at one edge."""
    elsewhere: int
    """Day tickets that opened at a second edge as well, which had not heard of the first."""


class _Book:
    """What is gathered on the way."""

    def __init__(self) -> None:
        self.decided, self.revoked_in, self.twice = 0, 0, 0
        self.bound: dict[bytes, int] = {}
        self.here: set[str] = set()
        self.at: defaultdict[str, set[str]] = defaultdict(set)

    def leave(self) -> None:
        """Go on with the next edge."""
        self.bound.clear()
        self.here.clear()

    def note(self, event: Event, device: str) -> None:
        """Take one record."""
        if event.kind == Kind.URGENT_APPLIED and event.band is not None:
            self.bound[event.band] = event.hlc
        if event.kind != Kind.DECIDED:
            return
        self.decided += 1
        told = decided_in(event.body, event.band).decision
        if told.outcome is not Outcome.GRANTED or told.reason is not Reason.ENTERED or not told.entitlement:
            return
        self.revoked_in += event.band in self.bound and event.hlc > self.bound[event.band]
        self.twice += told.entitlement in self.here
        self.here.add(told.entitlement)
        self.at[told.entitlement].add(device)


def walk(day: Day) -> Walked:
    """Read every journal from its beginning, and the same lane at central beside it."""
    book, ends = _Book(), list[Ends]()
    for device in day.devices:
        for lane in (Lane.PRIORITY, Lane.ORDINARY):
            ends.append(_lane(day, device, lane, book=book))
        book.leave()
    return Walked(
        ends=tuple(ends),
        decided=book.decided,
        revoked_in=book.revoked_in,
        twice_here=book.twice,
        elsewhere=sum(len(where) - 1 for where in book.at.values()),
    )


def _lane(day: Day, device: Device, lane: Lane, *, book: _Book) -> Ends:
    own, here = event_table.c, list[bytes]()

    def told() -> Iterator[Event]:
        while piece := device.journal.range(lane, len(here)):
            for event in piece:
                here.append(event.h)
                book.note(event, device.id)
                yield event

    start = chain_start(device.site, device.id, lane, public_key=public_half(key_of(device.number)))
    fault = verify_chain(told(), lane, start)
    there = and_(own.site_id == device.site, own.device_id == device.id, own.lane == int(lane))
    central, apart = 0, 0
    with day.park.store.reading() as tx:
        query = select(own.seq, own.h).where(there).order_by(own.seq).execution_options(yield_per=AT_ONCE)
        for row in tx.execute(query):
            central += 1
            apart += row.seq != central or central > len(here) or bytes(row.h) != here[central - 1]
    return Ends(
        edge=EDGES[device.number].name,
        lane=lane.name.lower(),
        here=len(here),
        central=central,
        apart=apart + abs(len(here) - central),
        fault="" if fault is None else f"{fault.fault} at {fault.seq}",
    )
