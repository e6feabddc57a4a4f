"""Pruning: what central has held for days may go, a little at a time."""

from __future__ import annotations

from edge.store.queries import QUERIES
from edge.store.records import LANES, SEQ_MAX, Connection, key_of

KEEP_ACKED_MS_MIN = 7 * 24 * 3_600_000
"""So long after its ack a record stays, so that a restored central is a plain re-send."""
PRUNE_ROWS_MAX = 500
"""Rows in one step: a tap never waits for a long delete."""


class Pruner:
    """Walks the journal's old end and the answers beside it; never touches a record that is not acked."""

    def __init__(self, connection: Connection) -> None:
        """Work on the writing connection, between batches."""
        self._execute = connection.execute
        self._answers_after = ""

    def step(self, now_ms: int) -> int:
        """Forget at most ``PRUNE_ROWS_MAX`` records a lane and as many answers; return how many went."""
        return (
            sum(self._prune_lane(lane, now_ms - KEEP_ACKED_MS_MIN) for lane in LANES) + self._prune_answers()
        )

    def _prune_lane(self, lane: int, before_ms: int) -> int:
        acked = self._one("acked_before", lane, before_ms)
        first = self._anchor(lane) + 1
        head = self._execute(QUERIES["journal_head"], (key_of(lane, 0), key_of(lane + 1, 0))).fetchone()
        # The head stays whatever its age: the hybrid clock goes on from it.
        last = min(acked, first + PRUNE_ROWS_MAX - 1, 0 if head is None else (head[0] & SEQ_MAX) - 1)
        if last < first:
            return 0
        h = self._execute(QUERIES["journal_one"], (key_of(lane, last),)).fetchone()[8]
        self._execute(QUERIES["begin"])
        self._execute(QUERIES["journal_prune"], (key_of(lane, first), key_of(lane, last)))
        self._execute(QUERIES["anchor_set"], (lane, last, h))
        self._execute(QUERIES["acks_prune"], (lane, lane + len(LANES), before_ms, acked))
        self._execute(QUERIES["commit"])
        return last - first + 1

    def _prune_answers(self) -> int:
        """An answer goes with its record: both or neither can be asked for again."""
        gone = self._anchor(0)
        if gone == 0:
            return 0
        rows = self._execute(QUERIES["answers_walk"], (self._answers_after, PRUNE_ROWS_MAX)).fetchall()
        self._answers_after = rows[-1][0] if rows else ""
        old = [tap_id for tap_id, seq in rows if seq <= gone]
        if old:
            self._execute(QUERIES["begin"])
            for tap_id in old:
                self._execute(QUERIES["answer_drop"], (tap_id,))
            self._execute(QUERIES["commit"])
        return len(old)

    def _anchor(self, lane: int) -> int:
        anchors = {row[0]: row[1] for row in self._execute(QUERIES["anchors"]).fetchall()}
        return int(anchors.get(lane, 0))

    def _one(self, name: str, lane: int, before_ms: int) -> int:
        return int(self._execute(QUERIES[name], (lane, before_ms)).fetchone()[0])
