"""Workers of central for measurements: processes of their own on one database, under one public name."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from urllib.request import urlopen

import msgspec

from edge.clock import wall_ms
from edge.core.bands import BandState
from edge.run import garbage
from edge.run.bench.figures import BenchError
from edge.run.platform import Central, settings
from edge.run.waiting import until, until_stopped
from sync.central.feed import publish_band
from sync.central.store import Store
from sync.wire import BandNotice

PUBLIC = "http://central.bench"
"""What every device signs for, whichever worker it is led to."""
STOP_S_MAX = 10
HELD_S_MAX = 20.0
OPEN_POLLS = "polso_central_open_polls "


class Ready(msgspec.Struct):
    """What a worker says once it answers: where."""

    url: str


class Recall(msgspec.Struct):
    """A band to be revoked, as hexadecimal digits."""

    site: str
    band: str


class Recalled(msgspec.Struct):
    """When a worker began to revoke it, on the machine's monotonic clock."""

    began_s: float


class Worker:
    """One process of central."""

    def __init__(self, database: str, polls: int) -> None:
        """Start it; it answers once ``url`` was read."""
        # Not a pipe: nobody reads while it works, and a full one would stop it in mid answer.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it stops
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "edge.run.bench.workers", database, str(polls)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        self.url = ""

    def answer(self) -> None:
        """Wait until it answers; workers start beside each other."""
        self.url = msgspec.json.decode(self._read(), type=Ready).url

    def revoke(self, site: str, band: bytes) -> float:
        """Have it revoke a band; return when it began to."""
        assert self._process.stdin is not None  # noqa: S101  # it was asked for above
        self._process.stdin.write(msgspec.json.encode(Recall(site, band.hex())) + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._read(), type=Recalled).began_s

    def polls(self) -> int:
        """Return how many feed requests it holds open, as it tells its operator."""
        with urlopen(f"{self.url}/metrics") as answer:  # noqa: S310  # our own worker's address
            lines = answer.read().decode().splitlines()
        return int(float(next(line for line in lines if line.startswith(OPEN_POLLS)).split()[1]))

    def stop(self) -> None:
        """Stop it as a supervisor does."""
        self._process.terminate()
        self._process.communicate(timeout=STOP_S_MAX)
        self._said.close()

    def _read(self) -> bytes:
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            self._process.wait(STOP_S_MAX)
            self._said.seek(0)
            raise BenchError(f"Central did not start: {self._said.read()[-500:].decode()}")
        return line


@contextmanager
def workers_at(database: str, count: int, *, polls: int) -> Iterator[Sequence[Worker]]:
    """Run so many workers on one database, each with room for so many feed requests held open."""
    with ExitStack() as stack:
        workers = [Worker(database, polls) for _ in range(count)]
        for worker in workers:
            stack.callback(worker.stop)
        for worker in workers:
            worker.answer()
        yield workers


def await_polls(workers: Sequence[Worker], count: int, *, or_else: Callable[[], bool]) -> bool:
    """Wait until so many feed requests are held open by all workers together, or something else is."""
    until(lambda: or_else() or sum(worker.polls() for worker in workers) >= count, HELD_S_MAX)
    return not or_else()


def serve(database: str, polls: int) -> None:
    """Be one worker until told to stop; revoke what is asked for on the way."""
    store = Store(database, now_ms=wall_ms)
    chosen = msgspec.structs.replace(settings(url=PUBLIC), polls_max=polls)
    central = Central(store, chosen, host="127.0.0.1", port=0)
    central.start()
    garbage.settle()  # as the product does once it is built
    threading.Thread(target=_obey, args=(store,), daemon=True).start()
    until_stopped(central.stop, started=lambda: _say(Ready(central.url)))


def _obey(store: Store) -> None:
    for line in sys.stdin.buffer:
        asked = msgspec.json.decode(line, type=Recall)
        began_s = time.monotonic()
        notice = BandNotice(band=bytes.fromhex(asked.band), state=BandState.REVOKED, epoch=0)
        with store.transaction() as tx:
            publish_band(tx, asked.site, notice)
        _say(Recalled(began_s))


def _say(told: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
