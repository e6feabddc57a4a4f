"""Wires: many kept-alive connections on one thread, because devices' own work is not central's."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from edge.run.bench.figures import BenchError
from sync.client.presigned import Presigned, Spoken, read_head

READ_BYTES = 65_536
SILENT_S_MAX = 30.0
END = b"\r\n\r\n"
HOST = "127.0.0.1"


class Reply(NamedTuple):
    """An answer, when its request went out and when all of it was there (monotonic seconds)."""

    spoken: Spoken
    began_s: float
    done_s: float


class Wires:
    """So many connections to some workers in turn; each takes the next request as soon as it is free."""

    def __init__(self, urls: Sequence[str], count: int) -> None:
        """Connect."""
        self._ready = selectors.DefaultSelector()
        self._free: deque[_Wire] = deque()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._told: dict[int, Reply] = {}
        self._asked = 0
        for number in range(count):
            where = urlsplit(urls[number % len(urls)])
            wire = _Wire(socket.create_connection((where.hostname, where.port)))
            self._ready.register(wire.socket, selectors.EVENT_READ, wire)
            self._free.append(wire)

    def ask(self, asked: Sequence[Presigned]) -> list[Reply]:
        """Send all of these, and return what was answered, in their order."""
        self.begin(asked)
        return self.finish()

    def begin(self, asked: Sequence[Presigned]) -> None:
        """Send these as far as connections are free."""
        self._waiting.extend(enumerate(one.written(HOST) for one in asked))
        self._asked = len(asked)
        while self._free and self._waiting:
            self._free.popleft().send(*self._waiting.popleft())

    def finish(self) -> list[Reply]:
        """Return all answers, the others having been sent meanwhile."""
        while len(self._told) < self._asked:
            ready = self._ready.select(SILENT_S_MAX)
            if not ready:
                raise BenchError("Central fell silent.")
            for key, _ in ready:
                self._hear(key.data)
        told = [self._told[number] for number in range(self._asked)]
        self._told.clear()
        return told

    def heard(self) -> bool:
        """Say whether anything was answered that nobody has read."""
        return bool(self._ready.select(0))

    def close(self) -> None:
        """Hang up everywhere."""
        for key in list(self._ready.get_map().values()):
            key.data.socket.close()
        self._ready.close()

    def _hear(self, wire: _Wire) -> None:
        reply = wire.receive()
        if reply is None:
            return
        self._told[wire.number] = reply
        if self._waiting:
            wire.send(*self._waiting.popleft())
        else:
            self._free.append(wire)


class _Wire:
    """One connection, and the answer that is on its way."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket, self.number = connected, 0
        self._began_s, self._came = 0.0, b""
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, number: int, raw: bytes) -> None:
        self.number, self._came, self._began_s = number, b"", time.monotonic()
        self.socket.sendall(raw)

    def receive(self) -> Reply | None:
        """Read what there is; return the answer once it is whole."""
        piece = self.socket.recv(READ_BYTES)
        if not piece:
            raise BenchError("Central hung up.")
        self._came += piece
        head, found, body = self._came.partition(END)
        if not found:
            return None
        status, headers = read_head(head)
        if len(body) < int(headers["Content-Length"]):
            return None
        spoken = Spoken(status=status, headers=headers, body=body)
        return Reply(spoken, self._began_s, time.monotonic())
