"""PINs of staff: how one is keyed with the site's secret before it is hashed, at central and edge alike."""

from __future__ import annotations

import hmac


def keyed_pin(site_key: bytes, staff: str, pin: str) -> bytes:
    """Return what is hashed (argon2id) in place of a PIN: without the site's key no PIN can be tried."""
    name = staff.encode()
    return hmac.digest(site_key, b"polso staff pin 1" + len(name).to_bytes(2) + name + pin.encode(), "sha256")
