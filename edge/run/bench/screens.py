"""Fifty screens: how long a decision takes to reach them all, and what taps feel of it meanwhile."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from edge.feed import Feed
from edge.run.bench import town
from edge.run.bench.figures import BenchError, as_json, percentile, resident_mb, timed_ms
from edge.run.bench.gatehouse import Gatehouse
from edge.run.bench.served import Served, ask
from kiosk.app import streams_of

PROFILES = 20_000
TAP_EVERY_S = 0.05
OPEN_S_MAX = 15.0
NS_PER_MS = 1_000_000
TOPIC = f"gate-{town.GATE}"


def measure(streams: int, seconds: float) -> str:
    """Return the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        gatehouse = Gatehouse(Path(made) / "edge", PROFILES)
        try:
            with Served(gatehouse, screens_max=streams) as served:
                return as_json(_figures(served, streams, seconds))
        finally:
            gatehouse.close()


def _figures(served: Served, streams: int, seconds: float) -> dict[str, float | int | str]:
    alone_mb = resident_mb()
    question = {"port": served.port, "screens": served.tokens("gate", streams), "seconds": seconds}
    told: dict[str, list[float]] = {}
    listening = threading.Thread(target=lambda: told.update(ask("edge.run.bench.screens", dict(question))))
    published = Published(served.gatehouse.feed)
    listening.start()
    taps = _taps(served, streams, seconds)
    loaded_mb = resident_mb()
    listening.join()
    pushes = [
        (at_ns - published.at_ns[tap_id]) / NS_PER_MS
        for tap_id, times in told.items()
        if tap_id in published.at_ns
        for at_ns in times
    ]
    expected = len(taps) * streams
    return {
        "push_p50_ms": percentile(pushes, 0.5),
        "push_p99_ms": percentile(pushes, 0.99),
        "tap_p50_ms": percentile(taps, 0.5),
        "tap_p99_ms": percentile(taps, 0.99),
        "rss_mb": loaded_mb,
        "rss_added_mb": loaded_mb - alone_mb,
        "streams": streams,
        "missed": expected - len(pushes),
    }


class Published:
    """When each decision was published, by its tap."""

    def __init__(self, feed: Feed) -> None:
        """Listen from now on."""
        self.at_ns: dict[str, int] = {}
        self._subscription = feed.subscribe([TOPIC])
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while not self._subscription.closed:
            event = self._subscription.get(1.0)
            if event is not None and event.event == "decision":
                self.at_ns[getattr(event.body, "tap_id", "")] = event.at_ns


def _taps(served: Served, streams: int, seconds: float) -> list[float]:
    """Wait until all screens listen, then let a band pass twenty times a second."""
    open_streams = streams_of(served.app).open
    end = time.perf_counter() + OPEN_S_MAX
    while len(open_streams()) < streams:
        if time.perf_counter() > end:
            raise BenchError(f"Only {len(open_streams())} of {streams} screens could connect.")
        time.sleep(0.01)  # the client is another process: only its streams tell that it is there
    taken = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        taken.append(timed_ms(served.gatehouse.tap))
        time.sleep(TAP_EVERY_S)  # the rhythm of a busy gate is part of what is measured
    return taken


async def _listen(port: int, screen: str, token: str, *, heard: dict[str, list[float]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    path = f"/events?topics={TOPIC}&screen={screen}"
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: polso-screen-{screen}={token}\r\n\r\n".encode()
    )
    event = ""
    while line := await reader.readline():
        if line.startswith(b"event: "):
            event = line[7:].strip().decode()
        elif event == "decision" and line.startswith(b"data: "):
            at_ns = float(time.monotonic_ns())
            heard.setdefault(json.loads(line[6:])["body"]["tap_id"], []).append(at_ns)


async def client(port: int, screens: list[tuple[str, str]], seconds: float) -> dict[str, list[float]]:
    """Listen on every screen's stream; returns when (monotonic ns) each heard of each tap."""
    heard: dict[str, list[float]] = {}
    listening = [asyncio.create_task(_listen(port, *screen, heard=heard)) for screen in screens]
    await asyncio.wait(listening, timeout=seconds + 3)
    for task in listening:
        task.cancel()
    return heard


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(client(**json.load(sys.stdin)))))
