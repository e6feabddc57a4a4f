"""Passwords of operators: hashed slowly, and looked at for as long where a name does not exist."""

from __future__ import annotations

import functools
import secrets

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from edge.errors import Refused

CHARS_MIN = 8
CHARS_MAX = 256

# OWASP's smaller setting: about a tenth of a second, so that signing in stays cheap for a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1_024, parallelism=1, type=Type.ID)


def hashed(password: str) -> str:
    """Return the argon2id hash of a password; one too short or too long is refused."""
    if not CHARS_MIN <= len(password) <= CHARS_MAX:
        raise Refused(
            f"A password has {CHARS_MIN} to {CHARS_MAX} characters.",
            hint="Four words in a row are good ones.",
        )
    return _HASHER.hash(password)


def fits(password_hash: str | None, password: str) -> bool:
    """Say whether a password is the hashed one; no hash at all costs as much time and fits nothing."""
    try:
        return _HASHER.verify(password_hash or _decoy(), password[:CHARS_MAX])
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _decoy() -> str:
    return _HASHER.hash(secrets.token_bytes(32))
