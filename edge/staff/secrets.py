"""Secrets that are given out once and kept only as a hash: session and screen tokens, enrolment codes."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32
CODE_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 symbols: none that could be read as another."""
CODE_CHARS = 13
"""65 bits: more than anybody tries in the quarter of an hour that a code lives."""
_READ_AS = str.maketrans("OIL", "011", "- ")


def new_token() -> str:
    """Return 256 random bits for a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_code() -> str:
    """Return a one-time code for a person to type, in groups: ``XXXX-XXXX-XXXXX``."""
    symbols = "".join(secrets.choice(CODE_SYMBOLS) for _ in range(CODE_CHARS))
    return f"{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"


def kept_as(secret: str) -> str:
    """Return the hash under which a token is found again; it is random enough to need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def code_kept_as(code: str) -> str:
    """Return the hash of a code as typed: any case, any grouping, O for 0 and I or L for 1."""
    return kept_as(code.upper().translate(_READ_AS))
