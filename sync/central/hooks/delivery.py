"""Delivery: finds who has something to hear, and serves each by a thread of its own."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import urlsplit

import requests

from sync.central.hooks import outward, subscriptions
from sync.central.hooks.service import Service
from sync.central.hooks.subscriptions import QUEUE
from sync.central.machines.voice import voice
from sync.central.rounds import Rounds
from sync.central.store import Store

DUE_MAX = 256


class Delivery(Rounds):
    """Looks twice a second; a subscriber that answers slowly delays nobody but itself."""

    name: ClassVar[str] = "hooks"
    every_ms: ClassVar[int] = 500
    failing: ClassVar[str] = "letters to integrators wait"

    def __init__(
        self,
        store: Store,
        *,
        public_url: str,
        line: Callable[[], requests.Session] = outward.session,
        draw: Callable[[], float] = random.random,  # spreads load, guards nothing
    ) -> None:
        """Act on an open store under central's own address; several workers may do so at once."""
        super().__init__()
        self._store, self._line, self._draw = store, line, draw
        self._origin = urlsplit(public_url).hostname or ""
        self._busy: list[threading.Thread] = []

    def look(self) -> int:
        """Begin to serve everybody who is due; returns how many."""
        self._busy = [one for one in self._busy if one.is_alive()]
        with self._store.reading() as tx:
            due = QUEUE.due(tx, self._store.now_ms(), limit=DUE_MAX)
        for site, id_, claims in due:
            one = threading.Thread(target=self.serve, args=(site, id_, claims), name=f"hook-{id_}")
            self._busy.append(one)
            one.start()
        return len(due)

    def stop(self) -> None:
        """Look no more, and wait for what is under way."""
        super().stop()
        self.settle()

    def settle(self) -> None:
        """Wait for everybody who is being served."""
        for one in self._busy:
            one.join()

    def serve(self, site: str, id_: str, claims: int) -> None:
        """Serve one subscriber, unless another worker does."""
        with self._store.transaction() as tx:
            taken = subscriptions.claim(tx, site, id_, claims=claims)
            keys = voice(tx, site)
        if taken is None:
            return
        with self._line() as line:
            service = Service(self._store, site, taken, keys=keys, line=line)
            service.run(origin=self._origin, draw=self._draw, rest=self._stop.wait)
