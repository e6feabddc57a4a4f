"""The vault: the keys of a device, and all that is done with them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from edge.core.bands import BAND_ID_BYTES
from edge.core.pins import keyed_pin
from edge.errors import PolsoError, StoreDamaged

KEYS_FILE = "keys"
SITE_KEY_BYTES = 32
SEAL_KEY_BYTES = 64
UID_BYTES_MAX = 64
"""The longest identifier that a reader can hand over (of QR codes, their driver's hash)."""
DIGEST_BYTES = 8
PAD_BYTES = 32
"""Sealed lengths are multiples of this, because a length tells."""


class VaultError(PolsoError):
    """The device's keys cannot be used."""

    hint = "Enrol the device anew; its keys file is missing, damaged or readable by others."


class _Keys(msgspec.Struct, frozen=True):
    """The keys file."""

    site: bytes
    seal: bytes


class BandKeys(Protocol):
    """Who knows the sealed keys of bands: the profiles."""

    def keys(self, band: bytes, /) -> Mapping[int, bytes]:
        """Return the band's own keys by key number; empty for an unknown band."""


class Vault:
    """Turns identifiers into BandIds, seals cells and digests rows; its keys never leave it."""

    def __init__(self, site_key: bytes, seal_key: bytes) -> None:
        """Hold the site's key (equal on every device of the site) and this device's own sealing key."""
        if len(site_key) != SITE_KEY_BYTES or len(seal_key) != SEAL_KEY_BYTES:
            raise VaultError(f"A site key has {SITE_KEY_BYTES} octets and a sealing key {SEAL_KEY_BYTES}.")
        self._site_key = site_key
        self._seal = AESSIV(seal_key)
        self._digest_key = hmac.digest(seal_key, b"polso row digest 1", "sha256")

    @classmethod
    def create(cls, folder: Path, site_key: bytes | None = None) -> Vault:
        """Write a keys file that only its owner may read; an existing one is never replaced."""
        keys = _Keys(site_key or secrets.token_bytes(SITE_KEY_BYTES), secrets.token_bytes(SEAL_KEY_BYTES))
        vault = cls(keys.site, keys.seal)
        try:
            descriptor = os.open(folder / KEYS_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise VaultError(
                f"{folder / KEYS_FILE} exists already; a second one would orphan every row."
            ) from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.msgpack.encode(keys))
            file.flush()
            os.fsync(descriptor)
        return vault

    @classmethod
    def load(cls, folder: Path) -> Vault:
        """Open the keys file of ``folder``; refuse one that others may read."""
        path = folder / KEYS_FILE
        try:
            if path.stat().st_mode & 0o077:
                raise VaultError(f"{path} can be read by others.", hint=f"chmod 600 {path}")
            keys = msgspec.msgpack.decode(path.read_bytes(), type=_Keys)
        except (OSError, msgspec.MsgspecError) as error:
            raise VaultError(f"{path} cannot be read: {error}") from error
        return cls(keys.site, keys.seal)

    def band_id(self, uid: bytes) -> bytes:
        """Return the BandId of a raw identifier: HMAC-SHA256 under the site's key, cut to 128 bits."""
        if not 0 < len(uid) <= UID_BYTES_MAX:
            raise VaultError(f"An identifier has 1 to {UID_BYTES_MAX} octets, not {len(uid)}.")
        return hmac.digest(self._site_key, uid, "sha256")[:BAND_ID_BYTES]

    def keyed_pin(self, staff: str, pin: str) -> bytes:
        """Return a member of staff's PIN under the site's key: its hash alone is worth no try."""
        return keyed_pin(self._site_key, staff, pin)

    def seal(self, plain: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return AES-SIV (RFC 5297) ciphertext bound to its cell: a moved cell does not open."""
        padded = plain + b"\x80" + b"\0" * (-(len(plain) + 1) % PAD_BYTES)
        return self._seal.encrypt(padded, [table.encode(), column.encode(), row])

    def open(self, sealed: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return what was sealed for this very cell, else raise ``StoreDamaged``."""
        try:
            padded = self._seal.decrypt(sealed, [table.encode(), column.encode(), row])
        except (InvalidTag, ValueError) as error:
            raise StoreDamaged(f"A sealed cell of {table}.{column} does not open.") from error
        return padded[: padded.rindex(b"\x80")]

    def digest(self, content: bytes) -> bytes:
        """Return a short keyed digest that tells a changed row from a true one."""
        return hashlib.blake2b(content, digest_size=DIGEST_BYTES, key=self._digest_key).digest()

    def key_lookup(self, bands: BandKeys) -> Callable[[bytes, int], bytes | None]:
        """Return what drivers ask for a band's own key (``hardware.port.KeyLookup``)."""

        def look_up(uid: bytes, key_no: int, /) -> bytes | None:
            return bands.keys(self.band_id(uid)).get(key_no)

        return look_up
