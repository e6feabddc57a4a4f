"""Presigned: a device's request, signed and written out ahead, for whoever sends it over another wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import requests
from requests.structures import CaseInsensitiveDict

from edge.clock import wall_ms
from sync.signing import Keys, Signer, check_answer

LATIN = "latin-1"
"""What headers are written in (RFC 9110 5.5)."""


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it came over a wire."""

    status: int
    headers: Mapping[str, str]
    """Found however they are written."""
    body: bytes


class Presigned:
    """One request to central's public address; it is as good as any for a minute from now on."""

    def __init__(
        self, method: str, url: str, keys: Keys, *, headers: Mapping[str, str], body: bytes = b""
    ) -> None:
        """Sign as a device of the product does."""
        public = "/".join(url.split("/", 3)[:3])
        signer = Signer(keys, wall_ms, dialled=public)
        asked = requests.Request(method, url, headers=dict(headers), data=body or None, auth=signer)
        self._prepared, self._central = asked.prepare(), keys.central
        self.path = self._prepared.path_url

    def written(self, host: str) -> bytes:
        """Return its bytes for a wire to ``host``, whose name is not signed for: the public address is."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in self._prepared.headers.items())
        head = f"{self._prepared.method} {self.path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"
        body = self._prepared.body or b""
        return head.encode(LATIN) + (body.encode() if isinstance(body, str) else body)

    def demand_central(self, spoken: Spoken) -> None:
        """Raise ``NotCentral`` unless central signed this answer to this very request."""
        answer = requests.Response()
        answer.status_code, answer.request = spoken.status, self._prepared
        answer.headers = CaseInsensitiveDict(spoken.headers)
        check_answer(self._central, answer, spoken.body)


def read_head(head: bytes) -> tuple[int, Mapping[str, str]]:
    """Return the status and the headers of an answer's head."""
    first, *lines = head.decode(LATIN).split("\r\n")
    return int(first.split(" ", 2)[1]), CaseInsensitiveDict(_fields(lines))


def _fields(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(":")
        yield name, value.strip()
