"""Carried: a whole promise as a signed code, good at the one device that it names, and there once."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.core.payment.promised import Promise

CONTEXT = b"polso-made-over 1"
"""What is signed begins so: a signature over anything else of the signer's is none of these."""
LEAD = "m."
SIGNATURE_BYTES = 64
CODE_CHARS_MAX = 1_200
CENTRAL = "/central"
"""The giver of what central made anew; no device is called so."""


class MadeOver(msgspec.Struct, frozen=True, array_like=True):
    """The whole promise as it was said, who gave it, and at which one device it is good; no guest in it."""

    promise: Promise
    home: str
    to: str

    @property
    def exposure(self) -> str:
        """Its own id, by which it is redeemed once."""
        return self.promise.exposure


class Code(msgspec.Struct, frozen=True):
    """A code that was read and is not believed yet."""

    made: MadeOver
    octets: bytes

    def is_by(self, public_key: bytes) -> bool:
        """Say whether the holder of this key signed it."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(
                self.octets[:SIGNATURE_BYTES], CONTEXT + self.octets[SIGNATURE_BYTES:]
            )
        except (InvalidSignature, ValueError):
            return False
        return True


def issue(private_key: bytes, made: MadeOver) -> str:
    """Return it as a code; the same gives the same code."""
    body = msgspec.msgpack.encode(made)
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(CONTEXT + body)
    return LEAD + urlsafe_b64encode(signature + body).decode().rstrip("=")


def read(code: str) -> Code | None:
    """Return what a code says; None: it is none of these."""
    coded = code.removeprefix(LEAD)
    try:
        whole = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        return Code(msgspec.msgpack.decode(whole[SIGNATURE_BYTES:], type=MadeOver), whole)
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        return None
