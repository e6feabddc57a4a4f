"""Remarks: what staff say of a guest in their own words, sealed so that central alone reads it."""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from edge.core.events import Sealed
from edge.core.profiles import RemarkKey

MARK = "sealed:"
PAD_BYTES = 32
"""Sealed lengths are multiples of this, because a length tells."""
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
"""RFC 9180: whoever seals keeps nothing by which it could be opened again."""


def new_pair() -> tuple[bytes, bytes]:
    """Make the private and the public half of one owner's key."""
    made = X25519PrivateKey.generate()
    return made.private_bytes_raw(), made.public_key().public_bytes_raw()


def seal(text: str, key: RemarkKey, kind: int, *, band: bytes | None) -> Sealed:
    """Return a remark that opens by the owner's private half, in an event of this kind and band alone."""
    plain = text.encode()
    padded = plain + b"\x80" + b"\0" * (-(len(plain) + 1) % PAD_BYTES)
    public = X25519PublicKey.from_public_bytes(key.public)
    return Sealed(key.owner, _SUITE.encrypt(padded, public, _place(key.owner, kind, band)))


def opened(sealed: Sealed, private: bytes, kind: int, *, band: bytes | None) -> str:
    """Return a remark in clear; nothing where the key is another one or the remark stands elsewhere."""
    own = X25519PrivateKey.from_private_bytes(private)
    try:
        padded = _SUITE.decrypt(sealed.octets, own, _place(sealed.owner, kind, band))
        return padded[: padded.rindex(b"\x80")].decode()
    except (InvalidTag, ValueError):
        return ""


def written(sealed: Sealed) -> str:
    """Return a sealed remark as text, for bodies whose field for it holds text."""
    return f"{MARK}{sealed.owner}:{base64.b64encode(sealed.octets).decode()}"


def sealed_in(text: str) -> Sealed | None:
    """Return the sealed remark that a text is, or None where it is what somebody wrote in clear."""
    owner, _, octets = text.removeprefix(MARK).rpartition(":")
    if not text.startswith(MARK):
        return None
    try:
        return Sealed(owner, base64.b64decode(octets, validate=True))
    except ValueError:
        return None


def _place(owner: str, kind: int, band: bytes | None) -> bytes:
    return b"\0".join((b"polso remark 1", owner.encode(), b"%d" % kind, band or b""))
