"""TLS as every line that goes out from here speaks it."""

from __future__ import annotations

import ssl

from urllib3.util.ssl_ import create_urllib3_context

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2 only what has forward secrecy and an authenticated cipher, strongest first; all of 1.3 has."""


def context() -> ssl.SSLContext:
    """Return a context for connections that we begin; which authorities it believes is said elsewhere."""
    return create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2, ciphers=CIPHERS)
