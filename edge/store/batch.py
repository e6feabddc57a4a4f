"""A batch: many acts, each in its savepoint, one durable commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from edge.clock import Clock, Doubt
from edge.core.checkpoint import Checkpoint
from edge.core.events import Event, chain_start, chain_step
from edge.errors import StoreDamaged
from edge.store import checkpoints, driver
from edge.store.cells import CLEAR, CLOCK_DOUBT, Cells
from edge.store.checkpoints import Notary
from edge.store.counting import COUNTS, DECODE_COUNTS, Counts
from edge.store.effects import STEP_ROWS_MAX, Effects
from edge.store.queries import QUERIES
from edge.store.records import (
    LANES,
    SEQ_MAX,
    Connection,
    Head,
    Owner,
    StoreForeign,
    event_of,
    kept_or_hidden,
    key_of,
    line_of,
)
from edge.store.strays import Lookout
from edge.store.transaction import Chain, Standing, Transaction
from edge.store.trouble import cause_of

TAIL_MAX = 256
"""Records of a lane that are checked before anything is appended; `polso journal verify` checks all."""
BATCH_MAX = 256
"""Acts in one commit."""

DOUBT = (CLOCK_DOUBT, "now")
_DOUBT = msgspec.msgpack.Decoder(Doubt).decode

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
    """The journal's end as its one writer knows it: it moves on only when a batch is durable.

    Once ``run`` or ``settle`` has raised it must not be used again: open the file anew.
    """

    def __init__(
        self,
        connection: Connection,
        owner: Owner,
        clock: Clock,
        *,
        cells: Cells = CLEAR,
        notary: Notary | None = None,
    ) -> None:
        """Take over the writing connection; a journal of somebody else is refused."""
        self._execute = connection.execute
        self._connection = connection
        self._clock = clock
        claim(connection, owner)
        double_acks(connection)
        chain, effects = load_chain(connection), Effects.load(connection, cells)
        check_tails(connection)
        self.standing = Standing(chain, load_counts(connection, effects), effects, cells)
        self._notary = notary
        self._doubted = load_doubt(connection, effects)
        if self._doubted is not None:
            clock.resume(self._doubted)
        self.frozen = self._doubt(owner)
        """Why this history is not believed and nothing may be appended to it; empty: it is."""
        clock.floor(chain.hlc >> 16)

    def look_out(self, lookout: Lookout) -> None:
        """Have acts look out for rows that a flipped bit hides; who opens the file knows for how long."""
        self.standing = self.standing._replace(lookout=lookout)

    def run(self, acts: Sequence[Act]) -> Done:
        """Run every act in order and commit once; an act that raises fails alone.

        Raises the driver's error if the store itself fails: then nothing of the batch happened.
        """
        now = self._clock.moment()
        standing, doubt = self.standing, self._clock.doubt()
        tx = Transaction(self._connection, standing, now=now, offset_ms=self._clock.offset_ms(now.now_ms))
        standing.effects.begin_batch()
        try:
            self._execute(QUERIES["begin"])
            self._keep_doubt(tx, doubt)
            outcomes = [self._one(act, tx) for act in acts]
            made = self._checkpoint(tx)
            self._flush(tx.events)
            self._execute(QUERIES["commit"])
        except BaseException:
            self._forget()
            raise
        self.standing = standing._replace(chain=tx.chain, counts=tx.counts)
        self._doubted = doubt
        if made is not None and self._notary is not None:
            self._notary.settled(made, self._clock.monotonic_ms())
        return Done(outcomes, tx.events)

    def attest(self, *, last: bool = False) -> None:
        """Make a checkpoint of what has none yet, if one is due or this is the ``last`` chance."""
        notary, chain = self._notary, self.standing.chain
        if notary is None or not notary.is_behind(chain):
            return
        if last or notary.is_due(chain, self._clock.monotonic_ms()):
            notary.demand()
            self.run([])

    def unsettled(self) -> int:
        """Return how many rows wait for their table."""
        return len(self.standing.effects)

    def settle(self, rows_max: int = STEP_ROWS_MAX) -> int:
        """Write some of the waiting rows into their tables; return how many."""
        try:
            return self.standing.effects.step(self._connection, rows_max)
        except BaseException:
            self._forget()
            raise

    def _doubt(self, owner: Owner) -> str:
        """Compare the journal with its own checkpoints; without any there is nothing to compare."""
        connection, chain, effects = self._connection, self.standing.chain, self.standing.effects
        frozen = checkpoints.frozen_by(connection, effects)
        found = checkpoints.kept(connection, effects)
        if self._notary is not None and found:
            self._notary.resume(found[-1][1], found[-1][0])
        if frozen or not found:
            return frozen
        return checkpoints.doubt(connection, owner, chain, newest=found[-1][1])

    def _keep_doubt(self, tx: Transaction, doubt: Doubt | None) -> None:
        """Write down that the clock is doubted with the first batch that is, for the next run to know it."""
        if doubt == self._doubted:
            return
        self.standing.effects.begin_act()
        if doubt is None:
            tx.delete(*DOUBT)
        else:
            tx.put(*DOUBT, msgspec.msgpack.encode(doubt))

    def _checkpoint(self, tx: Transaction) -> Checkpoint | None:
        notary = self._notary
        if notary is None or not notary.is_due(tx.chain, self._clock.monotonic_ms()):
            return None
        self.standing.effects.begin_act()
        return notary.put(tx)

    def _flush(self, events: list[Event]) -> None:
        if len(events) == 1:
            self._execute(QUERIES["journal_add"], line_of(events[0]))
        elif events:
            self._connection.executemany(QUERIES["journal_add"], [line_of(event) for event in events])
        self.standing.effects.flush(self._connection)

    def _one(self, act: Act, transaction: Transaction) -> Outcome:
        before, counts, events = transaction.chain, transaction.counts, len(transaction.events)
        self.standing.effects.begin_act()
        outcome = _outcome(act, transaction)
        if transaction.failed is not None:
            if cause_of(transaction.failed):
                raise transaction.failed
            transaction.failed = None
        if outcome.error is not None:
            transaction.chain, transaction.counts = before, counts
            del transaction.events[events:]
            self.standing.effects.undo_act()
        if transaction.saved:
            self._end_savepoint(keep=outcome.error is None)
            transaction.saved = False
        return outcome

    def _end_savepoint(self, *, keep: bool) -> None:
        if not keep:
            self._execute(QUERIES["act_undo"])
        self._execute(QUERIES["act_keep"])

    def _forget(self) -> None:
        # After a full disk SQLite has rolled back by itself (lang_transaction.html).
        if self._connection.in_transaction:
            with suppress(*driver.ERRORS):
                self._execute(QUERIES["rollback"])


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
            message = f"This folder holds the journal of {found[1]} at {found[0]}, not of {owner.device}."
            raise StoreForeign(message, hint="Give this device a folder of its own; never mix two journals.")
        return
    connection.execute(QUERIES["begin"])
    connection.execute(QUERIES["owner_set"], owner)
    for lane in LANES:
        connection.execute(
            QUERIES["anchor_set"],
            (lane, 0, chain_start(owner.site, owner.device, lane, public_key=owner.public_key)),
        )
    connection.execute(QUERIES["commit"])


def double_acks(connection: Connection) -> None:
    """Write acks of a former release a second time: no ack is believed that stands there once."""
    if connection.execute(QUERIES["acks_alone"]).fetchone()[0]:
        connection.execute(QUERIES["acks_double"])


def load_chain(connection: Connection) -> Chain:
    """Read where both lanes stand, and the last hybrid time."""
    anchors = load_anchors(connection)
    heads, hlc = [], 0
    for lane in LANES:
        bounds = (key_of(lane, 0), key_of(lane + 1, 0))
        row = connection.execute(QUERIES["journal_head"], bounds).fetchone()
        heads.append(anchors[lane] if row is None else Head(row[0] & SEQ_MAX, row[2]))
        hlc = max(hlc, 0 if row is None else row[1])
    return Chain((heads[0], heads[1]), hlc)


def check_tails(connection: Connection) -> None:
    """Raise ``StoreDamaged`` if the last records do not hold together: no broken chain is continued."""
    anchors = load_anchors(connection)
    for lane in LANES:
        bounds = (key_of(lane, 0), key_of(lane + 1, 0), TAIL_MAX)
        newest_first = connection.execute(QUERIES["journal_back"], bounds).fetchall()
        # A short lane is looked at from its anchor on: its first record has no other to be compared with.
        before = anchors[lane] if len(newest_first) < TAIL_MAX else None
        for event in (event_of(row) for row in reversed(newest_first)):
            if before is not None and (event.seq != before.seq + 1 or event.h != chain_step(before.h, event)):
                raise StoreDamaged(f"Record {event.seq} of lane {lane} is not what was written.")
            before = Head(event.seq, event.h)


def load_anchors(connection: Connection) -> dict[int, Head]:
    """Read what the first kept record of each lane is chained to."""
    return {lane: Head(seq, h) for lane, seq, h in connection.execute(QUERIES["anchors"]).fetchall()}


def load_counts(connection: Connection, effects: Effects) -> Counts:
    """Read who is inside."""
    body = effects.kept.value(COUNTS)
    if body is None:
        body = kept_or_hidden(connection, COUNTS)
    return Counts() if body is None else DECODE_COUNTS(body)


def load_doubt(connection: Connection, effects: Effects) -> Doubt | None:
    """Read by how much a former run doubted the clock; None: it did not."""
    unwritten = effects.kept.entries.get(DOUBT)
    body = kept_or_hidden(connection, DOUBT) if unwritten is None else unwritten.value
    return None if body is None else _DOUBT(body)
