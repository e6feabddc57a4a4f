"""Settings: what whoever runs central may choose about it."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How one worker of central behaves."""

    polls_max: int = 64
    """Feed requests held open at once; others are answered at once and told when to ask again."""
    retry_after_s: int = 5
    session_key: bytes = b""
    """Signs the console's cookies; empty: a fresh one at each start."""
    behind_tls: bool = False
    """Whether browsers reach the console by https only."""
