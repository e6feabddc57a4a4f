"""The diarist: follows each device's journal as central stores it, and writes the guests' diaries from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence, Set
from typing import Any, ClassVar

import msgspec

from edge.cloudevents import source_of
from edge.core.events import Acted
from edge.core.places import Layout, PointKind
from edge.core.profiles import remark_owner
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.journey.reading import KINDS, Draft, Happened, drafts
from sync.central.machines.lanes import Stream, event_table, is_of, lane_table
from sync.central.near import orders
from sync.central.privacy.remarks import NOTICED
from sync.central.registry import bands, guests
from sync.central.registry.layout import published
from sync.central.registry.turn import take_turn
from sync.central.rounds import SiteRounds
from sync.central.seals import Written, opened
from sync.central.store import (
    DIARY,
    ENTRIES,
    BigInteger,
    Column,
    Connection,
    Integer,
    Row,
    String,
    Table,
    and_,
    func,
    metadata,
    select,
    text,
    wake_here_after,
)
from sync.packing import UNREADABLE

PIECE_MAX = 500
"""Events read in one transaction, so that no batch waits long for its turn."""
PIECES_MAX = 2
"""Pieces of one look: who comes back after days is taken in at once, and written up between rests."""
VIAS = {PointKind.KIOSK: Via.KIOSK, PointKind.TILL: Via.TILL}

cursor_table = Table(
    "diary_cursor",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("incarnation", Integer, primary_key=True),
    Column("lane", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
"""Up to which of a lane's events diaries are written; a lane has no gaps, so nothing is passed over."""
SET = text(
    "INSERT INTO diary_cursor (site_id, device_id, incarnation, lane, seq)"
    " VALUES (:site, :device, :incarnation, :lane, :seq)"
    " ON CONFLICT (site_id, device_id, incarnation, lane) DO UPDATE SET seq = excluded.seq"
)


class Diarist(SiteRounds):
    """Looks whenever a batch was stored, and every five seconds."""

    name: ClassVar[str] = "diary"
    every_ms: ClassVar[int] = 5_000
    in_turns: ClassVar[bool] = True
    woken_by: ClassVar[str] = DIARY
    failing: ClassVar[str] = "diaries could not be written"

    def look_at(self, site: str) -> int:
        """Read what is new of a site, a piece of each lane in turn; returns how many entries it came to."""
        done, left = 0, PIECES_MAX
        with self._store.reading() as tx:
            waiting = deque(behind(tx, site))
        while waiting and left and not self.stopping:
            stream = waiting.popleft()
            with self._store.transaction() as tx:
                new, more = follow(tx, stream)
            waiting.extend([stream] * more)
            done, left = done + new, left - 1
        return done


def follow(tx: Connection, stream: Stream) -> tuple[int, bool]:
    """Write diaries from a lane's next piece; returns how many entries are new, and whether more waits."""
    take_turn(tx, stream.site)  # another worker may follow this lane, and nobody is erased meanwhile
    seq, ack = _place(tx, stream)
    own = event_table.c
    there = and_(is_of(event_table, stream), own.seq > seq, own.seq <= ack, own.kind.in_(sorted(KINDS)))
    rows = tx.execute(select(event_table).where(there).order_by(own.seq).limit(PIECE_MAX)).all()
    full = len(rows) == PIECE_MAX
    kept = diary.put(tx, stream.site, _entries(tx, stream, _happened(tx, stream.site, rows)))
    tx.execute(SET, {**stream._asdict(), "seq": rows[-1].seq if full else ack})
    wake_here_after(tx, ENTRIES)
    return kept.new, full


def rewind(tx: Connection, stream: Stream, seq: int) -> None:
    """Have a lane read again from an event on that comes to its place late."""
    take_turn(tx, stream.site)
    before, _ = _place(tx, stream)
    if seq <= before:
        tx.execute(SET, {**stream._asdict(), "seq": seq - 1})


def behind(tx: Connection, site: str) -> list[Stream]:
    """Return the lanes of which not all is read."""
    own, read = lane_table.c, cursor_table.c
    same = and_(
        read.site_id == own.site_id,
        read.device_id == own.device_id,
        read.incarnation == own.incarnation,
        read.lane == own.lane,
    )
    query = (
        select(own.site_id, own.device_id, own.incarnation, own.lane)
        .select_from(lane_table.outerjoin(cursor_table, same))
        .where(own.site_id == site, own.ack > func.coalesce(read.seq, 0))
        .order_by(own.device_id, own.incarnation, own.lane)
    )
    return [Stream(*row) for row in tx.execute(query)]


def _place(tx: Connection, stream: Stream) -> tuple[int, int]:
    """Return up to where a lane is read, and where it ends."""
    seq = tx.execute(select(cursor_table.c.seq).where(is_of(cursor_table, stream))).scalar()
    ack = tx.execute(select(lane_table.c.ack).where(is_of(lane_table, stream))).scalar()
    return seq or 0, ack or 0


def _happened(tx: Connection, site: str, rows: Sequence[Row[Any]]) -> list[Happened]:
    events = [
        Happened(
            row.kind, row.seq, row.hlc, row.uncertainty_ms, row.band and bytes(row.band), bytes(row.body)
        )
        for row in rows
        if row.schema == 1
    ]
    sealed = {place: one for place, event in enumerate(events) if (one := _sealed(event)) is not None}
    for place, named in zip(sealed, opened(tx, site, list(sealed.values())), strict=True):
        events[place] = events[place]._replace(noticed=named)
    return events


def _sealed(event: Happened) -> Written | None:
    """Return who it was that a device noticed, as it sealed it."""
    if event.kind not in NOTICED:
        return None
    try:
        sealed = msgspec.msgpack.decode(event.body, type=Acted).sealed
    except UNREADABLE:
        return None
    return None if sealed is None else Written(sealed, event.kind, event.band)


def _entries(tx: Connection, stream: Stream, events: Iterable[Happened]) -> list[Entry]:
    told = [(event, number, one) for event in events for number, one in enumerate(drafts(event))]
    whose = _owners(tx, stream.site, [one for _, _, one in told])
    places = published(tx, stream.site)
    source = source_of(stream.site, stream.device, str(stream.incarnation), lane=stream.lane)
    found: list[Entry] = []
    for (event, number, one), owner in zip(told, whose, strict=True):
        if not owner:
            continue
        at = event.hlc if one.minute_ms is None else one.minute_ms << 16
        entry = Entry(
            source=source,
            id=f"{event.seq}.{number}" if number else str(event.seq),
            owner=owner,
            hlc=at,
            uncertainty_ms=event.uncertainty_ms + (0 if one.minute_ms is None else 60_000),
            via=_via(places, one),
            what=one.what,
            point=one.point,
            subject=one.subject,
            ref=one.ref,
            amount_minor=one.amount_minor,
            currency=one.currency,
            weight=one.weight,
        )
        if one.what is What.DWELT:
            came = _arrival(entry, found) or diary.arrival_of(tx, stream.site, entry)
            entry = entry._replace(weight=0 if came is None else (at >> 16) // 60_000 - came.at_ms // 60_000)
        found.append(entry)
    undone = {one.undoes for _, _, one in told if one.undoes}
    return _standing(tx, stream.site, undone, found=found)


def _owners(tx: Connection, site: str, told: Sequence[Draft]) -> list[str]:
    """Return whose each draft is: empty where nobody is known, or not any more."""
    guest_of = {one.order: _ordered_by(tx, site, one.order) for one in told if one.order}
    named = [guest_of.get(one.order, one.guest) for one in told]
    known = guests.guests_of(tx, site, [guest for guest in named if guest])
    worn = dict(bands.owners(tx, site, sorted({one.band for one in told if one.band})))
    found = []
    for guest, one in zip(named, told, strict=True):
        if guest in known:
            found.append(remark_owner(guest, b""))
        elif one.band in worn and not guest:
            found.append(remark_owner(worn[one.band], one.band))
        else:
            found.append("")
    return found


def _ordered_by(tx: Connection, site: str, order: str) -> str:
    known = orders.find(tx, site, order)
    return "" if known is None else known.guest


def _via(places: Layout | None, one: Draft) -> Via:
    if one.what in (What.ARRIVED, What.DWELT):
        return Via.RADIO
    point = None if places is None else places.points_by_id.get(one.point)
    return Via.GATE if point is None else VIAS.get(point.kind, Via.GATE)


def _arrival(left: Entry, found: Sequence[Entry]) -> Entry | None:
    """Return when somebody was noticed where they left, if the same piece says so."""
    here = (What.ARRIVED, left.owner, left.point, left.subject)
    return next(
        (one for one in reversed(found) if (one.what, one.owner, one.point, one.subject) == here), None
    )


def _standing(tx: Connection, site: str, undone: Set[str], *, found: list[Entry]) -> list[Entry]:
    """Return entries without those that take back what never was: a hold that was given up bought nothing."""
    if not undone:
        return found
    there = diary.sales(tx, site, undone)
    there |= {one.ref for one in found if one.what is What.BOUGHT and one.weight > 0}
    return [one for one in found if one.what is not What.BOUGHT or one.weight > 0 or one.ref in there]
