"""Forgery: how requests are signed wrongly, changed on their way, and judged by the library alone."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver, algorithms

from edge.clock import wall_ms
from sync.signing import COVERED, DEVICE_TAG, IDEMPOTENCY, NotSigned, Stale, fields, named_key, verify
from sync.signing import Message as Arrived
from sync.wire import MEDIA
from tests.sync.builders import KEY, PRIVATE_KEY
from tests.sync.caller import URL, Caller
from tests.sync.ends import a_report

COVERED_HEADERS = ("Content-Digest", IDEMPOTENCY, "Signature-Input", "Signature")


def flips(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Every bit that makes another character of each byte."""
    for place in range(len(octets)):
        for bit in (0x01, 0x02, 0x10):
            changed = bytearray(octets)
            changed[place] ^= bit
            yield place, bytes(changed)


def mutants(request: requests.PreparedRequest) -> Iterator[requests.PreparedRequest]:
    """The captured request with one byte of what is signed, or of the signature, changed."""
    for name in COVERED_HEADERS:
        for _, changed in flips(str(request.headers[name]).encode()):
            mutant = request.copy()
            mutant.headers[name] = changed.decode("latin-1")
            yield mutant
        dropped = request.copy()
        del dropped.headers[name]
        yield dropped
    for _, changed in flips(bytes(request.body or b"")):
        mutant = request.copy()
        mutant.body = changed
        yield mutant
    for place, changed in flips(f"{request.method} {request.path_url}".encode()):
        method, blank, target = changed.decode("latin-1").partition(" ")
        if blank and target.startswith("/") and method.isalpha() and place:
            mutant = request.copy()
            mutant.method, mutant.url = method, URL + target
            yield mutant


def carried(mutant: requests.PreparedRequest) -> bool:
    """Whether a server would ever hand this on: no HTTP header holds these."""
    return not any(char in "\r\n\0" for value in mutant.headers.values() for char in str(value))


def a_game(
    caller: Caller,
    *,
    sign: dict[str, Any] | None = None,
    path: str = "",
    created_s: float = 0,
    **changes: Any,
) -> tuple[int, str, bytes]:
    """A report signed as an attacker with a stolen capture, or a careless device, would."""
    body = msgspec.msgpack.encode(a_report(caller.device.id))
    headers = {"Content-Type": MEDIA, IDEMPOTENCY: secrets.token_hex(16)}
    request = requests.Request("POST", URL + caller.report, headers=headers, data=body).prepare()
    signer = HTTPMessageSigner(
        signature_algorithm=changes.pop("algorithm", algorithms.ED25519),
        key_resolver=Ring(changes.pop("key", Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY))),
    )
    at = datetime.datetime.fromtimestamp(caller.store.now_ms() / 1000 + created_s, tz=datetime.UTC)
    options: dict[str, Any] = {
        "key_id": caller.key_id,
        "created": at,
        "nonce": secrets.token_urlsafe(16),
        "label": "polso",
        "tag": DEVICE_TAG,
        "covered_component_ids": COVERED,
        "body": body,
        **(sign or {}),
    }
    signer.sign(request, **options)
    request.method = changes.get("method", request.method)
    request.url = URL + (path or caller.report)
    request.body = changes.get("body", request.body)
    return caller.send(request, **changes.get("headers", {}))


class Ring(MappingKeyResolver):
    def __init__(self, key: Any) -> None:
        super().__init__(public_keys={}, private_keys={})
        self._key = key

    def resolve_private_key(self, key_id: str) -> Any:
        return self._key


def by_default(request: requests.PreparedRequest) -> bool:
    public = Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY).public_key()
    ring = MappingKeyResolver(public_keys={"park.gate.1": public}, private_keys={})
    try:
        return bool(
            HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=ring).verify(request)
        )
    except Exception:
        return False


def by_us(request: requests.PreparedRequest) -> bool:
    message = Arrived(
        method=str(request.method),
        url=str(request.url),
        headers=fields(request.headers.items()),
        body=bytes(request.body or b""),
    )
    try:
        assert named_key(message.headers) == "park.gate.1"
        return verify(message, KEY, now_ms=wall_ms()).nonce != ""
    except (NotSigned, Stale):
        return False


def a_request(**options: Any) -> requests.PreparedRequest:
    headers = {IDEMPOTENCY: "1" * 32}
    request = requests.Request("POST", URL + "/v1/x", headers=headers, data=b"pay 1").prepare()
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=Ring(Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY)),
    )
    signed = {
        "key_id": "park.gate.1",
        "nonce": "n" * 22,
        "tag": DEVICE_TAG,
        "covered_component_ids": COVERED,
        "body": b"pay 1",
        **options,
    }
    signer.sign(request, **signed)
    return request


def changed_body() -> requests.PreparedRequest:
    request = a_request()
    request.body = b"pay 9"
    return request


TWO_HOURS_AGO = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
DEFAULTS: dict[str, Callable[[], requests.PreparedRequest]] = {
    "a changed body": changed_body,
    "one component": lambda: a_request(covered_component_ids=("@method",), body=None),
    "two hours of age": lambda: a_request(created=TWO_HOURS_AGO),
    "no nonce": lambda: a_request(nonce=None),
    "another tag": lambda: a_request(tag="polso-checkpoint"),
}
