"""A remote reader's end of the line: it asks an edge what becomes of a band, and knows nothing itself."""

from __future__ import annotations

import secrets
import time
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from edge.core.decision import Family, Outcome
from edge.errors import PolsoError
from sync.client.cable import Cable
from sync.packing import UNREADABLE

CONNECT_S_MAX = 1.0
ENROL_S_MAX = 10.0
PAUSE_S = 0.1
"""Between two questions about one tap: an edge that is being started again is back within seconds."""
UNHEARD = (401, 403)
SCREEN_COOKIE = "polso-screen-"
T = TypeVar("T")


class Away(PolsoError):
    """The edge does not answer."""

    hint = "Look whether it runs, and whether this reader reaches it; bands are refused meanwhile."
    retryable = True


class NotIts(PolsoError):
    """The edge does not know this reader, or knows it no more."""

    hint = "Make a code for a reader on the edge's page /ops/screens, and start with --code once more."


class Presented(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One band as the edge is asked about it; asked again under the same id, the answer is the same."""

    tap_id: str
    seq: int
    uid: str
    trust: int = 1
    counter: int | None = None
    product: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate and a light need of the edge's answer; ``seq`` is the number in its journal."""

    seq: int
    tap_id: str
    outcome: Outcome
    family: Family
    people: int = 1


class _Enrolled(msgspec.Struct, frozen=True):
    screen: str
    kind: str


class EdgeLine:
    """The line to one edge, under a token of its own."""

    def __init__(self, url: str, cable: Cable, token: str = "") -> None:
        """Speak to ``url``; without a token only ``enrol`` is of use."""
        self._url, self._session = url.rstrip("/"), cable.session()
        self._token = token

    def enrol(self, code: str) -> str:
        """Spend a one-time code and return the token that it gives; from now on it is this line's."""
        body = {"op": f"enrol-{secrets.token_hex(8)}", "code": code}
        answer = self._post("/api/v1/enrol", msgspec.json.encode(body), ENROL_S_MAX)
        found = _read(answer, _Enrolled)
        tokens = [one.value for one in answer.cookies if one.name.endswith(SCREEN_COOKIE + found.screen)]
        if found.kind != "reader" or not tokens or not tokens[0]:
            raise NotIts(f"This code is for a {found.kind}.")
        self._session.cookies.clear()
        self._token = tokens[0]
        return self._token

    def present(self, tap: Presented, wait_s: float) -> Verdict:
        """Return what becomes of a band; a lost answer is asked for again, under the same id.

        Raises ``Away`` when none came within ``wait_s``, and ``NotIts`` where this reader may not ask.
        """
        until, body = time.monotonic() + wait_s, msgspec.json.encode(tap)
        while True:
            try:
                left = max(PAUSE_S, until - time.monotonic())
                return _read(self._post("/api/v1/taps", body, left), Verdict)
            except Away:
                if time.monotonic() + PAUSE_S >= until:
                    raise
                time.sleep(PAUSE_S)

    def _post(self, path: str, body: bytes, wait_s: float) -> requests.Response:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        else:  # the edge takes codes from its own pages alone; what it asks for there is its own address
            headers["Origin"] = "{0.scheme}://{0.netloc}".format(urlsplit(self._url))
        limits = (min(CONNECT_S_MAX, wait_s), wait_s)
        try:
            answer = self._session.post(
                self._url + path, data=body, headers=headers, timeout=limits, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Away(f"{self._url} does not answer: {error}.") from error
        if answer.status_code in UNHEARD:
            raise NotIts(f"{self._url} does not know this reader.")
        if answer.status_code != requests.codes.ok:
            raise Away(f"{self._url} answers {answer.status_code}.")
        return answer


def _read(answer: requests.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except UNREADABLE as error:
        raise Away(f"{answer.url} answers what no edge says.") from error
