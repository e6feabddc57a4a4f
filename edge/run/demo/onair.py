"""The demo bands' radios: the identity key of each, as its chip's keys, follows from the site's master."""

from __future__ import annotations

import hmac

from edge.core.onair import KEY_BYTES, OnAir
from sync.central.registry.bands import BandCard
from sync.central.registry.onair import keyed
from sync.central.store import Connection, seals_of


def radio_key(master: bytes, uid: bytes) -> bytes:
    """Return the identity key of the band with this chip."""
    return hmac.digest(master, b"polso demo radio 1" + uid, "sha256")[:KEY_BYTES]


def with_radio(tx: Connection, site: str, card: BandCard, *, key: bytes) -> BandCard:
    """Return a band with its radio's key; a central that has nothing to seal by keeps none."""
    return keyed(tx, site, card, on_air=OnAir(key)) if seals_of(tx) is not None else card
