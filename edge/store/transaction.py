"""The transaction: what one act may read and write of the site's truth, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from edge.core.entitlements import Party, Use
from edge.core.entry import Moment
from edge.core.events import BODY_BYTES_MAX, TIME_UNKNOWN_MS, Event, chain_step, hlc_tick
from edge.core.held import Change, Held, Location
from edge.core.profiles import Profile
from edge.errors import Refused, StoreDamaged
from edge.store import driver
from edge.store.ahead import Ahead
from edge.store.cells import CLEAR, Cells, open_answer, open_kept, seal_answer, seal_kept
from edge.store.counting import Counting, Counts
from edge.store.effects import ANSWERS, BANDS, KEPT, MEMBERS, USES, Effects, Member
from edge.store.erasing import Erasing
from edge.store.queries import QUERIES
from edge.store.records import (
    LANES,
    Cell,
    Connection,
    Cursor,
    Head,
    Row,
    checked,
    event_of,
    kept_name,
    key_of,
    use_name,
)
from edge.store.strays import Lookout


class Chain(NamedTuple):
    """Where the journal stands: the heads of both lanes and the last hybrid time."""

    heads: tuple[Head, Head]
    hlc: int


WALKED = Lookout(walked=True)


class Standing(NamedTuple):
    """What a batch goes on from: the chain, the counts and the unwritten effects."""

    chain: Chain
    counts: Counts
    effects: Effects
    cells: Cells = CLEAR
    lookout: Lookout = WALKED
    """Who looks whether a flipped bit hides what is not found."""


USES_MAX = 1_000
"""Rows of one load of uses; a right that was used more often says nothing new."""
MEMBERS_MAX = 200
KEPT_MAX = 10_000
ENTITLEMENTS_MAX = 64
HOUR_MS = 3_600_000
LINK = "link"
NOBODY = Held()

ENCODE = msgspec.msgpack.Encoder().encode
DECODE_HELD = msgspec.msgpack.Decoder(Held).decode
DECODE_USE = msgspec.msgpack.Decoder(Use).decode
DECODE_LOCATION = msgspec.msgpack.Decoder(Location).decode
DECODE_PROFILE = msgspec.msgpack.Decoder(Profile).decode


class Transaction(Counting, Erasing):
    """One batch's transaction as its acts see it; each act sees the effects of those before it.

    Nothing here is durable before the batch's one commit, and nobody is answered before that.
    """

    def __init__(self, connection: Connection, ledger: Standing, *, now: Moment, offset_ms: int) -> None:
        """Begin where the ledger stands; ``now`` is the moment of every act in the batch."""
        self._execute = connection.execute
        self.chain, self.counts, self._effects, self._cells, self._lookout = ledger
        self.now = now
        self.events: list[Event] = []
        self.failed: Exception | None = None
        self.saved = False
        """Whether the present act has written past the effects log, and therefore set a savepoint."""
        self._offset_ms = offset_ms
        self._ahead: Ahead | None = None

    # What a tap needs

    def look_ahead(self, tap_id: str, band: bytes, entitlements: Sequence[str] = ()) -> None:
        """Read at once what a tap will ask for; during a batch the tables stay as they are."""
        asked, link = tuple(entitlements[:ENTITLEMENTS_MAX]), band.hex()
        rows: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
        parameters: tuple[Cell, ...] = (tap_id, LINK, link, band, *asked, USES_MAX)
        for row in self._read(_over("ahead", len(asked)), parameters).fetchall():
            rows[row[0]].append(row[1:])
        self._ahead = Ahead(tap_id, link, band, asked, rows)

    def answer(self, tap_id: str) -> bytes | None:
        """Return the stored answer of a tap: the same presentation is answered the same for ever."""
        body: bytes | None = self._effects.answers.value((tap_id,))
        if body is not None:
            return open_answer(self._cells, tap_id, body)
        ahead = self._ahead
        if ahead is not None and ahead.tap_id == tap_id:
            rows = ahead.rows[0]
        else:
            rows = self._read(QUERIES["answer"], (tap_id,)).fetchall()
        if not rows:
            return None
        return open_answer(self._cells, tap_id, checked(tap_id.encode(), rows[0][-2], against=rows[0][-1]))

    def keep_answer(self, tap_id: str, body: bytes) -> None:
        """Store the answer of a tap beside the record appended last, sealed."""
        self.keep_number(tap_id, seal_answer(self._cells, tap_id, body))

    def keep_number(self, tap_id: str, body: bytes) -> None:
        """Store which record answers a tap: a number, which says nothing of anybody."""
        self._effects.put(ANSWERS, (tap_id,), (tap_id, self.chain.heads[0].seq, body), value=body)

    def record(self, seq: int) -> Event | None:
        """Return an ordinary record, also one of this very batch; None where it is pruned."""
        for event in self.events:
            if event.lane == 0 and event.seq == seq:
                return event
        bounds = (key_of(0, seq - 1), key_of(0, seq + 1), 2)
        rows = self._read(QUERIES["journal_back"], bounds).fetchall()
        if not rows or rows[0][0] != key_of(0, seq):
            return None
        event = event_of(rows[0])
        if len(rows) > 1 and chain_step(rows[1][8], event) != event.h:
            raise StoreDamaged(f"Record {seq} is not what was written.")
        return event

    def held(self, band: bytes, entitlements: Sequence[str] = ()) -> Held:
        """Return the site's memory of a band with the uses of the given rights, oldest scan key first."""
        asked = tuple(entitlements[:ENTITLEMENTS_MAX])
        rows = self._held_rows(band, asked)
        held: Held | None = self._effects.bands.value((band,))
        uses = {}
        for right, device, ordinal, body, check in rows:
            if right is not None:
                name = use_name(right, device, ordinal)
                uses[right, device, ordinal] = DECODE_USE(checked(name, body, against=check))
            elif held is None:
                held = DECODE_HELD(checked(band, body, against=check))
        if held is None and all(row[0] is not None for row in rows):
            self._lookout.for_band(self._read, band)
        for right in asked:
            self._lookout.for_use(self._read, right, sum(row[0] == right for row in rows))
            uses.update(self._effects.uses.group(right))
        found = NOBODY if held is None else held
        return msgspec.structs.replace(found, uses=_in_order(uses.values())) if uses else found

    def append(
        self, kind: int, body: msgspec.Struct, *, band: bytes | None = None, lane: int = 0, schema: int = 1
    ) -> int:
        """Append one record to a lane of the journal and return its sequence."""
        encoded = ENCODE(body)
        if len(encoded) > BODY_BYTES_MAX:
            raise Refused(f"An event's body has {len(encoded)} octets; at most {BODY_BYTES_MAX} fit.")
        chain = self.chain
        last = chain.heads[lane]
        bare = Event(
            lane=int(lane),
            seq=last.seq + 1,
            hlc=hlc_tick(chain.hlc, self.now.now_ms),
            offset_ms=self._offset_ms,
            uncertainty_ms=self.now.uncertainty_ms if self.now.trusted else TIME_UNKNOWN_MS,
            kind=int(kind),
            schema=schema,
            band=band,
            body=encoded,
            h=b"",
        )
        event = msgspec.structs.replace(bare, h=chain_step(last.h, bare))
        head = Head(event.seq, event.h)
        heads = (chain.heads[0], head) if lane else (head, chain.heads[1])
        self.chain = Chain(heads, event.hlc)
        self.events.append(event)
        return event.seq

    def apply(self, band: bytes | None, change: Change, seq: int, *, party: Party | None = None) -> None:
        """Write what a decision changes: the band's memory, its uses, who is where, and the zones' counts."""
        if change.held is not None and band is not None:
            self._remember(band, change.held, seq=seq, party=party)
        for use in change.uses:
            self.put_use(use if use.seq else msgspec.structs.replace(use, seq=seq))
        self.count(change.zone_deltas, change.slot_deltas)

    def put_use(self, use: Use) -> None:
        """Add one use of a right, or change the one with its right, device and ordinal."""
        key = (use.entitlement, use.device, use.ordinal)
        body = ENCODE(use)
        self._effects.put(USES, key, (*key, body), value=use)

    # Parties; zones and booked times: edge/store/counting.py

    def party(self, party: str) -> tuple[Member, ...]:
        """Return the members of a party that this site has seen, and where."""
        found = {}
        for band, role, body, check in self._read(QUERIES["members"], (party, MEMBERS_MAX)).fetchall():
            location = DECODE_LOCATION(checked(party.encode() + band, body, against=check))
            found[band] = Member(band, role, location)
        found.update((key[1], member) for key, member in self._effects.members.group(party))
        return tuple(found.values())

    # Bands linked here before central knows

    def linked(self, band: bytes) -> Profile | None:
        """Return the profile that staff gave a band at this site, until central's own arrives."""
        body = self.get(LINK, band.hex())
        return None if body is None else DECODE_PROFILE(body)

    def link(self, band: bytes, profile: Profile) -> None:
        """Give a band a profile at this site."""
        self.put(LINK, band.hex(), ENCODE(profile))

    def unlink(self, band: bytes) -> None:
        """Forget a local link."""
        self.delete(LINK, band.hex())

    # Small named things: sessions, screens, calls for help, settings

    def put(self, kind: str, key: str, body: bytes) -> None:
        """Keep ``body`` under ``kind`` and ``key``, sealed."""
        kept = seal_kept(self._cells, kind, key, body=body)
        self._effects.put(KEPT, (kind, key), (kind, key, kept), value=body)

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what is kept, or None."""
        entry = self._effects.kept.entries.get((kind, key))
        if entry is not None:
            unwritten: bytes | None = entry.value
            return unwritten
        ahead = self._ahead
        if ahead is not None and (kind, key) == (LINK, ahead.link):
            rows = ahead.rows[1]
        else:
            rows = self._read(QUERIES["kept"], (kind, key)).fetchall()
        if not rows:
            self._lookout.for_kept(self._read, kind, key)
            return None
        body = checked(kept_name(kind, key), rows[0][-2], against=rows[0][-1])
        return open_kept(self._cells, kind, key, kept=body)

    def delete(self, kind: str, key: str) -> None:
        """Forget what is kept; forgetting twice is no fault."""
        self._effects.put(KEPT, (kind, key), None)

    def rows(self, kind: str) -> list[tuple[str, bytes]]:
        """Return everything kept of one kind, in order of its keys."""
        unwritten: dict[str, bytes | None] = {key[1]: body for key, body in self._effects.kept.group(kind)}
        found = {}
        for key, body, check in self._read(QUERIES["kept_all"], (kind, KEPT_MAX)).fetchall():
            if key not in unwritten:
                kept = checked(kept_name(kind, key), body, against=check)
                found[key] = open_kept(self._cells, kind, key, kept=kept)
        found.update((key, body) for key, body in unwritten.items() if body is not None)
        return sorted(found.items())

    # What sync says

    def ack(self, lane: int, seq: int) -> None:
        """Note that central holds a lane up to ``seq``; an ack above our own head is never believed."""
        head = self.chain.heads[lane].seq
        if seq > head:
            raise Refused(f"Central acknowledges {seq} of lane {lane}, which ends at {head}.")
        for row in (lane, lane + len(LANES)):  # twice, for no digest guards it and pruning goes by it
            self._write("ack_set", (row, self.now.now_ms // HOUR_MS, seq, self.now.now_ms))

    def point_at(self, file: str) -> None:
        """Make another profile file the live one."""
        self._write("pointer_set", (file,))

    def _remember(self, band: bytes, held: Held, *, seq: int, party: Party | None) -> None:
        bare = msgspec.structs.replace(held, uses=()) if held.uses else held
        body = ENCODE(bare)
        self._effects.put(BANDS, (band,), (band, seq, body), value=bare)
        if party is not None and held.location is not None:
            seen = ENCODE(held.location)
            line = (party.id, band, party.role, seen)
            self._effects.put(MEMBERS, (party.id, band), line, value=Member(band, party.role, held.location))

    def _write(self, name: str, parameters: tuple[Cell, ...]) -> None:
        """Write past the effects log: seldom enough to pay for a savepoint of the act's own."""
        if not self.saved:
            self._read(QUERIES["act_begin"], ())
            self.saved = True
        self._read(QUERIES[name], parameters)

    def _held_rows(self, band: bytes, asked: tuple[str, ...]) -> list[Row]:
        ahead = self._ahead
        if ahead is not None and (ahead.band, ahead.entitlements) == (band, asked):
            return ahead.rows[2]
        return self._read(_over("held", len(asked)), (band, *asked, USES_MAX)).fetchall()

    def _read(self, statement: str, parameters: tuple[Cell, ...]) -> Cursor:
        try:
            return self._execute(statement, parameters)
        except driver.ERRORS as error:
            # An act that swallows this must not be committed half done.
            self.failed = error
            raise


@lru_cache(maxsize=2 * ENTITLEMENTS_MAX)
def _over(name: str, count: int) -> str:
    """Return a statement over the uses of ``count`` rights; only question marks are put in."""
    marks = ", ".join("?" * count)
    return QUERIES[name].replace("(?)", f"({marks})")


def _in_order(uses: Iterable[Use]) -> tuple[Use, ...]:
    return tuple(sorted(uses, key=_scan_key))


def _scan_key(use: Use) -> tuple[int, str, int]:
    return use.scan_ms, use.device, use.seq
