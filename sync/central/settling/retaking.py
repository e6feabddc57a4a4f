"""Retaking: events of money that could not be booked are tried again, each once and in its device's order."""

from __future__ import annotations

from typing import NamedTuple

from sync.central.accounting import ops
from sync.central.accounting.ops import Note, What
from sync.central.machines import lanes
from sync.central.machines.lanes import Stream, event_table
from sync.central.registry.tables import parts
from sync.central.settling import takings, vouchers
from sync.central.settling.takings import Told
from sync.central.store import Connection, Store, select

WAITING = "it waits to be booked"
"""Why an event of money is aside that could be read after all."""


class Retaken(NamedTuple):
    """What became of it: how many are booked now, and the notes of those that are not."""

    booked: int
    left: tuple[Note, ...]


def retake(store: Store, site: str) -> Retaken:
    """Try what is set aside again until nothing more can be booked.

    One device's refund may wait for another one's sale: hence several rounds. Killed anywhere, an event is
    booked or noted, never both: both are done in one transaction that holds the device's lane.
    """
    booked = 0
    while True:
        with store.reading() as tx:
            before = ops.notes(tx, site, what=What.ASIDE)
        for stream in sorted({one.stream for one in before}):
            with store.transaction() as tx:
                _again(tx, stream)
        with store.reading() as tx:
            after = ops.notes(tx, site, what=What.ASIDE)
        mended = len({_place(one) for one in before} - {_place(one) for one in after})
        booked += mended
        if not mended:
            return Retaken(booked, after)


def set_aside(tx: Connection, stream: Stream, told: Told) -> None:
    """Note an event of money that has only now come to its place, so that it is booked in its turn."""
    ops.note(tx, [Note(stream, told.seq, What.ASIDE, f"kind {told.kind}", 0, WAITING, told.at_ms)])


def _again(tx: Connection, stream: Stream) -> None:
    lanes.hold(tx, stream)
    aside = {one.seq: one for one in ops.notes(tx, stream.site, what=What.ASIDE) if one.stream == stream}
    told = _told(tx, stream, list(aside))
    for one in told:
        ops.drop_note(tx, aside[one.seq])
    vouchers.sweep(tx, stream.site, takings.take(tx, stream, told, again=True))


def _told(tx: Connection, stream: Stream, seqs: list[int]) -> list[Told]:
    """Return these events as they were stored, in order; what is not there any more is left noted."""
    own, found = event_table.c, list[Told]()
    for part in parts(sorted(seqs)):
        query = select(event_table).where(lanes.is_of(event_table, stream), own.seq.in_(part))
        for row in tx.execute(query.order_by(own.seq)):
            band = None if row.band is None else bytes(row.band)
            found.append(Told(row.seq, row.kind, row.hlc >> 16, bytes(row.body), band))
    return found


def _place(note: Note) -> tuple[Stream, int]:
    return note.stream, note.seq
