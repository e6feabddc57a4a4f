"""The transaction: what one act may read and write of the site's truth, all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from edge.core.entitlements import Party, Use
from edge.core.entry import Moment
from edge.core.events import BODY_BYTES_MAX, Event, Lane, chain_step, hlc_tick
from edge.core.held import Change, Held, Location
from edge.core.profiles import Profile
from edge.errors import Refused
from edge.store.queries import QUERIES
from edge.store.records import Cell, Connection, Cursor, Head, checked, digest, key_of

USES_MAX = 1_000
"""Rows of one load of uses; a right that was used more often says nothing new."""
MEMBERS_MAX = 200
KEPT_MAX = 10_000
ENTITLEMENTS_MAX = 64
LINK = "link"
NOBODY = Held()

ENCODE = msgspec.msgpack.Encoder().encode
DECODE_HELD = msgspec.msgpack.Decoder(Held).decode
DECODE_USE = msgspec.msgpack.Decoder(Use).decode
DECODE_LOCATION = msgspec.msgpack.Decoder(Location).decode
DECODE_PROFILE = msgspec.msgpack.Decoder(Profile).decode


class Member(NamedTuple):
    """Somebody of a party, and where this site last saw them."""

    band: bytes
    role: str
    location: Location


class Chain:
    """Where the journal stands: heads of the lanes and the last hybrid time; copied before each act."""

    __slots__ = ("count_from_ms", "heads", "hlc")

    def __init__(self, heads: dict[int, Head], hlc: int, count_from_ms: int) -> None:
        """Start from what the store holds."""
        self.heads = heads
        self.hlc = hlc
        self.count_from_ms = count_from_ms

    def copy(self) -> Chain:
        """Return an independent copy."""
        return Chain(dict(self.heads), self.hlc, self.count_from_ms)


class Transaction:
    """One batch's transaction as its acts see it; each act sees the effects of those before it.

    Nothing here is durable before the batch's one commit, and nobody is answered before that.
    """

    def __init__(self, connection: Connection, chain: Chain, *, now: Moment, offset_ms: int) -> None:
        """Begin where ``chain`` stands; ``now`` is the moment of every act in the batch."""
        self._execute = connection.execute
        self.chain = chain
        self.now = now
        self.events: list[Event] = []
        self.failed: sqlite3.Error | None = None
        self._offset_ms = offset_ms

    # What a tap needs

    def answer(self, tap_id: str) -> bytes | None:
        """Return the stored answer of a tap: the same presentation is answered the same for ever."""
        row = self._do("answer", (tap_id,)).fetchone()
        return None if row is None else checked(tap_id.encode(), row[0], against=row[1])

    def keep_answer(self, tap_id: str, body: bytes) -> None:
        """Store the answer of a tap beside the record appended last."""
        seq = self.chain.heads[Lane.ORDINARY].seq
        self._do("answer_set", (tap_id, seq, body, digest(tap_id.encode(), body)))

    def held(self, band: bytes, entitlements: Sequence[str] = ()) -> Held:
        """Return the site's memory of a band with the uses of the given rights, oldest scan key first."""
        row = self._do("band", (band,)).fetchone()
        held = NOBODY if row is None else DECODE_HELD(checked(band, row[0], against=row[1]))
        uses = self.uses(entitlements) if entitlements else ()
        return msgspec.structs.replace(held, uses=uses) if uses else held

    def uses(self, entitlements: Sequence[str]) -> tuple[Use, ...]:
        """Return the uses of some rights by every device known here, oldest scan key first."""
        asked = tuple(entitlements[:ENTITLEMENTS_MAX])
        rows = self._run(_uses_of(len(asked)), (*asked, USES_MAX)).fetchall()
        uses = [
            DECODE_USE(checked(_use_name(right, device, ordinal=ordinal), body, against=check))
            for right, device, ordinal, body, check in rows
        ]
        if len(uses) > 1:
            uses.sort(key=_scan_key)
        return tuple(uses)

    def append(
        self, kind: int, body: msgspec.Struct, *, band: bytes | None = None, lane: int = 0, schema: int = 1
    ) -> int:
        """Append one record to a lane of the journal and return its sequence."""
        encoded = ENCODE(body)
        if len(encoded) > BODY_BYTES_MAX:
            raise Refused(f"An event's body has {len(encoded)} octets; at most {BODY_BYTES_MAX} fit.")
        last = self.chain.heads[lane]
        hlc = hlc_tick(self.chain.hlc, self.now.now_ms)
        bare = Event(
            lane=int(lane),
            seq=last.seq + 1,
            hlc=hlc,
            offset_ms=self._offset_ms,
            uncertainty_ms=self.now.uncertainty_ms,
            kind=int(kind),
            schema=schema,
            band=band,
            body=encoded,
            h=b"",
        )
        event = msgspec.structs.replace(bare, h=chain_step(last.h, bare))
        self._add(event)
        return event.seq

    def apply(self, band: bytes | None, change: Change, seq: int, *, party: Party | None = None) -> None:
        """Write what a decision changes: the band's memory, its uses, who is where, and the zones' counts."""
        if change.held is not None and band is not None:
            self._remember(band, change.held, seq=seq, party=party)
        for use in change.uses:
            self.put_use(use if use.seq else msgspec.structs.replace(use, seq=seq))
        for zone, people in change.zone_deltas:
            self._do("zone_add", (zone, people))

    def put_use(self, use: Use) -> None:
        """Add one use of a right, or change the one with its right, device and ordinal."""
        body = ENCODE(use)
        name = _use_name(use.entitlement, use.device, ordinal=use.ordinal)
        self._do("use_set", (use.entitlement, use.device, use.ordinal, body, digest(name, body)))

    # Zones and parties

    def count_from(self, reset_ms: int) -> None:
        """Begin the zones' counts anew if they were begun before ``reset_ms``: nobody is inside over night."""
        if reset_ms > self.chain.count_from_ms:
            self._do("zones_clear")
            self.put("count", "from", ENCODE(reset_ms))
            self.chain.count_from_ms = reset_ms

    def inside(self) -> dict[str, int]:
        """Return people who came in minus people who left, per zone, through this device since the count began."""
        return dict(self._do("zones").fetchall())

    def places(self, leases: Mapping[str, int]) -> dict[str, int]:
        """Return the places this device may still give away, per zone of ``leases`` (zone to places set aside)."""
        inside = self.inside() if leases else {}
        return {zone: places - inside.get(zone, 0) for zone, places in leases.items()}

    def party(self, party: str) -> tuple[Member, ...]:
        """Return the members of a party that this site has seen, and where."""
        rows = self._do("members", (party, MEMBERS_MAX)).fetchall()
        return tuple(
            Member(band, role, DECODE_LOCATION(checked(party.encode() + band, body, against=check)))
            for band, role, body, check in rows
        )

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
        """Keep ``body`` under ``kind`` and ``key``."""
        self._do("kept_set", (kind, key, body, digest(_kept_name(kind, key), body)))

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what is kept, or None."""
        row = self._do("kept", (kind, key)).fetchone()
        return None if row is None else checked(_kept_name(kind, key), row[0], against=row[1])

    def delete(self, kind: str, key: str) -> None:
        """Forget what is kept; forgetting twice is no fault."""
        self._do("kept_drop", (kind, key))

    def rows(self, kind: str) -> list[tuple[str, bytes]]:
        """Return everything kept of one kind, in order of its keys."""
        found = self._do("kept_all", (kind, KEPT_MAX)).fetchall()
        return [(key, checked(_kept_name(kind, key), body, against=check)) for key, body, check in found]

    # What sync says

    def ack(self, lane: int, seq: int) -> None:
        """Note that central holds a lane up to ``seq``; an ack above our own head is never believed."""
        head = self.chain.heads[lane].seq
        if seq > head:
            raise Refused(f"Central acknowledges {seq} of lane {lane}, which ends at {head}.")
        self._do("ack_set", (lane, self.now.now_ms // 3_600_000, seq, self.now.now_ms))

    def point_at(self, file: str) -> None:
        """Make another profile file the live one."""
        self._do("pointer_set", (file,))

    def _remember(self, band: bytes, held: Held, *, seq: int, party: Party | None) -> None:
        body = ENCODE(msgspec.structs.replace(held, uses=()) if held.uses else held)
        self._do("band_set", (band, seq, body, digest(band, body)))
        if party is not None and held.location is not None:
            seen = ENCODE(held.location)
            check = digest(party.id.encode() + band, seen)
            self._do("member_set", (party.id, band, party.role, seen, check))

    def _add(self, event: Event) -> None:
        row = (key_of(event.lane, event.seq), event.hlc, event.offset_ms, event.uncertainty_ms)
        rest = (event.kind, event.schema, event.band, event.body, event.h)
        self._do("journal_add", row + rest)
        self.chain.heads[event.lane] = Head(event.seq, event.h)
        self.chain.hlc = event.hlc
        self.events.append(event)

    def _do(self, name: str, parameters: tuple[Cell, ...] = ()) -> Cursor:
        return self._run(QUERIES[name], parameters)

    def _run(self, statement: str, parameters: tuple[Cell, ...]) -> Cursor:
        try:
            return self._execute(statement, parameters)
        except sqlite3.Error as error:
            # An act that swallows this must not be committed half done.
            self.failed = error
            raise


@lru_cache(maxsize=ENTITLEMENTS_MAX)
def _uses_of(count: int) -> str:
    marks = ", ".join("?" * count)
    # Only question marks are put in.
    return (
        "SELECT entitlement, device, ordinal, body, digest FROM uses "  # noqa: S608
        f"WHERE entitlement IN ({marks}) LIMIT ?"
    )


def _use_name(entitlement: str, device: str, *, ordinal: int) -> bytes:
    return f"{entitlement}\0{device}\0{ordinal}".encode()


def _kept_name(kind: str, key: str) -> bytes:
    return f"{kind}\0{key}".encode()


def _scan_key(use: Use) -> tuple[int, str, int]:
    return use.scan_ms, use.device, use.seq
