"""A flood of junk from the network and of strangers on air, in turns with quiet, and what taps feel of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from edge.run import processor
from edge.run.bench.figures import BenchError, as_json, percentile, resident_mb, timed_ms
from edge.run.bench.gatehouse import Gatehouse
from edge.run.bench.served import Served, ask
from edge.run.bench.strangers import Flood, strangers

PROFILES = 20_000
LEAD_S = 4.0
"""Until bus, radio and bleak are there."""
WINDOW_S = 1.0
"""So long the flood lasts, and so long the quiet after it."""
SETTLE_S = 0.15
"""Taps this close to a change of window belong to neither."""
TAP_EVERY_S = 0.004
"""Far more than a gate sees: a hundredth of a window has to be more than one tap."""
HALF_OPEN = 40
"""Connections that send a byte of a header now and then, and never end it."""
DRIP_S = 0.5
ANSWER_S_MAX = 5.0
BODY = b"x" * 2000


def junk() -> tuple[bytes, ...]:
    """Return what a rogue device sends: wrong paths, bodies, cookies, hosts, and no HTTP at all."""
    head = b"Host: 127.0.0.1\r\nConnection: close\r\n"
    posted = head + b"Origin: http://127.0.0.1\r\nContent-Type: application/json\r\n"
    return (
        b"GET /wp-login.php HTTP/1.1\r\n" + head + b"\r\n",
        b"GET /assets/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + head + b"\r\n",
        b"GET /ops HTTP/1.1\r\n" + head + b"Cookie: polso-staff=" + b"A" * 43 + b"\r\n\r\n",
        b"GET /events?topics=ops HTTP/1.1\r\n" + head + b"Cookie: polso-screen-x=" + b"B" * 43 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/sign-in HTTP/1.1\r\n" + posted + b"Content-Length: 9\r\n\r\n{\"op\": [[",
        b"POST /api/v1/taps HTTP/1.1\r\n" + posted + b"Authorization: Bearer\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /api/v1/enrol HTTP/1.1\r\n" + posted + b"Content-Length: 2000\r\n\r\n" + BODY,
        b"POST /api/v1/enrol HTTP/1.1\r\n" + posted + b"Content-Length: 99999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n",
    )  # fmt: skip


def measure(rate: int, adverts: int, seconds: float) -> str:
    """Return the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        gatehouse = Gatehouse(Path(made) / "edge", PROFILES)
        try:
            with Served(gatehouse) as served:
                return as_json(_figures(served, rate, seconds, adverts=adverts))
        finally:
            gatehouse.close()


def _figures(served: Served, rate: int, seconds: float, *, adverts: int) -> dict[str, float | int | str]:
    began = time.monotonic() + LEAD_S
    question = {"port": served.port, "rate": rate, "began": began, "seconds": seconds}
    told: dict[str, list[float]] = {}
    flood = threading.Thread(target=lambda: told.update(ask("edge.run.bench.flood", dict(question))))
    windows: list[list[list[float]]] = []
    gate = threading.Thread(target=lambda: windows.extend(_taps(served.gatehouse, began, seconds)))
    for _ in range(50):
        served.gatehouse.tap()
    with processor.beside():  # the rogue has a machine of its own
        flood.start()
    with strangers(Flood(began, seconds, WINDOW_S), adverts) as heard:
        before_mb = resident_mb()
        with processor.shared():  # as the product's readers begin
            gate.start()
        gate.join()
        after_mb = resident_mb()
    flood.join()
    if not told or not windows or not all(windows):
        raise BenchError("The flood did not come.", hint="Run it for longer, on a machine that is less busy.")
    quiet, flooded = windows
    quiet_p50, quiet_p99 = _usual(quiet, 0.5), _usual(quiet, 0.99)
    flooded_p50, flooded_p99 = _usual(flooded, 0.5), _usual(flooded, 0.99)
    return {
        "quiet_p50_ms": quiet_p50,
        "quiet_p99_ms": quiet_p99,
        "flooded_p50_ms": flooded_p50,
        "flooded_p99_ms": flooded_p99,
        "ratio_p50": flooded_p50 / quiet_p50,
        "ratio_p99": flooded_p99 / quiet_p99,
        "junk_per_s": told["sent"][0] / (seconds / 2),
        "adverts_per_s": (heard.bus + heard.door) / (seconds / 2),
        "adverts_by_bus_per_s": heard.bus / (seconds / 2),
        "junk_answered_5xx": told["faults"][0],
        "rss_added_mb": after_mb - before_mb,
        "taps": sum(map(len, quiet)) + sum(map(len, flooded)),
    }


def _usual(windows: list[list[float]], share: float) -> float:
    """Return the percentile that half of the windows stay under: a neighbour's burst is in few of them."""
    return percentile([percentile(window, share) for window in windows], 0.5)


def _taps(gatehouse: Gatehouse, began: float, seconds: float) -> tuple[list[list[float]], list[list[float]]]:
    """Let bands pass until the flood ends; returns how long each took, by window: the quiet, the flooded."""
    took: dict[int, list[float]] = {}
    while (now := time.monotonic() - began) < seconds:
        one = timed_ms(gatehouse.tap)
        within = now % WINDOW_S
        if now > 0 and SETTLE_S < within < WINDOW_S - SETTLE_S:
            took.setdefault(int(now / WINDOW_S), []).append(one)
        time.sleep(TAP_EVERY_S)  # the rhythm of a busy gate is part of what is measured
    quiet, flooded = ([took[window] for window in took if window % 2 == odd] for odd in (0, 1))
    return quiet, flooded


def is_flooded(since_s: float) -> bool:
    """Say whether a moment lies in a window of flood: every other one, the first is quiet."""
    return bool(int(since_s / WINDOW_S) % 2)


async def _send(port: int, sent: bytes, *, told: dict[str, list[float]]) -> None:
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(sent)
            line = await asyncio.wait_for(reader.readline(), ANSWER_S_MAX)
            told["sent"][0] += 1
            told["faults"][0] += line[9:10] == b"5" and line[9:12] != b"503"
        finally:
            writer.close()


async def _drip(port: int, until: float) -> None:
    """Hold a connection open by a header that never ends."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        while time.monotonic() < until:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(DRIP_S)
        writer.close()


async def client(port: int, rate: int, *, began: float, seconds: float) -> dict[str, list[float]]:
    """Flood the port in every other window; returns how many were answered, and how many by a fault."""
    told: dict[str, list[float]] = {"sent": [0.0], "faults": [0.0]}
    kinds, running, number = junk(), set[asyncio.Task[None]](), 0
    slow = [asyncio.create_task(_drip(port, began + seconds)) for _ in range(HALF_OPEN)]
    while (now := time.monotonic() - began) < seconds:
        since_s = now % WINDOW_S + WINDOW_S * int(now / WINDOW_S / 2)
        while now > 0 and is_flooded(now) and number < since_s * rate:
            task = asyncio.create_task(_send(port, kinds[number % len(kinds)], told=told))
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
        await asyncio.sleep(1 / rate)  # the rhythm of the flood; what is late is made up for
    for task in slow:
        task.cancel()
    await asyncio.gather(*running, *slow, return_exceptions=True)
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(client(**json.load(sys.stdin)))))
