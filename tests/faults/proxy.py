"""A TCP proxy that loses, cuts and delays, by seed, so that a network's faults need no privilege."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

READ_BYTES = 4_096
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Faults:
    """What the proxy does to each answer; ``lost`` counts the answers that central gave and nobody got."""

    seed: int = 1
    lose_replies: float = 0.0
    cut_replies_after: int | None = None
    blackhole: bool = False
    bad_gateway: bool = False
    one_way: bool = False
    """Requests arrive, and no answer comes back."""
    reset: bool = False
    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float = 0.0
    """How slow the line is, each way of each connection; 0: as fast as it goes."""
    lost: int = 0
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311  # a test repeats its faults by seed

    def holds_s(self, octets: int) -> float:
        """How long so many bytes are under way."""
        paced = octets / self.bytes_per_s if self.bytes_per_s else 0.0
        return self.delay_s + paced + (self.random.random() * self.jitter_s if self.jitter_s else 0.0)

    def loses_this(self) -> bool:
        """Whether this answer is lost after central has given it."""
        if self.random.random() >= self.lose_replies:
            return False
        self.lost += 1
        return True


class Proxy:
    """Stands between one client and one server; each connection has two threads."""

    def __init__(self, target: str, faults: Faults) -> None:
        where = urlsplit(target)
        self._target = (where.hostname or "", where.port or 80)
        self._faults = faults
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._begin(self._accept)

    def close(self) -> None:
        """Hang up on everybody."""
        self._ended.set()
        _hang_up(self._listener)
        for each in list(self._open):
            _hang_up(each)
        for thread in self._threads:
            thread.join(5)

    def _begin(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]  # three shapes of target
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._open |= {near, far}
            self._begin(self._carry, near, far, False)
            self._begin(self._carry, far, near, True)

    def _carry(self, source: socket.socket, sink: socket.socket, is_reply: bool) -> None:
        try:
            while chunk := source.recv(READ_BYTES):
                if self._faults.blackhole or (self._faults.one_way and is_reply):
                    continue
                if self._faults.reset:
                    _reset(source)
                    break
                self._ended.wait(self._faults.holds_s(len(chunk)))
                if self._faults.bad_gateway:
                    if not is_reply:
                        source.sendall(BAD_GATEWAY)
                    break
                if is_reply and self._faults.loses_this():
                    break
                if is_reply and self._faults.cut_replies_after is not None:
                    sink.sendall(chunk[: self._faults.cut_replies_after])
                    break
                sink.sendall(chunk)
        except OSError:
            pass
        _hang_up(source)
        _hang_up(sink)


def _reset(connection: socket.socket) -> None:
    """Have the kernel send a reset in place of an end (socket(7), SO_LINGER of no time)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def between(target: str, faults: Faults) -> Iterator[str]:
    """A proxy before ``target``; yields its address."""
    proxy = Proxy(target, faults)
    try:
        yield proxy.url
    finally:
        proxy.close()
