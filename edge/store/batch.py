"""A batch: many acts, each in its savepoint, one durable commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from edge.clock import Clock
from edge.core.events import Event, chain_start
from edge.store.queries import QUERIES
from edge.store.records import LANES, SEQ_MAX, Connection, Head, Owner, StoreForeign, key_of
from edge.store.transaction import Chain, Transaction
from edge.store.trouble import cause_of

BATCH_MAX = 256
"""Acts in one commit."""

Act = Callable[[Transaction], object]


class Outcome(NamedTuple):
    """What became of one act: its result, or the error that it alone gets."""

    result: object = None
    error: Exception | None = None


class Done(NamedTuple):
    """A batch that is durable."""

    outcomes: list[Outcome]
    events: list[Event]


class Ledger:
    """The journal's end as its one writer knows it: loads where it stands, runs batches, moves on only when durable."""

    def __init__(self, connection: Connection, owner: Owner, clock: Clock) -> None:
        """Take over the writing connection; a journal of somebody else is refused."""
        self._execute = connection.execute
        self._connection = connection
        self._clock = clock
        claim(connection, owner)
        self.chain = load_chain(connection)
        clock.floor(self.chain.hlc >> 16)

    def run(self, acts: Sequence[Act]) -> Done:
        """Run every act in order and commit once; an act that raises fails alone.

        Raises the driver's error if the store itself fails: then nothing of the batch happened.
        """
        execute = self._execute
        now = self._clock.moment()
        transaction = Transaction(
            self._connection, self.chain.copy(), now=now, offset_ms=self._clock.offset_ms(now.now_ms)
        )
        try:
            execute(QUERIES["begin"])
            outcomes = [self._one(act, transaction) for act in acts]
            execute(QUERIES["commit"])
        except BaseException:
            self._forget()
            raise
        self.chain = transaction.chain
        return Done(outcomes, transaction.events)

    def _one(self, act: Act, transaction: Transaction) -> Outcome:
        before, events = transaction.chain.copy(), len(transaction.events)
        self._execute(QUERIES["act_begin"])
        outcome = _outcome(act, transaction)
        if transaction.failed is not None and cause_of(transaction.failed):
            raise transaction.failed
        transaction.failed = None
        if outcome.error is not None:
            self._execute(QUERIES["act_undo"])
            transaction.chain = before
            del transaction.events[events:]
        self._execute(QUERIES["act_keep"])
        return outcome

    def _forget(self) -> None:
        try:
            self._execute(QUERIES["rollback"])
        except sqlite3.Error:
            # SQLite has rolled back by itself (lang_transaction.html); the caller reopens the file in any case.
            return


def _outcome(act: Act, transaction: Transaction) -> Outcome:
    try:
        return Outcome(act(transaction))
    except Exception as error:  # raised again where the act was submitted; the others of the batch go on
        return Outcome(error=error)


def claim(connection: Connection, owner: Owner) -> None:
    """State whose journal this is, or check it; the chains of both lanes begin here."""
    found = connection.execute(QUERIES["owner"]).fetchone()
    if found is not None:
        if Owner(*found) != owner:
            message = f"This folder holds the journal of device {found[1]} of site {found[0]}, not of {owner.device}."
            raise StoreForeign(message, hint="Give this device a folder of its own; never mix two journals.")
        return
    connection.execute(QUERIES["begin"])
    connection.execute(QUERIES["owner_set"], owner)
    for lane in LANES:
        connection.execute(
            QUERIES["anchor_set"], (lane, 0, chain_start(owner.site, owner.device, lane, owner.public_key))
        )
    connection.execute(QUERIES["commit"])


def load_chain(connection: Connection) -> Chain:
    """Read where both lanes stand and the last hybrid time."""
    heads, hlc = {}, 0
    for lane, seq, h in connection.execute(QUERIES["anchors"]).fetchall():
        row = connection.execute(QUERIES["journal_head"], (key_of(lane, 0), key_of(lane + 1, 0))).fetchone()
        heads[lane] = Head(seq, h) if row is None else Head(row[0] & SEQ_MAX, row[2])
        hlc = max(hlc, 0 if row is None else row[1])
    row = connection.execute(QUERIES["kept"], ("count", "from")).fetchone()
    return Chain(heads, hlc, 0 if row is None else msgspec.msgpack.decode(row[0], type=int))
