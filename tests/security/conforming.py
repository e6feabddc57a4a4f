"""Schemathesis before both apps: cases out of their own documents, and answers held against these."""

from __future__ import annotations

import io
import itertools
import secrets
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from requests.structures import CaseInsensitiveDict
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from edge.violations import OLD
from sync.routes import ROUTES
from sync.signing import IDEMPOTENCY, Signer
from sync.wire import MEDIA, MEDIA_SNAPSHOT
from tests.sync.caller import URL

schemathesis.serializer.alias(OLD, "application/json")  # a browser's report is JSON under a name of its own
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN_CHANCE = 0.75
"""How often a part of a case is one that the house knows, so that not everything ends at 404."""
BODIES = {f"{route.method} {route.path}": route.body for route in ROUTES}
HERE = {"REMOTE_ADDR": "127.0.0.1"}
Known = Mapping[str, Callable[[], Any]]
NOTHING: Mapping[str, Any] = {}


class Held(NamedTuple):
    """What is sent along with each case."""

    headers: dict[str, str]
    cookies: dict[str, str]


STRANGER = Held({}, {})


@schemathesis.serializer(MEDIA)
def to_wire(ctx: Any, value: Any) -> bytes:
    """A case's body as MessagePack: by the message's own type where it fits that, else as it is."""
    if isinstance(value, bytes):
        return value
    kind = BODIES.get(ctx.case.operation.label)
    if isinstance(value, dict):
        value = {name: octets(kind, name, part) for name, part in value.items()}
    try:
        return msgspec.msgpack.encode(value)
    except OverflowError:  # MessagePack has no number so large: what comes then is no message at all
        return msgspec.json.encode(value)


def octets(kind: type[Any] | None, name: str, part: Any) -> Any:
    """What JSON writes as base64, MessagePack writes as octets; what is no base64 stays a text."""
    hints = getattr(kind, "__annotations__", {})
    if isinstance(part, str) and "bytes" in str(hints.get(name)):
        try:
            return b64decode(part, validate=True)
        except ValueError:
            return part
    return part


@schemathesis.deserializer(MEDIA)
def from_wire(ctx: Any, answer: Any) -> Any:
    from sync.packing import encoding_of, unpack

    plain = unpack(answer.content, encoding_of(answer.content))  # a long one comes packed
    return msgspec.to_builtins(msgspec.msgpack.decode(plain))


@schemathesis.deserializer(MEDIA_SNAPSHOT)
def from_snapshot(ctx: Any, answer: Any) -> Any:
    """The last frame, which is what the document describes."""
    from sync.packing import opened

    stream, last = opened(io.BytesIO(answer.content), answer.headers["content-encoding"][0]), b""
    while size := stream.read(4):
        last = stream.read(int.from_bytes(size, "big"))
    return msgspec.to_builtins(msgspec.msgpack.decode(last))


class Signing:
    """A device before central: whatever comes is signed by its key and by the product's own signer."""

    def __init__(self, app: Any, signer: Signer) -> None:
        self.app, self.signer = app, signer

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        request = requests.PreparedRequest()
        request.method, request.body = environ["REQUEST_METHOD"], body
        request.url = URL + environ["REQUEST_URI"]
        request.headers = CaseInsensitiveDict({IDEMPOTENCY: secrets.token_hex(16)})
        for name, value in self.signer(request).headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        answered: Iterable[bytes] = self.app({**environ, "wsgi.input": io.BytesIO(body)}, start)
        return answered


@dataclass
class Trial:
    """Cases for the operations of one document; the seed replays them."""

    seed: int
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)

    def document(self, path: str, app: Any) -> Any:
        schema = schemathesis.openapi.from_wsgi(path, app)
        schema.config.generation.update(with_security_parameters=False)
        return schema

    def run(
        self, operation: Any, *, examples: int, held: Held = STRANGER, known: Known = NOTHING
    ) -> Counter[int]:
        """Send well-formed cases and broken ones; return how often each status was answered."""
        told: Counter[int] = Counter()

        def one(case: Any, chance: Random) -> None:
            make_known(case, chance, known)
            answer = case.call(headers=held.headers, cookies=held.cookies, environ_base=HERE)
            told[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            self._send(one, operation.as_strategy(generation_mode=mode), examples)
        self.counts.update({(operation.label, status): times for status, times in told.items()})
        return told

    def _send(self, one: Any, cases: Any, examples: int) -> None:
        limits = settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        chances = st.randoms(use_true_random=True)
        try:
            seed(self.seed)(limits(given(case=cases, chance=chances)(one)))()
        except Unsatisfiable:  # an operation without any part has no broken case
            return


def make_known(case: Any, chance: Random, known: Known) -> None:
    """Put what the house knows in the place of what was made up, now and then."""
    whole = known.get("")
    if whole is not None and chance.random() < KNOWN_CHANCE / 2:
        case.body = whole()
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            for name in known.keys() & part.keys():
                if chance.random() < KNOWN_CHANCE:
                    part[name] = known[name]()


def always(value: Any) -> Callable[[], Any]:
    return lambda: value


def leaping() -> Callable[[], float]:
    """A clock that leaps an hour at each look, so that no caller asks too often."""
    hours = itertools.count(1)
    return lambda: next(hours) * 3_600.0
