"""Passes: a device's signed word on whose band was held to it, by which that guest opens their own page."""

from __future__ import annotations

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CONTEXT = b"polso-pass 1"
"""What is signed begins so: a signature over anything else of the device's is no pass."""
NONCE_BYTES = 12
SIGNATURE_BYTES = 64
PASS_CHARS_MAX = 600
LEAD = "p."
"""By this a pass is told from a link that central made."""


class Pass(msgspec.Struct, frozen=True, array_like=True):
    """Which guest held their band to which device's kiosk, and when; ``nonce`` makes each the only one."""

    key_id: str
    guest: str
    at_ms: int
    nonce: bytes


def issue(key_id: str, private_key: bytes, *, guest: str, at_ms: int) -> str:
    """Return a pass as an address can hold it."""
    body = msgspec.msgpack.encode(Pass(key_id, guest, at_ms, secrets.token_bytes(NONCE_BYTES)))
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(CONTEXT + body)
    return LEAD + urlsafe_b64encode(signature + body).decode().rstrip("=")


def read(text: str) -> tuple[Pass, bytes, bytes] | None:
    """Return what a pass says, the octets that it says it by, and their signature; None: it is no pass."""
    if not text.startswith(LEAD) or len(text) > PASS_CHARS_MAX:
        return None
    coded = text.removeprefix(LEAD)
    try:
        whole = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        said = msgspec.msgpack.decode(whole[SIGNATURE_BYTES:], type=Pass)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        return None
    return said, whole[SIGNATURE_BYTES:], whole[:SIGNATURE_BYTES]


def is_signed(body: bytes, signature: bytes, *, public_key: bytes) -> bool:
    """Whether a device's key has signed just these octets as a pass."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, CONTEXT + body)
    except (InvalidSignature, ValueError):
        return False
    return True
