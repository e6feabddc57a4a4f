"""PINs of staff: a slow hash under a secret key."""

from __future__ import annotations

import functools
import secrets
from typing import Protocol

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

PIN_DIGITS_MIN = 4
PIN_CHARS_MAX = 64
# 116 ms on the measured machine; the hash alone would not stop 10,000 four-digit PINs, the key does.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1_024, parallelism=1, type=Type.ID)


class PinKey(Protocol):
    """Whoever holds the site's secret: ``edge.vault.Vault``."""

    def keyed_pin(self, staff: str, pin: str, /) -> bytes:
        """Return the PIN of this person under the site's key, ready to be hashed."""


def hash_pin(keyed: bytes) -> str:
    """Return the argon2id hash of a keyed PIN, as a member of staff's record holds it."""
    return _HASHER.hash(keyed)


@functools.cache
def decoy() -> str:
    """Return a hash that no PIN matches: a name that nobody has must cost as much time as a real one."""
    return hash_pin(secrets.token_bytes(32))


def pin_matches(pin_hash: str, keyed: bytes) -> bool:
    """Say whether a keyed PIN is the hashed one; a record without a sound hash matches nothing."""
    try:
        return _HASHER.verify(pin_hash, keyed)
    except (VerificationError, InvalidHashError):
        return False
