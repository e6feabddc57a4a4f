"""Codes of an authenticator app: six digits from a shared secret and the time (RFC 6238 over RFC 4226)."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterator
from urllib.parse import quote

SECRET_BYTES = 20
"""As long as SHA-1's value (RFC 4226, 4): what every app takes."""
STEP_MS = 30_000
SLACK_MS = 10_000
"""By how much a telephone's clock may differ from central's, or a hand be slow."""
DIGITS = 6
ISSUER = "Polso"


def new_secret() -> bytes:
    """Return a secret of the kernel's random numbers."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of a step of time."""
    made = hmac.digest(secret, step.to_bytes(8), "sha1")
    place = made[-1] & 0x0F
    number = int.from_bytes(made[place : place + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(secret: bytes, code: str, now_ms: int) -> int | None:
    """Return the step that a code belongs to, if it is one of now; every one of now is compared."""
    found = None
    for step in _steps(now_ms):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def letters(secret: bytes) -> str:
    """Return a secret as people type it into an app."""
    return base64.b32encode(secret).decode()


def address(secret: bytes, name: str) -> str:
    """Return what an authenticator app reads out of a square code."""
    return f"otpauth://totp/{ISSUER}:{quote(name, safe='')}?secret={letters(secret)}&issuer={ISSUER}"


def _steps(now_ms: int) -> Iterator[int]:
    yield from sorted({(now_ms + shift) // STEP_MS for shift in (-SLACK_MS, 0, SLACK_MS)})
