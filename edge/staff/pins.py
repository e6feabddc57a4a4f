"""PINs of staff: a slow hash under a secret key, and pauses that grow with every wrong round."""

from __future__ import annotations

import functools
import secrets
from typing import Protocol

import msgspec
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

PIN_DIGITS_MIN = 4
PIN_CHARS_MAX = 64
TRIES_MAX = 5
"""Wrong PINs in a row before a pause."""
PAUSE_S_MIN = 300
PAUSE_S_MAX = 3_600
"""The pause doubles with each further round, up to an hour: a longer one would lock the staff out."""

# 116 ms on the measured machine; the hash alone would not stop 10,000 four-digit PINs, the key does.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1_024, parallelism=1, type=Type.ID)


class PinKey(Protocol):
    """Whoever holds the site's secret: ``edge.vault.Vault``."""

    def keyed_pin(self, staff: str, pin: str, /) -> bytes:
        """Return the PIN of this person under the site's key, ready to be hashed."""


class Tries(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often a person was wrong since they were last right."""

    wrong: int = 0
    until_ms: int = 0
    """No PIN is looked at before then."""

    def paused(self, now_ms: int) -> bool:
        """Say whether a PIN would not even be looked at."""
        return now_ms < self.until_ms

    def one_more(self, now_ms: int) -> Tries:
        """Return the count with this attempt taken as wrong, until it proves right."""
        wrong = self.wrong + 1
        if wrong % TRIES_MAX:
            return Tries(wrong=wrong, until_ms=self.until_ms)
        return Tries(wrong=wrong, until_ms=now_ms + pause_s(wrong // TRIES_MAX) * 1_000)


def pause_s(rounds: int) -> int:
    """Return how long nothing is tried after this many full rounds of wrong PINs."""
    return min(PAUSE_S_MAX, PAUSE_S_MIN << min(rounds - 1, 16))


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
