"""Settings: what whoever runs central may choose about it, and what other rooms know for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from edge.core.retention import Keeping
from sync.central.psp.port import Psp
from sync.central.registry.bands import Diversify
from sync.central.registry.onair import Agree
from sync.central.store import Seals


class PinMatches(Protocol):
    """Says whether a guest's PIN for one wallet is the one that was hashed so."""

    def __call__(self, site_key: bytes, wallet: str, pin: str, /, *, hashed: str) -> bool:
        """Check one PIN; slow on purpose."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How one worker of central behaves."""

    polls_max: int = 64
    """Feed requests held open at once; others are answered at once and told when to ask again."""
    retry_after_s: int = 5
    public_url: str = "http://localhost"
    """Central's own address, which every device's signature is made for; no request's Host is asked."""
    behind_tls: bool = False
    """Whether browsers reach the console by https only."""
    trusted_hosts: tuple[str, ...] = ()
    """Names by which browsers reach the console, beside localhost and literal addresses."""
    metrics_token: str = ""
    """Lets who presents it as a bearer read ``/metrics`` from elsewhere; behind a proxy the only way."""
    diversify: Diversify | None = None
    """Makes bands' own keys; without it bands whose chip needs keys are refused."""
    desk_keys: Callable[[bytes, bytes, Sequence[int]], Mapping[int, bytes]] | None = None
    """Makes one band's keys for a desk from (master, identifier, numbers); without it there is no desk."""
    agree: Agree | None = None
    """Agrees upon a band's identity key with the band; without it none is registered."""
    pin_hash: Callable[[bytes, str, str], str] | None = None
    """Hashes a PIN from (site key, id of the member of staff, PIN); without it staff get no PIN."""
    guest_pin_hash: Callable[[bytes, str, str], str] | None = None
    """Hashes a guest's PIN from (site key, id of the wallet, PIN); without it wallets get no PIN."""
    guest_pin_matches: PinMatches | None = None
    """Checks a guest's PIN; without it guests allow nothing more on their own page."""
    second_factor: bool = False
    """Whether every operator must have one: whoever has none sees nothing but the page that sets one up."""
    keeping: Keeping = Keeping()
    """For how long what speaks of people is kept."""
    psp: Psp | None = None
    """Who charges stored credentials; without one nobody is charged."""
    seals: Seals | None = None
    """Seals by what could be charged; without it no credential is stored."""
