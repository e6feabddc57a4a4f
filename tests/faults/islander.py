"""A device on an island of its own: it does what each line of its input says, and answers with one line."""

from __future__ import annotations

import json
import secrets
import socket
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import msgspec

from edge.core.events import Acted, Kind
from sync.client import line
from sync.client.pushing import Pusher
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


class Late:
    """Counts batches that nobody answered in time; who is stubborn sends them as large again."""

    count, stubborn = 0, False

    @classmethod
    def watch(cls) -> None:
        """Stand between a pusher and its smaller batches."""
        smaller = Pusher._shrink

        def shrink(pusher: Pusher) -> None:
            cls.count += 1
            if not cls.stubborn:
                smaller(pusher)

        Pusher._shrink = shrink  # type: ignore[method-assign]  # in this process alone


def heavy(edge: Edge, count: int) -> Said:
    """Write events that no packing makes small."""
    for _ in range(count):
        note = secrets.token_hex(100)
        edge.sequencer.submit(
            lambda tx, note=note: tx.append(Kind.LOOKED_UP, Acted(point="gate-1", note=note))
        )
    return {}


def stubborn(yes: int) -> Said:
    """Send what was too slow as large again, or not."""
    Late.stubborn, Late.count = bool(yes), 0
    return {}


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
        "late": Late.count,
    }


def done(edge: Edge, what: str, numbers: tuple[int, ...]) -> Said:
    """Do one thing of what a test asks for."""
    match what, numbers:
        case "write", (lane, count):
            return write(edge, lane, count)
        case "heavy", (count,):
            return heavy(edge, count)
        case "stubborn", (yes,):
            return stubborn(yes)
        case _:
            return state(edge)


def main(folder: str, url: str, welcome: str) -> None:
    """Live until the input ends."""
    line.ANSWER_S_MAX, line.CONNECT_S_MAX = ANSWER_S, CONNECT_S
    Late.watch()
    socket.socket = Watched  # type: ignore[misc]  # whoever opens one is noted
    known = msgspec.json.decode(Path(welcome).read_bytes(), type=EnrolAnswer)
    with running(Edge(Path(folder), url, known)) as edge:
        for asked in sys.stdin:
            what, *numbers = asked.split()
            said = done(edge, what, tuple(map(int, numbers)))
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
