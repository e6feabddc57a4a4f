"""Wires: many kept-alive connections on one thread, because devices' own work is not central's."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from edge.clock import wall_ms
from edge.run.bench.figures import BenchError
from edge.run.bench.workers import PUBLIC
from sync.signing import Keys, Signer, check_answer

READ_BYTES = 65_536
SILENT_S_MAX = 30.0
END = b"\r\n\r\n"


class Reply(NamedTuple):
    """An answer as it came, when its request went out and when all of it was there (monotonic seconds)."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes
    began_s: float
    done_s: float


def signed(method: str, path: str, keys: Keys, **said: object) -> requests.PreparedRequest:
    """Return a request as a device of the product signs it, ready to be sent."""
    auth = Signer(keys, wall_ms, dialled=PUBLIC)
    return requests.Request(method, PUBLIC + path, auth=auth, **said).prepare()


def demand_central(central: bytes, asked: requests.PreparedRequest, reply: Reply) -> None:
    """Raise unless central signed this answer to this very request, as a device does."""
    answer = requests.Response()
    answer.status_code, answer.headers, answer.request = reply.status, reply.headers, asked
    check_answer(central, answer, reply.body)


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

    def ask(self, asked: Sequence[requests.PreparedRequest]) -> list[Reply]:
        """Send all of these, and return what was answered, in their order."""
        self.begin(asked)
        return self.finish()

    def begin(self, asked: Sequence[requests.PreparedRequest]) -> None:
        """Send these as far as connections are free."""
        self._waiting.extend(enumerate(map(_raw, asked)))
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
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = CaseInsensitiveDict(_field(line) for line in lines)
        if len(body) < int(headers["Content-Length"]):
            return None
        return Reply(int(first.split(" ", 2)[1]), headers, body, self._began_s, time.monotonic())


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()


def _raw(asked: requests.PreparedRequest) -> bytes:
    """Return a request as it goes over the wire."""
    body = asked.body or b""
    fields = "".join(f"{name}: {value}\r\n" for name, value in asked.headers.items())
    head = f"{asked.method} {asked.path_url} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n"
    return head.encode("latin-1") + (body.encode() if isinstance(body, str) else body)
