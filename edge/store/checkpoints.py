"""Checkpoints as a device makes them: due in time, durable with their batch, and compared at each start."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.checkpoint import Checkpoint, Contradiction, Doubt, Mark, contradictions, decoded, encoded
from edge.core.events import chain_step
from edge.errors import StoreDamaged
from edge.signature import Sign, is_signed
from edge.store.effects import Effects
from edge.store.queries import QUERIES
from edge.store.records import LANES, Connection, Owner, checked, event_of, kept_name, key_of
from edge.store.transaction import Chain, Transaction

EVENTS_MAX = 1_000
"""A checkpoint is due after so many records."""
AGE_MS_MAX = 60_000
"""... or after so long, if anything was recorded meanwhile."""
KEPT = "checkpoint"
SLOTS_MAX = 32
"""So many are kept here, so that the nearest good one before a damage can be named."""
FROZEN = ("frozen", "journal")


class Signer(NamedTuple):
    """Who signs: one life of a device in one start of its process."""

    incarnation: int
    boot: str
    sign: Sign


class Notary:
    """Says when a checkpoint is due and puts it into the batch that it closes; for who holds the seat."""

    def __init__(self, owner: Owner, signer: Signer) -> None:
        """Begin with no checkpoint made; the first is due with the first record."""
        self.owner, self._signer = owner, signer
        self._slot, self._events = 0, 0
        self._made_ms: int | None = None
        self.newest: Checkpoint | None = None
        """The last one that is durable; for any thread."""

    def resume(self, newest: Checkpoint, slot: int) -> None:
        """Go on behind what the journal kept."""
        self.newest, self._slot, self._events = newest, slot, newest.events

    def is_due(self, chain: Chain, now_ms: int) -> bool:
        """Say whether the journal has grown far enough, or long enough, since the last one."""
        grown = chain.heads[0].seq + chain.heads[1].seq - self._events
        if grown <= 0:
            return False
        return grown >= EVENTS_MAX or self._made_ms is None or now_ms - self._made_ms >= AGE_MS_MAX

    def is_behind(self, chain: Chain) -> bool:
        """Say whether anything was recorded since the last one."""
        return chain.heads[0].seq + chain.heads[1].seq > self._events

    def demand(self) -> None:
        """Have the next batch closed by a checkpoint, as before a stop."""
        self._made_ms = None

    def put(self, tx: Transaction) -> Checkpoint:
        """Put a checkpoint of where the batch ends among what it keeps."""
        first, second = (Mark(head.seq, head.h) for head in tx.chain.heads)
        made = self.attest((first, second), tx.chain.hlc)
        tx.put(KEPT, f"{(self._slot + 1) % SLOTS_MAX:02d}", encoded(made))
        return made

    def attest(self, marks: tuple[Mark, Mark], hlc: int) -> Checkpoint:
        """Sign where both lanes were seen to stand; it is kept nowhere. For any thread."""
        owner, signer = self.owner, self._signer
        return signer.sign(
            Checkpoint(
                site=owner.site,
                device=owner.device,
                incarnation=signer.incarnation,
                boot=signer.boot,
                hlc=hlc,
                marks=marks,
            )
        )

    def settled(self, made: Checkpoint, now_ms: int) -> None:
        """Take that it is durable."""
        self._slot = (self._slot + 1) % SLOTS_MAX
        self._made_ms, self._events, self.newest = now_ms, made.events, made


def kept(connection: Connection, effects: Effects) -> list[tuple[int, Checkpoint]]:
    """Return the checkpoints that a journal keeps, each with its place, oldest first."""
    bodies: dict[str, bytes | None] = {}
    for key, body, check in connection.execute(QUERIES["kept_all"], (KEPT, SLOTS_MAX)).fetchall():
        bodies[key] = checked(kept_name(KEPT, key), body, against=check)
    bodies.update((str(key[1]), body) for key, body in effects.kept.group(KEPT))
    found = [(int(key), made) for key, body in bodies.items() if body is not None and (made := decoded(body))]
    return sorted(found, key=lambda one: one[1].hlc)


def frozen_by(connection: Connection, effects: Effects) -> str:
    """Return why this journal was frozen once; empty: it was not."""
    body = effects.kept.value(FROZEN)
    if body is None:
        row = connection.execute(QUERIES["kept"], FROZEN).fetchone()
        body = None if row is None else checked(kept_name(*FROZEN), row[0], against=row[1])
    return "" if body is None else bytes(body).decode()


def doubt(connection: Connection, owner: Owner, chain: Chain, *, newest: Checkpoint) -> str:
    """Say why the journal cannot be the one that its own last checkpoint was made of; empty: it can.

    What stands behind the checkpoint is verified record by record: a broken chain is damage, not doubt.
    """
    if not is_signed(newest, owner.public_key):
        return "Its last checkpoint was not signed by this device."
    found = contradictions(
        newest, [head.seq for head in chain.heads], lambda lane, seq: _hash_at(connection, lane, seq)
    )
    if found:
        return words(found[0])
    anchors = _anchors(connection)
    for lane in LANES:
        # Long after a crash the mark itself may be pruned; what is kept begins at the anchor then.
        _verify_from(connection, lane, max(newest.marks[lane], anchors[lane], key=lambda mark: mark.seq))
    return ""


def words(found: Contradiction) -> str:
    """Say a contradiction to staff and operators."""
    if found.doubt is Doubt.BEHIND:
        return f"Lane {found.lane} ends before record {found.seq}, which a checkpoint has seen."
    return f"Record {found.seq} of lane {found.lane} is not the one that a checkpoint has seen."


def freeze(tx: Transaction, why: str) -> None:
    """Keep that this history is not believed any more."""
    tx.put(*FROZEN, why.encode())


def _hash_at(connection: Connection, lane: int, seq: int) -> bytes | None:
    row = connection.execute(QUERIES["journal_one"], (key_of(lane, seq),)).fetchone()
    if row is not None:
        return bytes(row[8])
    anchor = _anchors(connection)[lane]
    return anchor.h if anchor.seq == seq else None


def _anchors(connection: Connection) -> dict[int, Mark]:
    return {lane: Mark(seq, h) for lane, seq, h in connection.execute(QUERIES["anchors"]).fetchall()}


def _verify_from(connection: Connection, lane: int, mark: Mark) -> None:
    previous, seq = mark.h, mark.seq
    after = key_of(lane, mark.seq)
    while rows := connection.execute(
        QUERIES["journal_range"], (after, key_of(lane + 1, 0) - 1, EVENTS_MAX)
    ).fetchall():
        for event in map(event_of, rows):
            seq += 1
            if event.seq != seq or event.h != chain_step(previous, event):
                raise StoreDamaged(f"Record {event.seq} of lane {lane} is not what was written.")
            previous = event.h
        after = rows[-1][0]
