"""A browser's end of a stream, and a desk that is open for it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from tests.kiosk.desk_park import Desk, a_desk, serving

QUICK = {"heartbeat_s": 0.2, "watch_s": 0.1}


@dataclass
class Heard:
    """One event off the wire."""

    type: str
    id: str
    topic: str
    age_ms: int
    body: Any


class Listener:
    """A browser's end of a stream, read line by line."""

    def __init__(self, url: str, query: str, cookie: str = "", headers: dict[str, str] | None = None) -> None:
        at = urlsplit(url)
        self.connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=4)
        self.connection.request("GET", f"/events?{query}", headers={"Cookie": cookie, **(headers or {})})
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def next(self) -> Heard | None:
        """Return the next event, or None at the end of the stream."""
        fields: dict[str, str] = {}
        while (line := self.response.readline().decode()) not in ("\n", ""):
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        if not fields:
            return None
        assert "data" in fields, fields
        told = json.loads(fields["data"])
        return Heard(fields["event"], fields.get("id", ""), told["topic"], told["age_ms"], told["body"])

    def until(self, *types: str) -> Heard:
        """Return the next event of one of these types."""
        while (event := self.next()) is not None:
            if event.type in types:
                return event
        raise AssertionError(f"the stream ended before {types}")

    def rest(self) -> list[Heard]:
        return list(iter(self.next, None))

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def cookie_of(client: FlaskClient) -> str:
    cookies: list[Any] = list(client._cookies.values())  # werkzeug has no public list of them
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in cookies)


@dataclass
class Open:
    desk: Desk
    url: str
    listeners: list[Listener] = field(default_factory=list)

    def listen(self, client: FlaskClient, query: str, **headers: str) -> Listener:
        self.listeners.append(Listener(self.url, query, cookie_of(client), headers))
        return self.listeners[-1]

    def hang_up(self) -> None:
        while self.listeners:
            self.listeners.pop().close()

    def gate(self, client: FlaskClient | None = None, after: str = "") -> tuple[FlaskClient, str, Listener]:
        """A new gate screen and its stream, past hello and resync."""
        made, screen = self.desk.screen("gate", client=client)
        listener = self.listen(made, f"topics=gate-north,devices&screen={screen}&after={after}")
        return made, screen, listener


@contextmanager
def an_open_desk(folder: Path, *, threads: int | None = None, **settings: Any) -> Iterator[Open]:
    with a_desk(folder, **(QUICK | settings)) as desk, serving(desk, threads=threads) as url:
        opened = Open(desk, url)
        try:
            yield opened
        finally:
            opened.hang_up()


def wait_until(true: Callable[[], object], limit_s: float = 4.0) -> None:
    ends = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < ends, "it did not come true"
        threading.Event().wait(0.01)
