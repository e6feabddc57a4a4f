"""Signing: how a device proves a request to be its own, and central its answer (RFC 9421, Ed25519)."""

# The library's defaults accept a changed body, a signature over one component, a day of age, a replay and a
# missing nonce. What is asked for here is fixed, and nothing of it is chosen by the message.

from __future__ import annotations

import datetime
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import requests
from cryptography.exceptions import InvalidSignature as BadBytes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from edge.errors import NotAllowed
from sync import plain

COVERED = ("@method", "@authority", "@target-uri", "content-digest", "idempotency-key")
ANSWERED = ("@status", "content-type", "content-encoding", '"signature";req', '"signature-input";req')
"""What central's answer covers beside its digest; the request's signature binds it to this very request."""
DEVICE_TAG = "polso-device"
CENTRAL_TAG = "polso-central"
HOOK_TAG = "polso-hook"
"""Of what central sends to integrators by itself."""
SNAPSHOT_TAG = b"polso-snapshot 1"
LABEL = "polso"
MAX_AGE = datetime.timedelta(seconds=60)
MAX_AGE_MS, SKEW_MS = 60_000, 5_000
"""The same, and by how much two clocks may differ."""
NONCE_BYTES = 16
NONCE_CHARS_MIN, NONCE_CHARS_MAX = 22, 64
KEY_BYTES = 32
KEY_ID_CHARS_MAX = 200
NEW_DEVICE = "new"
"""The key id of a device that is not enrolled yet: its public key stands in the body."""
IDEMPOTENCY = "Idempotency-Key"
PARAMETERS = '"@signature-params"'
_KEY_ID = re.compile(r';keyid="([^"\\]*)"')
_NONCE = re.compile(r';nonce="([^"\\]{1,64})"')
_SIGNATURE = re.compile(r"[a-z*][a-z0-9_\-.*]{0,63}=:([A-Za-z0-9+/]{86}==):")
_ALGORITHM = algorithms.ED25519


class NotSigned(NotAllowed):
    """This request's signature does not hold."""

    hint = "Ask central by its own public address, and with the key that it gave at enrolment."


class Stale(NotAllowed):
    """This request was signed at another time than now."""

    hint = "The device takes central's time from this answer and signs anew."


class NotCentral(NotAllowed):
    """This answer is not signed by central."""


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What a device speaks to central with: its own key under its name, and central's public one."""

    key_id: str
    private_key: bytes
    central: bytes = b""
    """Empty only before enrolment, when TLS alone vouches for central."""
    audience: str = ""
    """Central's own public address where a relay is dialled in its place; empty: the one that is dialled."""

    def __repr__(self) -> str:
        """Leave the secret out."""
        return f"Keys({self.key_id!r})"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it arrived: its method, central's public address of it, its headers, its raw body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Proof(NamedTuple):
    """What a signature has shown: whose key made it, and by which nonce it is told from every other."""

    key_id: str
    nonce: str


@dataclass(slots=True)
class _Request:
    """A request as the library wants to see it."""

    method: str
    url: str
    headers: Any


@dataclass(slots=True)
class _Answer:
    """An answer as the library wants to see it, with the request that it answers."""

    status_code: int
    headers: Any
    request: _Request


class _Ring(HTTPSignatureKeyResolver):
    """One key, whatever the message calls it: who it belongs to is looked up by us."""

    def __init__(self, private: bytes = b"", public: bytes = b"") -> None:
        self._private, self._public = private, public

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._private)

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self._public)


class _OutOfTime(InvalidSignature):
    """Too old, or from the future."""


def is_in_time(created_s: int, now_ms: int) -> bool:
    """Whether a request that says so was signed lately: within its age, and clocks may differ a little."""
    age_ms = now_ms - created_s * 1_000
    return -SKEW_MS <= age_ms <= MAX_AGE_MS + SKEW_MS


class _AtCentral(HTTPMessageVerifier):
    """Judges age by central's clock, on which its nonces are kept too."""

    def __init__(self, public: bytes, now_ms: int) -> None:
        super().__init__(signature_algorithm=_ALGORITHM, key_resolver=_Ring(public=public))
        self._now_ms = now_ms

    def validate_created_and_expires(
        self,
        sig_input: Any,  # noqa: ANN401  # the library's own seam
        max_age: datetime.timedelta | None = None,
    ) -> None:
        """Refuse what is older than its age and the skew, or newer than the skew."""
        if (
            type(sig_input.params.get("created")) is not int
            or "expires" in sig_input.params
            or max_age is None
        ):
            raise InvalidSignature("A signature says when it was made, and nothing of when it ends.")
        if not is_in_time(int(sig_input.params["created"]), self._now_ms):
            raise _OutOfTime("The signature is of another time.")


class _AtEdge(HTTPMessageVerifier):
    """Judges no time: a device's clock is set by these answers, and each is bound to one fresh request."""

    def __init__(self, public: bytes) -> None:
        super().__init__(signature_algorithm=_ALGORITHM, key_resolver=_Ring(public=public))

    def validate_created_and_expires(
        self,
        sig_input: Any,  # noqa: ANN401  # the library's own seam
        max_age: datetime.timedelta | None = None,
    ) -> None:
        """Leave it to the nonce of the request that is answered."""


def public_half(private_key: bytes) -> bytes:
    """Return the public half of an Ed25519 key, 32 octets."""
    private = Ed25519PrivateKey.from_private_bytes(private_key)
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class Signer(AuthBase):
    """Signs each request of one device with a fresh nonce and the time that central goes by."""

    def __init__(self, keys: Keys, now_ms: Callable[[], int], *, dialled: str, tag: str = DEVICE_TAG) -> None:
        """Sign for the address ``dialled``, or for the audience that the keys name instead."""
        self._keys, self._now_ms, self._tag = keys, now_ms, tag
        self._dialled, self._audience = dialled, keys.audience or dialled
        self._signer = HTTPMessageSigner(
            signature_algorithm=_ALGORITHM, key_resolver=_Ring(private=keys.private_key)
        )

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request; its body is what goes over the wire, packed as it is."""
        body = request.body or b""
        self._signer.sign(
            _Request(request.method or "", self.named(request.url or ""), request.headers),
            key_id=self._keys.key_id,
            created=datetime.datetime.fromtimestamp(self._now_ms() // 1000, tz=datetime.UTC),
            nonce=secrets.token_urlsafe(NONCE_BYTES),
            label=LABEL,
            tag=self._tag,
            covered_component_ids=COVERED,
            body=body.encode() if isinstance(body, str) else bytes(body),
        )
        return request

    def named(self, url: str) -> str:
        """Return an address under the name that central knows itself by."""
        return self._audience + url.removeprefix(self._dialled)


def fields(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return a request's headers so that they are found however they are written."""
    return CaseInsensitiveDict(headers)


def named_key(headers: Mapping[str, str]) -> str:
    """Return the key id that a request's signature names; nothing is proved by it."""
    found = _KEY_ID.findall(headers.get("Signature-Input", ""))
    if len(found) != 1 or not 0 < len(found[0]) <= KEY_ID_CHARS_MAX:
        raise NotSigned("A request carries exactly one signature, which names its key.")
    return str(found[0])


def named_nonce(headers: Mapping[str, str]) -> str:
    """Return the nonce that a request's signature names, empty for none; nothing is proved by it."""
    found = _NONCE.search(headers.get("Signature-Input", ""))
    return found[1] if found else ""


def verify(message: Message, public_key: bytes, *, now_ms: int, tag: str = DEVICE_TAG) -> Proof:
    """Return what a request's signature shows, or raise ``NotSigned`` or ``Stale``."""
    told = plain.read(message.method, message.url, message.headers, body=message.body)
    if told is not None and told.tag == tag:
        if not is_in_time(told.created_s, now_ms):
            raise Stale
        if not told.holds(public_key):
            raise NotSigned("The signature does not hold.")
        return Proof(told.key_id, told.nonce)
    _demand_one_writing(message.headers.get("Signature", ""))
    try:
        results = _AtCentral(public_key, now_ms).verify(
            _Request(message.method, message.url, message.headers),
            max_age=MAX_AGE,
            expect_tag=tag,
            require_components=COVERED,
            body=message.body,
        )
    except _OutOfTime as error:
        raise Stale from error
    except Exception as error:  # whatever a hostile message breaks in the library is a bad signature
        raise NotSigned(f"The signature does not hold: {str(error)[:120]}") from error
    (result,) = results if len(results) == 1 else (None,)
    if result is None or result.body != message.body:
        raise NotSigned("A request carries exactly one signature, over its body.")
    written = f"{result.label}={result.covered_components[PARAMETERS]}"
    if message.headers.get("Signature-Input", "") != written:
        raise NotSigned("The signature's parameters are not written as they are signed.")
    if not NONCE_CHARS_MIN <= len(result.nonce or "") <= NONCE_CHARS_MAX:
        raise NotSigned("A signature carries a nonce of 128 bits.")
    return Proof(str(result.parameters["keyid"]), str(result.nonce))


def sign_answer(
    key: Keys, message: Message, *, status: int, headers: MutableMapping[str, str], now_ms: int
) -> None:
    """Sign an answer in place; ``message`` is the request as it arrived, but with the answer's body."""
    media, packed = headers.get("Content-Type", ""), headers.get("Content-Encoding", "")
    said = plain.Answered(status, media, packed, message.body, now_ms // 1_000)
    made = plain.answer(key.private_key, key.key_id, message.headers, said=said)
    if made is not None:
        headers.update(made)
        return
    request = _Request(message.method, message.url, message.headers)
    signer = HTTPMessageSigner(signature_algorithm=_ALGORITHM, key_resolver=_Ring(private=key.private_key))
    try:
        signer.sign(
            _Answer(status, headers, request),
            key_id=key.key_id,
            created=datetime.datetime.fromtimestamp(said.created_s, tz=datetime.UTC),
            label=LABEL,
            tag=CENTRAL_TAG,
            covered_component_ids=ANSWERED,
            body=message.body,
        )
    except HTTPMessageSignaturesException as error:
        raise NotSigned("The request has no signature that an answer could be bound to.") from error


def check_answer(central: bytes, answer: requests.Response, body: bytes) -> None:
    """Raise ``NotCentral`` unless central signed this answer to this very request."""
    sent = answer.request
    request = _Request(sent.method or "", sent.url or "", sent.headers)
    try:
        results = _AtEdge(central).verify(
            _Answer(answer.status_code, answer.headers, request),
            max_age=None,
            expect_tag=CENTRAL_TAG,
            require_components=(*ANSWERED, "content-digest"),
            body=body,
        )
    except Exception as error:  # whatever a stranger's bytes break in the library is no signature
        raise NotCentral(f"The answer is not signed by central: {str(error)[:120]}") from error
    if len(results) != 1 or results[0].body != body:
        raise NotCentral("The answer is not signed by central over its body.")


def sign_snapshot(private_key: bytes, *, request_signature: str, manifest: bytes) -> bytes:
    """Sign a snapshot's manifest for the one request that asked for it: the stream's digest stands in it."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(_bound(request_signature, manifest))


def check_snapshot(central: bytes, signature: bytes, *, request_signature: str, manifest: bytes) -> None:
    """Raise ``NotCentral`` unless central signed this manifest for this very request."""
    try:
        Ed25519PublicKey.from_public_bytes(central).verify(signature, _bound(request_signature, manifest))
    except (BadBytes, ValueError) as error:
        raise NotCentral("The snapshot is not signed by central.") from error


def _bound(request_signature: str, manifest: bytes) -> bytes:
    return msgspec.msgpack.encode((SNAPSHOT_TAG, request_signature, manifest))


def _demand_one_writing(signature: str) -> None:
    """Base64 leaves four bits unused: of the writings that mean one signature only the plain one counts."""
    found = _SIGNATURE.fullmatch(signature)
    if found is None or b64encode(b64decode(found[1])).decode() != found[1]:
        raise NotSigned("The signature is not written as base64 is.")
