"""The tap over HTTP: a remote reader's POST beside a bare one on the same server, in turns."""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.run.bench import town
from edge.run.bench.figures import BenchError, as_json, in_turns, percentile
from edge.run.bench.gatehouse import STRIDE, Gatehouse
from edge.run.bench.served import Served, ask

PROFILES = 20_000
CLIENTS = 8
TAPS = "/api/v1/taps"
BARE = "/bench/bare"


def measure(seconds: float) -> str:
    """Return the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        gatehouse = Gatehouse(Path(made) / "edge", PROFILES)
        try:
            with Served(gatehouse) as served:
                served.app.add_url_rule(BARE, "bare", lambda: "{}", methods=["POST"])
                return as_json(_figures(served, seconds))
        finally:
            gatehouse.close()


def _figures(served: Served, seconds: float) -> dict[str, float | int | str]:
    tokens = [token for _, token in served.tokens("reader", CLIENTS)]
    question: dict[str, object] = {"port": served.port, "tokens": tokens, "seconds": seconds}
    cpu_before = time.process_time()
    told = ask("edge.run.bench.http", question)
    cpu_s = time.process_time() - cpu_before
    taps, bares = told["taps"], told["bares"]
    return {
        "tap_p50_ms": percentile(taps, 0.5),
        "tap_p99_ms": percentile(taps, 0.99),
        "bare_p50_ms": percentile(bares, 0.5),
        "bare_p99_ms": percentile(bares, 0.99),
        "ratio_p50": percentile(taps, 0.5) / percentile(bares, 0.5),
        "ratio_p99": percentile(taps, 0.99) / percentile(bares, 0.99),
        "taps_per_s": told["taps_per_s"][0],
        "cpu_ms_per_tap": cpu_s * 1000 / (len(taps) + told["taps_at_once"][0]),
        "clients": CLIENTS,
    }


class Client:
    """One remote reader on one kept connection."""

    def __init__(self, port: int, token: str, numbers: Iterator[int]) -> None:
        """Connect at the first question."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        self._numbers = numbers

    def tap(self) -> None:
        """Present the next band; anything but a granted tap ends the measurement."""
        number = next(self._numbers)
        uid = town.uid(number * STRIDE % PROFILES).hex()
        body = {"tap_id": f"bench:{number:08}", "seq": number, "uid": uid, "trust": 3}
        answer = json.loads(self._post(TAPS, json.dumps(body)))
        if answer.get("outcome") != "granted":
            raise BenchError(f"A tap was answered {answer}.")

    def bare(self) -> None:
        """Post the same to a route that does nothing."""
        self._post(BARE, '{"tap_id": "bench:00000000", "seq": 1, "uid": "04000000000000", "trust": 3}')

    def _post(self, path: str, body: str) -> bytes:
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise BenchError(f"{path} was answered {answer.status}: {told[:200]!r}")
        return told


def client(port: int, tokens: list[str], seconds: float) -> dict[str, list[float]]:
    """Ask in turns with one reader, then with all at once; milliseconds and rates."""
    numbers = itertools.count(1)
    readers = [Client(port, token, numbers) for token in tokens]
    # The turns go over all tokens: a single reader is allowed fewer taps a second than this asks.
    turns = itertools.cycle(readers)
    for reader in readers:
        reader.tap()
        reader.bare()
    taps, bares = in_turns(lambda: next(turns).tap(), readers[0].bare, seconds * 0.7)
    count, took_s = _at_once([reader.tap for reader in readers], seconds * 0.3)
    return {"taps": taps, "bares": bares, "taps_per_s": [count / took_s], "taps_at_once": [float(count)]}


def _at_once(acts: list[Callable[[], None]], seconds: float) -> tuple[int, float]:
    counts = [0] * len(acts)
    until = time.perf_counter() + seconds

    def lane(number: int) -> None:
        while time.perf_counter() < until:
            acts[number]()
            counts[number] += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=lane, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), time.perf_counter() - began


if __name__ == "__main__":
    sys.stdout.write(json.dumps(client(**json.load(sys.stdin))))
