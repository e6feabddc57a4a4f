"""Plain: the one writing of a signature that devices and central use, read and made without a parser."""

# RFC 9421 lets a signature be written in many ways, and a parser of all of them costs more than the signature
# itself. What is written exactly like this is told by one pattern; anything else is the library's business.

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEYS_MAX = 4_096
"""Private keys that are held ready: central has one for each site."""
_INPUT = re.compile(
    r'polso=(\("@method" "@authority" "@target-uri" "content-digest" "idempotency-key"\)'
    r';created=([1-9][0-9]{0,11});keyid="([A-Za-z0-9._/:@-]{1,200})";alg="ed25519"'
    r';nonce="([A-Za-z0-9_-]{22,64})";tag="([a-z-]{1,40})")'
)
_SIGNATURE = re.compile(r"polso=:([A-Za-z0-9+/]{86}==):")
_URL = re.compile(r"(https?)://([a-z0-9.-]+(?::[1-9][0-9]{0,4})?)(/[A-Za-z0-9/._~?=&-]*)")
_USUAL_PORTS = {"http": ":80", "https": ":443"}
"""They are left out of what is signed; who writes one all the same is read by the library."""
_WORD = re.compile(r"[A-Za-z0-9._~+/=-]{1,64}")
_METHOD = re.compile(r"[A-Z]{3,7}")
_NAME = re.compile(r"[A-Za-z0-9._/:@-]{1,200}")
_FIELD = re.compile(r"[A-Za-z0-9._~+/;=-]{1,128}")


class Plain(NamedTuple):
    """A request that is written plainly: when it says it was made, by which key and nonce, and for what."""

    created_s: int
    key_id: str
    nonce: str
    tag: str
    base: bytes
    """What must be signed."""
    signature: bytes

    def holds(self, public: bytes) -> bool:
        """Whether whoever has the private half of a key signed just this."""
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(self.signature, self.base)
        except (InvalidSignature, ValueError):
            return False
        return True


def read(method: str, url: str, headers: Mapping[str, str], *, body: bytes) -> Plain | None:
    """Return what a request's signature says, if it is written plainly and over this body; else None."""
    said = _INPUT.fullmatch(headers.get("Signature-Input", ""))
    signed = _SIGNATURE.fullmatch(headers.get("Signature", ""))
    target = _URL.fullmatch(url)
    word = headers.get("Idempotency-Key", "")
    if said is None or signed is None or target is None:
        return None
    scheme, authority, _ = target.groups()
    if authority.endswith(_USUAL_PORTS[scheme]) or not (_METHOD.fullmatch(method) and _WORD.fullmatch(word)):
        return None
    octets, digest = b64decode(signed[1]), digest_of(body)
    if headers.get("Content-Digest") != digest or b64encode(octets).decode() != signed[1]:
        return None
    parameters, created_s, key_id, nonce, tag = said.groups()
    lines = (
        f'"@method": {method}',
        f'"@authority": {authority}',
        f'"@target-uri": {url}',
        f'"content-digest": {digest}',
        f'"idempotency-key": {word}',
    )
    return Plain(int(created_s), key_id, nonce, tag, _base(lines, parameters), octets)


class Answered(NamedTuple):
    """What is said to a request: its status, the headers that are signed with it, its body, and when."""

    status: int
    media: str
    packed: str
    body: bytes
    created_s: int


def answer(
    private: bytes, key_id: str, request: Mapping[str, str], *, said: Answered
) -> dict[str, str] | None:
    """Return the headers that sign an answer to a request that is signed plainly; None: it is not."""
    proof, names = request.get("Signature", ""), request.get("Signature-Input", "")
    if _SIGNATURE.fullmatch(proof) is None or _INPUT.fullmatch(names) is None:
        return None
    if not (_NAME.fullmatch(key_id) and _FIELD.fullmatch(said.media) and _FIELD.fullmatch(said.packed)):
        return None
    digest = digest_of(said.body)
    lines = (
        f'"@status": {said.status}',
        f'"content-type": {said.media}',
        f'"content-encoding": {said.packed}',
        f'"signature";req: {proof}',
        f'"signature-input";req: {names}',
        f'"content-digest": {digest}',
    )
    parameters = (
        '("@status" "content-type" "content-encoding" "signature";req "signature-input";req "content-digest")'
        f';created={said.created_s};keyid="{key_id}";alg="ed25519";tag="polso-central"'
    )
    signature = _key(private).sign(_base(lines, parameters))
    return {
        "Content-Digest": digest,
        "Signature-Input": f"polso={parameters}",
        "Signature": f"polso=:{b64encode(signature).decode()}:",
    }


def digest_of(body: bytes) -> str:
    """Return the Content-Digest of a body."""
    return f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"


def _base(lines: Iterable[str], parameters: str) -> bytes:
    return "\n".join((*lines, f'"@signature-params": {parameters}')).encode("ascii")


@lru_cache(KEYS_MAX)
def _key(private: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(private)
