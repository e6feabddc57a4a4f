"""The gateway: etcd's JSON over HTTP, one call at a time, and never a second time blindly."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import requests
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from sync.client.cable import Cable

ANSWER_BYTES_MAX = 8_388_608
PIECE_BYTES = 65_536
LINE_BYTES_MAX = 4_194_304
CONNECT_S_MAX = 0.05
"""A neighbour on the same network takes a call at once or is not there."""
WORDS_MAX = 200
"""Of what a node says is wrong."""
Json = dict[str, Any]


class Unanswered(Exception):
    """No node said what became of a call; ``sent`` is False where none can have heard it."""

    def __init__(self, why: str, *, sent: bool) -> None:
        """Say why, and whether it may have happened all the same."""
        super().__init__(why)
        self.sent = sent


class WentBack(Unanswered):
    """The nodes say less than they once said: their disks are older copies, and none of it is believed."""


class Pair(NamedTuple):
    """One key as etcd keeps it."""

    key: str
    value: bytes
    revision: int
    """When it was last changed: what a compare-and-set compares, never the value."""


class Gateway:
    """Calls whichever of a cluster's nodes answers; every thread may, each over its own connections."""

    def __init__(self, nodes: Sequence[str], cable: Cable) -> None:
        """Take the nodes' addresses, the nearest first."""
        self._nodes = tuple(node.rstrip("/") for node in nodes)
        self._cable = cable
        self._first = 0
        self.newest = 0
        """The highest revision that an answer bore: reads are linearizable, no later call's can be lower."""
        self._own = threading.local()

    def call(self, path: str, body: Json, wait_s: float, *, anew: bool = False) -> Json:
        """Return what a node answers within ``wait_s``; ``anew`` begins to count revisions by this answer.

        Raises ``Unanswered``, as ``WentBack`` where the book is at a lower revision than before. Another
        node is tried only while none can have heard: a call that was heard and not answered may have been
        done.
        """
        until = time.monotonic() + wait_s
        text = json.dumps(body, separators=(",", ":")).encode()
        why = "no time"
        for _ in self._nodes:
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                return self._believed(self.newest, self._one(path, text, left), anew=anew)
            except Unanswered as error:
                self._first += 1
                why = str(error)
                if error.sent:
                    raise
        raise Unanswered(why, sent=False)

    def watch(self, body: Json, silence_s: float) -> Iterator[Json]:
        """Yield what a node tells of changes, until it is silent for ``silence_s`` or gone."""
        url = f"{self._node()}/v3/watch"
        try:
            with self._session().post(
                url, data=json.dumps(body), stream=True, timeout=(CONNECT_S_MAX, silence_s)
            ) as told:
                if told.status_code != requests.codes.ok:
                    raise ValueError(told.status_code)
                for line in map(_object, _lines(told)):
                    if "result" not in line:
                        raise ValueError(str(line)[:WORDS_MAX])
                    yield line["result"]
        except (requests.RequestException, ValueError) as error:
            self._first += 1
            raise Unanswered(f"{url}: {error}", sent=True) from error

    def _one(self, path: str, text: bytes, left_s: float) -> Json:
        url = f"{self._node()}/v3/{path}"
        limits, until = (min(CONNECT_S_MAX, left_s), left_s), time.monotonic() + left_s
        try:
            with self._session().post(url, data=text, timeout=limits, stream=True) as answer:
                if answer.status_code != requests.codes.ok:
                    # No leader, no room, no such service: nobody vouches for what became of it.
                    raise Unanswered(f"{url}: {answer.status_code}", sent=True)
                said = _object(_whole(answer, until))
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise Unanswered(f"{url}: {error}", sent=not _unheard(error)) from error
        if "header" not in said:
            raise Unanswered(f"{url}: no answer of etcd's", sent=True)
        return said

    def _believed(self, before: int, said: Json, *, anew: bool) -> Json:
        """Take an answer's revision in; ``before`` is what had been seen when the call was made."""
        revision = int(said["header"].get("revision", "0"))
        if 0 < revision < before and not anew:
            raise WentBack(f"the site's book went back from revision {before} to {revision}", sent=True)
        self.newest = revision if anew else max(self.newest, revision)
        return said

    def _node(self) -> str:
        return self._nodes[self._first % len(self._nodes)]

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = self._cable.session()
        return session


def coded(text: str | bytes) -> str:
    """Return a key or value as the gateway wants it."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode("ascii")


def after(prefix: str) -> str:
    """Return the first key beyond all that begin with a prefix, as the gateway wants it."""
    octets = prefix.encode()
    return coded(octets[:-1] + bytes((octets[-1] + 1,)))


def created(key: str) -> Json:
    """Return the comparison that a key does not exist yet."""
    return {"target": "CREATE", "result": "EQUAL", "key": coded(key), "create_revision": "0"}


def unchanged(key: str, revision: int) -> Json:
    """Return the comparison that a key was not changed since it was read; 0: it is not there."""
    return {"target": "MOD", "result": "EQUAL", "key": coded(key), "mod_revision": str(revision)}


def says(key: str, value: bytes) -> Json:
    """Return the comparison that a key says this."""
    return {"target": "VALUE", "result": "EQUAL", "key": coded(key), "value": coded(value)}


def pairs(kvs: Sequence[Json] | None) -> list[Pair]:
    """Return the keys of an answer; 64-bit numbers come as text, and what is empty is left out."""
    return [
        Pair(
            base64.b64decode(kv["key"]).decode(),
            base64.b64decode(kv.get("value", "")),
            int(kv.get("mod_revision", "0")),
        )
        for kv in kvs or ()
    ]


def ranges(answer: Json) -> list[Pair]:
    """Return all keys that a transaction's ranges found."""
    found = [one.get("response_range", {}).get("kvs") for one in answer.get("responses", ())]
    return [pair for kvs in found for pair in pairs(kvs)]


def _lines(told: requests.Response) -> Iterator[bytes]:
    """Yield whole lines as they come; ``iter_lines`` would wait for a whole chunk."""
    rest = b""
    for piece in told.iter_content(chunk_size=None):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            raise ValueError("a line without an end")
        yield from filter(None, lines)


def _whole(answer: requests.Response, until: float) -> bytes:
    """Read an answer within its time and its size: a time-out of the library is one for each piece of it."""
    body = bytearray()
    while piece := answer.raw.read1(PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            raise ValueError("too much")
        if time.monotonic() > until:
            raise ValueError("too slowly")
    return bytes(body)


def _object(text: bytes) -> Json:
    if len(text) > ANSWER_BYTES_MAX:
        raise ValueError("too much")
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError("no object")
    return said


def _unheard(error: Exception) -> bool:
    """Say whether a call cannot have reached anybody: no connection was made for it."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
