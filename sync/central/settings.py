"""Settings: what whoever runs central may choose about it, and what other rooms know for it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sync.central.registry.bands import Diversify


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How one worker of central behaves."""

    polls_max: int = 64
    """Feed requests held open at once; others are answered at once and told when to ask again."""
    retry_after_s: int = 5
    behind_tls: bool = False
    """Whether browsers reach the console by https only."""
    trusted_hosts: tuple[str, ...] = ()
    """Names by which browsers reach the console, beside localhost and literal addresses."""
    metrics_token: str = ""
    """Lets who presents it as a bearer read ``/metrics`` from elsewhere; behind a proxy the only way."""
    diversify: Diversify | None = None
    """Makes bands' own keys; without it bands whose chip needs keys are refused."""
    pin_hash: Callable[[bytes, str, str], str] | None = None
    """Hashes a PIN from (site key, id of the member of staff, PIN); without it staff get no PIN."""
