"""The line to central: one exchange at a time, and only a typed answer of central itself is believed."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec
import requests
from urllib3.exceptions import HTTPError

from edge.clock import Clock
from edge.errors import Offline, PolsoError, Refused
from sync.client.cable import Cable
from sync.client.ports import Time
from sync.packing import UNREADABLE, Malformed, decode, encodings, pack
from sync.signing import IDEMPOTENCY, Keys, NotCentral, Signer, check_answer
from sync.wire import BATCH_BYTES_MAX, MEDIA, MEDIA_PROBLEM, PAGE_BYTES_MAX, Problem, ProblemDocument

CONNECT_S_MAX = 5.0
ANSWER_S_MAX = 15.0
"""How long central may take beyond a wait that was asked for."""
ANSWER_BYTES_MAX = max(BATCH_BYTES_MAX, PAGE_BYTES_MAX)
PROBLEM_BYTES_MAX = 65_536
RETRY_AFTER_S_MAX = 3_600
READ_BYTES = 65_536
IDEMPOTENCY_BYTES = 16
SAYS_CHARS_MAX = 160
"""How much of an unsigned answer an operator reads."""
M = TypeVar("M", bound=msgspec.Struct)
T = TypeVar("T")


class Unreachable(Offline):
    """Central does not answer, or somebody else answers in its place."""


class TimedOut(Unreachable):
    """Central took too long to answer."""


class Forged(Unreachable):
    """Somebody speaks in central's name without its signature."""


class Declined(PolsoError):
    """Central says no."""

    hint = "The device goes on deciding; look at central's console for this device."

    def __init__(self, document: ProblemDocument, problem: Problem, retry_after_s: float | None) -> None:
        """Keep what central said."""
        super().__init__(document.detail or document.title)
        self.document, self.problem, self.retry_after_s = document, problem, retry_after_s
        self.retryable = problem is Problem.LATER


class Exchange(msgspec.Struct, frozen=True):
    """How to ask: where, with which words in the query, and how long an answer may be held back."""

    path: str
    query: Mapping[str, int] = {}
    wait_s: float = 0.0


class Line:
    """Asks central on one thread; ``took_ms`` is the last round trip, ``sent_bytes`` all that went out."""

    def __init__(
        self, url: str, cable: Cable, *, device: str = "", keys: Keys | None = None, clock: Time | None = None
    ) -> None:
        """Speak to ``url`` for ``device``, which proves itself by its key and believes central's alone."""
        self._url, self._device = url.rstrip("/"), device
        self._clock = clock or Clock()
        self._central = keys.central if keys else b""
        self._session = cable.session()
        self._session.headers.update({"Accept": MEDIA, "Accept-Encoding": encodings()})
        if keys:
            self._session.auth = Signer(keys, self._clock.central_ms, dialled=self._url)
        self.took_ms = 0
        self.sent_bytes = 0

    def post(self, path: str, message: msgspec.Struct, kind: type[M], *, wait_s: float = 0.0) -> M:
        """Send a message, return the answer; the same message again has the same idempotency key.

        ``wait_s`` is how long central was asked to hold its answer back.
        """
        body, encoding = pack(msgspec.msgpack.encode(message))
        same = hashlib.blake2b(path.encode() + body, digest_size=IDEMPOTENCY_BYTES).hexdigest()
        headers = {"Content-Type": MEDIA, "Content-Encoding": encoding, IDEMPOTENCY: same}
        asked = Exchange(path, wait_s=wait_s)
        return self._in_time(lambda: self._opened(self._ask("POST", asked, body=body, headers=headers), kind))

    def get(self, exchange: Exchange, kind: type[M]) -> M:
        """Ask for a message, return it."""
        headers = _asking_once()
        return self._in_time(lambda: self._opened(self._ask("GET", exchange, headers=headers), kind))

    def stream(self, path: str, media: str) -> requests.Response:
        """Ask for a long answer and return it unread; what vouches for it is its last frame."""
        headers = _asking_once()

        def begun() -> requests.Response:
            answer = self._ask("GET", Exchange(path), headers=headers)
            self._refuse_unless(answer, media)
            return answer

        return self._in_time(begun)

    @property
    def central(self) -> bytes:
        """Central's public key; whatever is not signed by it is somebody else's word."""
        return self._central

    def close(self) -> None:
        """Leave the session; the cable stays."""
        self._session.headers.clear()

    def _in_time(self, ask: Callable[[], T]) -> T:
        """Ask; if this clock is too wrong to be believed, take central's time and ask once more."""
        try:
            return ask()
        except Declined as refusal:
            if refusal.problem is not Problem.STALE:
                raise
            self._clock.heard(refusal.document.time_ms, self.took_ms)
            return ask()

    def _ask(
        self, method: str, exchange: Exchange, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        began = time.monotonic()
        try:
            answer = self._session.request(
                method,
                self._url + exchange.path,
                params=dict(exchange.query),
                data=body or None,
                headers=dict(headers or {}),
                timeout=(CONNECT_S_MAX, exchange.wait_s + ANSWER_S_MAX),
                allow_redirects=False,
                stream=True,
            )
        except requests.Timeout as error:
            raise TimedOut from error
        except (requests.RequestException, OSError) as error:
            raise Unreachable(f"Central cannot be reached: {type(error).__name__}.") from error
        self.took_ms = round((time.monotonic() - began) * 1000)
        self.sent_bytes += _weight(answer.request)
        return answer

    def _opened(self, answer: requests.Response, kind: type[M]) -> M:
        self._refuse_unless(answer, MEDIA)
        body = read(answer, ANSWER_BYTES_MAX)
        self._demand_central(answer, body)
        try:
            return decode(body, answer.headers.get("Content-Encoding", ""), kind)
        except Refused as error:
            raise Unreachable(f"Not an answer of central: {error}") from error

    def _refuse_unless(self, answer: requests.Response, media: str) -> None:
        """Go on only with an answer of this type; central's own refusals are raised as what they say."""
        told = answer.headers.get("Content-Type", "")
        if answer.status_code == 200 and told == media:
            return
        if told != MEDIA_PROBLEM or answer.status_code < 400:
            answer.close()
            raise Unreachable(f"Somebody else answers in central's place: {answer.status_code} {told[:40]}.")
        raise self._declined(answer)

    def _declined(self, answer: requests.Response) -> PolsoError:
        body = read(answer, PROBLEM_BYTES_MAX)
        try:
            document = msgspec.json.decode(body, type=ProblemDocument)
        except UNREADABLE as error:
            return Unreachable(f"Not a problem document of central: {error}")
        self._demand_central(answer, body, says=f" It says {document.detail or document.title!r}.")
        problem = document.problem
        if (
            problem is None
            or document.status != answer.status_code
            or document.device not in ("", self._device)
        ):
            return Unreachable("A problem document that is not for this device.")
        return Declined(document, problem, _retry_after(answer.headers.get("Retry-After", "")))

    def _demand_central(self, answer: requests.Response, body: bytes, *, says: str = "") -> None:
        """Believe nothing that central has not signed for this very request; before enrolment TLS vouches."""
        if not self._central:
            return
        try:
            check_answer(self._central, answer, body)
        except NotCentral as error:
            told = f"An answer {answer.status_code} without central's signature.{says[:SAYS_CHARS_MAX]}"
            raise Forged(told) from error


def _asking_once() -> dict[str, str]:
    return {IDEMPOTENCY: secrets.token_hex(IDEMPOTENCY_BYTES)}


def read(answer: requests.Response, bytes_max: int) -> bytes:
    """Return an answer's bytes as they came; cut short or too long is a failure of the network."""
    try:
        # Read to the very end: only there a body that is shorter than its header says is noticed.
        pieces = answer.raw.stream(READ_BYTES, decode_content=False)
        body = b"".join(_bounded(pieces, bytes_max))
    except (HTTPError, OSError) as error:
        raise Unreachable(f"The answer broke off: {type(error).__name__}.") from error
    finally:
        answer.close()
    if len(body) > bytes_max:
        raise Unreachable("The answer is larger than central ever sends.")
    return body


def _bounded(pieces: Iterable[bytes], bytes_max: int) -> Iterator[bytes]:
    """Yield pieces until they are more than ``bytes_max`` together; the one that is too much comes too."""
    size = 0
    for piece in pieces:
        size += len(piece)
        yield piece
        if size > bytes_max:
            return


def _weight(request: requests.PreparedRequest) -> int:
    """Return a request's bytes on the wire: its first line, its headers and its body."""
    headers = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    return len(request.method or "") + len(request.path_url) + 13 + headers + len(request.body or b"")


def _retry_after(text: str) -> float | None:
    return min(float(text), RETRY_AFTER_S_MAX) if text.isascii() and text.isdigit() else None


__all__ = ["Declined", "Exchange", "Forged", "Line", "Malformed", "TimedOut", "Unreachable", "read"]
