"""Identities on air: the changing name of a band, the key behind it, and addresses that resolve."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 16
K_DEFAULT = 9
"""Identities change each 2**K seconds: two sightings 15 minutes apart must not be linkable."""
K_MAX = 15
TIME_MASK = 2**32 - 1
"""A band counts seconds in 32 bits and begins again."""
_WINDOW_BITS = 16
_ALONE = modes.CBC(bytes(16))
"""One block of CBC from zero: the bare cipher."""
_TEMPORARY = bytes(11) + b"\xff\x00\x00"
_ZERO = bytes(11)


def window(time_s: int) -> int:
    """Return the upper half of a band's time: for these 18 hours its temporary key is one."""
    return (time_s & TIME_MASK) >> _WINDOW_BITS


def temporary_key(identity_key: bytes, time_s: int) -> bytes:
    """Return the key of 16 octets that makes a band's identities for 18 hours.

    Source: google/eddystone, ``eddystone-eid/eid-computation.md``, as all of identities and registration.
    """
    return _block(identity_key, _TEMPORARY + window(time_s).to_bytes(2, "big"))


def identity(temporary: bytes, time_s: int, k: int) -> bytes:
    """Return the 8 octets by which a band goes at ``time_s`` of its own clock, and 2**k seconds long."""
    begun = (time_s & TIME_MASK) >> k << k
    return _block(temporary, _ZERO + k.to_bytes(1, "big") + begun.to_bytes(4, "big"))[:8]


def eid(identity_key: bytes, time_s: int, k: int = K_DEFAULT) -> bytes:
    """Return a band's identity from its own key, in two steps."""
    return identity(temporary_key(identity_key, time_s), time_s, k)


def registered(private: bytes, peer: bytes, *, resolver: bytes, beacon: bytes) -> bytes:
    """Return the identity key that a band and its owner agree upon when they first meet.

    ``private`` is one's own X25519 key and ``peer`` the other's public one; ``resolver`` and ``beacon`` are
    both public keys. Raises ``ValueError`` where the other's key is one that gives everybody the same secret.
    """
    shared = X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(peer))
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=resolver + beacon, info=b"").derive(shared)


def ah(irk: bytes, prand: bytes) -> bytes:
    """Return the 3 octets of hash that a resolvable address carries beside its 3 random ones.

    Source: Bluetooth Core Specification, Vol. 3 Part H, 2.2.2.
    """
    return _block(irk, bytes(13) + prand)[-3:]


def resolves(irk: bytes, address: str) -> bool:
    """Whether an address, written ``40:01:02:b2:12:da``, was made by the owner of this key.

    One stranger in 16 million does by chance: good for a known beacon, never for telling people apart.
    Source: Bluetooth Core Specification, Vol. 6 Part B, 1.3.2.2.
    """
    octets = bytes.fromhex(address.replace(":", ""))
    if len(octets) != 6 or octets[0] >> 6 != 0b01:
        return False
    return hmac.compare_digest(ah(irk, octets[:3]), octets[3:])


def _block(key: bytes, block: bytes) -> bytes:
    return Cipher(algorithms.AES(key), _ALONE).encryptor().update(block)
