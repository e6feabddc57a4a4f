"""Outward: one request to an address that somebody typed in, which must lead out of the house."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from sync import tls

CONNECT_S, ANSWER_S = 5.0, 10.0
ANSWER_BYTES_MAX = 4_096
"""Nothing of an answer is read but its head; so much is taken off the line that it can be used again."""
Reaches = Callable[[str], bool]


def is_public(address: str) -> bool:
    """Say whether a literal address is one of the whole internet: nothing private, own or special."""
    found = ipaddress.ip_address(address)
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if inner is not None:
        return is_public(str(inner))
    teredo = getattr(found, "teredo", None)
    return found.is_global and not found.is_multicast and teredo is None


class Outward(HTTPAdapter):
    """Speaks https alone, and only where the address that a name came to is allowed.

    It is looked at on the connection itself, before a word is said: what a name means may change any moment.
    """

    def __init__(self, *, reaches: Reaches = is_public) -> None:
        """Connect to addresses of which ``reaches`` says yes."""
        self._reaches = reaches
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # requests' own seam
        """Make pools whose connections look where they came to."""
        kwargs["ssl_context"] = tls.context()
        super().init_poolmanager(*args, **kwargs)
        reaches = self._reaches

        class Looking(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                made: socket.socket = super()._new_conn()
                address = str(made.getpeername()[0]).partition("%")[0]
                if reaches(address):
                    return made
                made.close()
                raise NewConnectionError(self, "its name leads to a private address")

        pool = type("LookingPool", (HTTPSConnectionPool,), {"ConnectionCls": Looking})
        self.poolmanager.pool_classes_by_scheme = {"https": pool}


def session(*, ca: str = "", reaches: Reaches = is_public) -> requests.Session:
    """Return a session that goes outward only; no environment variable leads it elsewhere."""
    made = requests.Session()
    made.trust_env = False
    made.verify = ca or True
    made.adapters.clear()
    made.mount("https://", Outward(reaches=reaches))
    return made


class Letter(NamedTuple):
    """One request before it is signed and sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


def exchange(
    line: requests.Session, letter: Letter, *, sign: requests.auth.AuthBase | None = None
) -> requests.Response:
    """Send one request and return its answer's head; raise ``requests.RequestException`` without one.

    No answer leads elsewhere: a receiver that moved says so to its owner, not to us.
    """
    with line.request(
        letter.method,
        letter.url,
        headers=dict(letter.headers),
        data=letter.body,
        auth=sign,
        timeout=(CONNECT_S, ANSWER_S),
        allow_redirects=False,
        stream=True,
    ) as answer:
        answer.raw.read(ANSWER_BYTES_MAX)
        return answer
