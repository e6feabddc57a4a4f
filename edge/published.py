"""Published: a bundle as central signed it, cut into parts for the feed, put together and checked again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec.structs import replace

from edge.core.offers import Bundle
from edge.errors import Refused

HEAD, PART = "bundle", "bundle_part"
"""Kinds of the feed's items: what a bundle is, and its octets piece by piece."""
CONTEXT = b"polso-bundle 1"
"""What is signed begins so: a signature over anything else of central's is none of a bundle."""
SLOTS = 2
"""A new version takes the place of the last but one: each edge holds what was and what is, or will be."""
PART_BYTES_MAX = 48 * 1024
PARTS_MAX = 60
"""So large a bundle is at most, in parts; it is far above the texts of 200 offers."""
_decode = msgspec.msgpack.Decoder(Bundle).decode


class Head(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Which bundle it is: whose, which version, how large, from when on, and central's word for all of it."""

    site: str
    version: int
    digest: bytes
    """BLAKE2b-256 of all its octets."""
    parts: int
    from_ms: int = 0
    """From this moment (UTC) it is the one to go by."""
    signature: bytes = b""

    @property
    def slot(self) -> int:
        """Which of the places it lies in."""
        return self.version % SLOTS


class Part(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One piece of a bundle's octets; ``number`` counts from 0."""

    slot: int
    number: int
    octets: bytes


class BundleRefused(Refused):
    """This bundle is not what central published."""

    hint = "Nothing was changed: the last good one stays; publish it again, or ask for a new snapshot."


def cut(site: str, bundle: Bundle, private_key: bytes, *, from_ms: int = 0) -> tuple[Head, tuple[Part, ...]]:
    """Return a bundle's signed head and its parts, each small enough for the feed."""
    octets = msgspec.msgpack.encode(bundle)
    pieces = [octets[at : at + PART_BYTES_MAX] for at in range(0, len(octets), PART_BYTES_MAX)]
    if len(pieces) > PARTS_MAX:
        raise Refused(
            f"The bundle has {len(octets)} octets, at most {PARTS_MAX * PART_BYTES_MAX} can be sent.",
            hint="Take offers out that are over.",
        )
    bare = Head(site=site, version=bundle.version, digest=_digest(octets), parts=len(pieces), from_ms=from_ms)
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(_told(bare))
    parts = (Part(slot=bare.slot, number=number, octets=piece) for number, piece in enumerate(pieces))
    return replace(bare, signature=signature), tuple(parts)


def put_together(head: Head, parts: Iterable[Part], *, site: str, public_key: bytes) -> Bundle:
    """Return the bundle of a head and its parts, or refuse whatever central did not sign whole."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(head.signature, _told(head))
    except (InvalidSignature, ValueError):
        raise BundleRefused(f"Bundle {head.version} does not bear central's signature.") from None
    if head.site != site:
        raise BundleRefused(f"Bundle {head.version} is of site {head.site[:64]!r}.")
    found = {part.number: part.octets for part in parts if part.slot == head.slot}
    octets = b"".join(found.get(number, b"") for number in range(min(head.parts, PARTS_MAX)))
    if _digest(octets) != head.digest:
        raise BundleRefused(f"Bundle {head.version} is not whole yet, or was changed.")
    try:
        bundle = _decode(octets)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BundleRefused(f"Bundle {head.version} is of a newer version: {error}") from error
    if bundle.version != head.version:
        raise BundleRefused(f"Bundle {head.version} says that it is {bundle.version}.")
    return bundle


def newest(heads: Iterable[Head], now_ms: int, *, fits: Callable[[Head], bool]) -> Head | None:
    """Return the newest head whose time has come and that fits; an older one while a newer does not."""
    due = sorted((one for one in heads if one.from_ms <= now_ms), key=lambda one: -one.version)
    return next((one for one in due if fits(one)), None)


def _digest(octets: bytes) -> bytes:
    return hashlib.blake2b(octets, digest_size=32).digest()


def _told(head: Head) -> bytes:
    return CONTEXT + msgspec.msgpack.encode(replace(head, signature=b""))
