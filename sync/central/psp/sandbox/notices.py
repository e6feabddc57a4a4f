"""Notices of the test provider: signed, sent until they are taken, in the order that a card asks for."""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec
import requests

from edge.clock import monotonic_ms, wall_ms
from sync.central.psp.sandbox.book import Book, Thing

TRIES_MAX = 8
WAIT_MS_MIN = 50
TIMEOUT_S = 5
QUEUED_MAX = 10_000
LOG = logging.getLogger("polso.sandbox")


class Sent(NamedTuple):
    """One delivery, and what it was answered; 0: nothing."""

    kind: str
    status: int


class Notices:
    """Sends by one thread to one address; a delivery that is not taken is repeated a few times."""

    def __init__(self, book: Book, secret: str) -> None:
        """Write every notice into ``book``, sign it with ``secret``; without an address none is sent."""
        self._book, self._secret, self.url = book, secret.encode(), ""
        self.sent: list[Sent] = []
        self._due: queue.Queue[tuple[int, Callable[[], None]] | None] = queue.Queue(QUEUED_MAX)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-notices", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopping.set()
        self._due.put(None)
        self._thread.join()

    def tell(self, kind: str, thing: Thing, *, forged: bool = False, times: int = 1) -> None:
        """Send a notice by the thread."""
        body = self._written(kind, thing)
        for at in range(times):
            self.later(0, partial(self._deliver, kind, body, forged=forged and not at))

    def tell_now(self, kind: str, thing: Thing) -> None:
        """Send a notice and return when it was answered."""
        self._deliver(kind, self._written(kind, thing))

    def later(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Do something after all that is due already."""
        self._due.put((monotonic_ms() + delay_ms, act))

    def drain(self) -> None:
        """Return when nothing more is due."""
        self._due.join()

    def _run(self) -> None:
        while (due := self._due.get()) is not None:
            at, act = due
            self._wait(at - monotonic_ms())
            act()
            self._due.task_done()
        self._due.task_done()

    def _written(self, kind: str, thing: Thing) -> bytes:
        made = self._book.keep("evt", "event", wall_ms() // 1000, type=kind, data={"object": thing})
        return msgspec.json.encode(made)

    def signature(self, body: bytes, *, at_s: int | None = None) -> str:
        """Return the header that belongs to these octets at this moment."""
        at_s = wall_ms() // 1000 if at_s is None else at_s
        mac = hmac.new(self._secret, b"%d." % at_s + body, "sha256").hexdigest()
        return f"t={at_s},v1={mac}"

    def _deliver(self, kind: str, body: bytes, *, forged: bool = False) -> None:
        if not self.url:
            return
        for again in range(TRIES_MAX):
            signature = (
                f"t={wall_ms() // 1000},v1={'0' * 64}" if forged and not again else self.signature(body)
            )
            status = self._post(body, signature)
            self.sent.append(Sent(kind, status))
            if status // 100 == 2:
                return
            self._wait(WAIT_MS_MIN << again)
        LOG.warning("a notice was not taken kind=%s", kind)

    def _wait(self, wait_ms: int) -> None:
        self._stopping.wait(dt.timedelta(milliseconds=max(0, wait_ms)).total_seconds())

    def _post(self, body: bytes, signature: str) -> int:
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
        try:
            return requests.post(self.url, data=body, headers=headers, timeout=TIMEOUT_S).status_code
        except requests.RequestException:
            return 0
