"""A device whose machine lies about the time: it writes, syncs, is lied to again, writes and syncs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec

from edge.clock import wall_ms
from sync.wire import EnrolAnswer
from tests.faults.gates import eventually
from tests.sync.ends import Edge, running

EVENTS = 10
PATIENCE_S = 20
"""Waited for by events: this library refuses a sleep to a moment of the rising clock (EINVAL)."""


def main(folder: str, url: str, welcome: str, *lies: str) -> None:
    """Say in the end what the machine's clock says, and what the journal goes by."""
    told, second = lies
    known = msgspec.json.decode(Path(welcome).read_bytes(), type=EnrolAnswer)
    with running(Edge(Path(folder), url, known)) as edge:
        edge.write(EVENTS // 2)
        eventually(edge.drained, PATIENCE_S)
        edge.write(EVENTS // 2)
        Path(told).write_text(second)
        edge.write(EVENTS)
        eventually(edge.drained, PATIENCE_S)
        sys.stdout.write(json.dumps({"wall_ms": wall_ms(), "journal_ms": edge.clock.now_ms()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
