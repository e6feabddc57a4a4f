"""Proving: what the chain and a request's signature cost an event, at both ends, in batches of usual size."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import requests

from edge.clock import wall_ms
from edge.core.events import Event, Kind, canonical, chain_link
from sync.signing import IDEMPOTENCY, Keys, Message, Signer, fields, public_half, verify
from sync.wire import ROWS_USUAL

ROUNDS = 15
"""Each both ends in turns; the one in the middle counts."""
URL = "https://central.example/v1/devices/bench/events"
PRIVATE_KEY = b"p" * 32
BODY = bytes(160)
"""With its columns an event is then as long as a decision's record is where nothing is special about it."""
PACKED_BYTES = 16
"""What an event takes once it is packed: so much of a body a signature's digest covers for it."""


class Proved(NamedTuple):
    """Microseconds an event: of who writes and sends it, and of who takes it."""

    edge_us: float
    central_us: float


def per_event() -> Proved:
    """Return what proving costs in this process; nothing is stored and nothing is sent."""
    rows = [canonical(_event(seq)) for seq in range(1, ROWS_USUAL + 1)]
    keys = Keys(key_id="bench.bench.1", private_key=PRIVATE_KEY)
    signer, public = Signer(keys, wall_ms, dialled=URL), public_half(PRIVATE_KEY)
    packed = bytes(PACKED_BYTES * ROWS_USUAL)
    edge: list[float] = []
    central: list[float] = []
    for _ in range(ROUNDS):
        request = requests.Request("POST", URL, data=packed, headers={IDEMPOTENCY: "i"}).prepare()
        edge.append(_took_us(rows, lambda: signer(request)))  # noqa: B023  # called at once
        message = Message(method="POST", url=URL, headers=fields(request.headers.items()), body=packed)
        central.append(_took_us(rows, lambda: verify(message, public, now_ms=wall_ms())))  # noqa: B023  # as above
    return Proved(statistics.median(edge), statistics.median(central))


def _took_us(rows: Sequence[bytes], prove: Callable[[], object]) -> float:
    began, previous = time.perf_counter(), bytes(32)
    for row in rows:
        previous = chain_link(previous, row)
    prove()
    return (time.perf_counter() - began) * 1_000_000 / len(rows)


def _event(seq: int) -> Event:
    hlc = (wall_ms() << 16) + seq
    return Event(
        lane=0, seq=seq, hlc=hlc, offset_ms=0, uncertainty_ms=5, kind=Kind.DECIDED, schema=1,
        band=bytes(16), body=BODY, h=b"",
    )  # fmt: skip
