"""A device on an island of its own: it does what each line of its input says, and answers with one line."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import msgspec

from sync.client import line
from sync.wire import EnrolAnswer
from tests.sync.ends import Edge, running

ANSWER_S, CONNECT_S = 1.0, 0.5
Said = dict[str, object]


class Watched(socket.socket):
    """Notes which threads open sockets."""

    openers: ClassVar[set[str]] = set()

    def __init__(self, *args: object, **more: object) -> None:
        self.openers.add(threading.current_thread().name)
        super().__init__(*args, **more)  # type: ignore[arg-type]  # passed on as it came


def write(edge: Edge, lane: int, count: int) -> Said:
    """Write some events; say how long the slow ones of them waited."""
    waits = []
    for _ in range(count):
        began = time.perf_counter()
        edge.write(1, lane)
        waits.append((time.perf_counter() - began) * 1_000)
    return {"p90_ms": sorted(waits)[count * 9 // 10]}


def state(edge: Edge) -> Said:
    """Try now, and say how sync is."""
    edge.client.kick()
    health = edge.client.health()
    return {
        "alarm": health.alarm,
        "outbox": health.outbox,
        "frozen": health.frozen,
        "acked": [edge.journal.acked(lane) for lane in (0, 1)],
        "openers": sorted(Watched.openers),
    }


def main(folder: str, url: str, welcome: str) -> None:
    """Live until the input ends."""
    line.ANSWER_S_MAX, line.CONNECT_S_MAX = ANSWER_S, CONNECT_S
    socket.socket = Watched  # type: ignore[misc]  # whoever opens one is noted
    known = msgspec.json.decode(Path(welcome).read_bytes(), type=EnrolAnswer)
    with running(Edge(Path(folder), url, known)) as edge:
        for asked in sys.stdin:
            what, *numbers = asked.split()
            said = write(edge, *map(int, numbers)) if what == "write" else state(edge)
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
