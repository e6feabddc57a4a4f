"""The cable: the one way out to central, which can be pulled and plugged in again at any moment."""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from sync import tls

POOL_MAX = 8


class Cable(HTTPAdapter):
    """Carries requests while plugged in; pulling it breaks every exchange under way, also one that waits.

    That is how threads that wait for central stop at once, and how the demo cuts the internet.
    """

    def __init__(self, *, ca: str = "", certificate: str = "", pool_max: int = POOL_MAX) -> None:
        """Begin plugged in; ``ca`` is the file of the only authority that may vouch for the other side.

        ``certificate`` is the file (certificate and key) by which this side shows who it is, if it has to.
        """
        self.ca, self.certificate = ca, certificate
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._guard = threading.Lock()
        self._plugged = True
        super().__init__(pool_connections=POOL_MAX, pool_maxsize=pool_max)

    @property
    def plugged(self) -> bool:
        """Whether anything can get out."""
        return self._plugged

    def pull(self) -> None:
        """Let nothing in or out any more."""
        self._plugged = False
        with self._guard:
            under_way = list(self._open)
        for connection in under_way:
            _hang_up(connection)

    def plug(self) -> None:
        """Let everything through again."""
        self._plugged = True

    def session(self) -> requests.Session:
        """Return a session over this cable, one per thread; no environment variable leads it elsewhere."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca or True
        session.cert = self.certificate or None
        session.mount("http://", self)
        session.mount("https://", self)
        return session

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401  # requests' own seam
        """Send one request, or fail at once when pulled."""
        self._demand_plugged(request)
        answer = super().send(request, *args, **kwargs)
        self._demand_plugged(request, answer)
        return answer

    def _demand_plugged(
        self, request: requests.PreparedRequest, answer: requests.Response | None = None
    ) -> None:
        if self._plugged:
            return
        if answer is not None:
            answer.close()
        raise requests.ConnectionError("The cable is pulled.", request=request)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # requests' own seam
        """Make pools whose connections are known here."""
        kwargs["ssl_context"] = tls.context()
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def _pools(self) -> Mapping[str, type[HTTPConnectionPool]]:
        plugged_in = self._note

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                plugged_in(self)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                plugged_in(self)

        plain = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
        secure = type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure})
        return {"http": plain, "https": secure}

    def _note(self, connection: HTTPConnection) -> None:
        with self._guard:
            self._open.add(connection)
        if not self._plugged:
            _hang_up(connection)


def _hang_up(connection: HTTPConnection) -> None:
    if connection.sock is None:
        return
    try:
        connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was first
