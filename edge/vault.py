"""The vault: the keys of a device, and all that is done with them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from edge.core.bands import BAND_ID_BYTES
from edge.core.orders import pickup_code
from edge.core.pins import keyed_guest_pin, keyed_pin
from edge.errors import PolsoError, StoreDamaged
from edge.keys.ring import Ring
from edge.keys.source import write_whole

SITE_FILE = "site"
"""The site's key, sealed; what opens it comes from elsewhere (``edge.keys``)."""
FILE_KEY = "file"
"""The key of wholly encrypted database files, sealed."""
FILE_KEY_BYTES = 32
SITE_KEY_BYTES = 32
UID_BYTES_MAX = 64
"""The longest identifier that a reader can hand over (of QR codes, their driver's hash)."""
HMAC_PADS = (0x36, 0x5C)
"""What RFC 2104 lays over the key for the inner and the outer hash."""
PAD_BYTES = 32
"""Sealed lengths are multiples of this, because a length tells."""
_SITE_CELL = ("vault", "site")
_FILE_CELL = ("vault", "file")


class VaultError(PolsoError):
    """The device's keys cannot be used."""

    hint = "Bring back the key that this folder was made with, or enrol the device anew in a new folder."


class BandKeys(Protocol):
    """Who knows the sealed keys of bands: the profiles."""

    def keys(self, band: bytes, /) -> Mapping[int, bytes]:
        """Return the band's own keys by key number; empty for an unknown band."""


class Vault:
    """Turns identifiers into BandIds and seals cells; its keys never leave it."""

    def __init__(self, site_key: bytes, ring: Ring, *, former: bytes | None = None) -> None:
        """Hold the site's key (equal on every device of the site) and this device's own ring.

        ``former`` is the key of a folder that was made before keys had versions: it opens, never seals.
        """
        if len(site_key) != SITE_KEY_BYTES:
            raise VaultError(f"A site key has {SITE_KEY_BYTES} octets.")
        self._site_key = site_key
        block = site_key.ljust(hashlib.sha256().block_size, b"\0")
        self._inner, self._outer = (
            hashlib.sha256(bytes(octet ^ pad for octet in block)) for pad in HMAC_PADS
        )
        self._seals = {version: AESSIV(key) for version, key in ring.items()}
        self._newest, self._mark = self._seals[ring.newest], bytes([ring.newest])
        self._former = None if former is None else AESSIV(former)
        self._former_digest_key = former and hmac.digest(former, b"polso row digest 1", "sha256")
        self._index_key = hmac.digest(site_key, b"polso blind index 1", "sha256")

    def __repr__(self) -> str:
        """Say nothing."""
        return "Vault()"

    @classmethod
    def create(cls, folder: Path, ring: Ring, site_key: bytes | None = None) -> Vault:
        """Seal the site's key into a new folder; one that is there is never replaced."""
        path = folder / SITE_FILE
        if path.exists():
            raise VaultError(f"{path} exists already; a second one would orphan every row.")
        vault = cls(site_key or secrets.token_bytes(SITE_KEY_BYTES), ring)
        vault.save(folder)
        return vault

    @classmethod
    def load(cls, folder: Path, ring: Ring) -> Vault:
        """Open the folder's site key with this device's ring."""
        path = folder / SITE_FILE
        try:
            sealed = path.read_bytes()
        except OSError as error:
            raise VaultError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            return cls(cls(bytes(SITE_KEY_BYTES), ring).open(sealed, *_SITE_CELL, row=b"1"), ring)
        except StoreDamaged as error:
            raise VaultError(f"{path} does not open with this device's key.") from error

    def with_ring(self, ring: Ring) -> Vault:
        """Return this site's vault under another ring of the same device."""
        return Vault(self._site_key, ring)

    def save(self, folder: Path) -> None:
        """Seal the site's key, and the files' where there is one, with the newest key; each in one step."""
        if (folder / FILE_KEY).exists():
            write_whole(folder / FILE_KEY, self.seal(self.file_key(folder), *_FILE_CELL, row=b"1"))
        write_whole(folder / SITE_FILE, self.seal(self._site_key, *_SITE_CELL, row=b"1"))

    def file_key(self, folder: Path) -> bytes:
        """Return the key of wholly encrypted files, sealed beside them; made at the first call."""
        path = folder / FILE_KEY
        if not path.exists():
            write_whole(path, self.seal(secrets.token_bytes(FILE_KEY_BYTES), *_FILE_CELL, row=b"1"))
        return self.open(path.read_bytes(), *_FILE_CELL, row=b"1")

    def band_id(self, uid: bytes) -> bytes:
        """Return the BandId of a raw identifier: HMAC-SHA256 under the site's key, cut to 128 bits."""
        if not 0 < len(uid) <= UID_BYTES_MAX:
            raise VaultError(f"An identifier has 1 to {UID_BYTES_MAX} octets, not {len(uid)}.")
        # Keyed once, by hand: looking an algorithm up or copying an ``hmac`` costs more than the hash itself.
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(uid)
        outer.update(inner.digest())
        return outer.digest()[:BAND_ID_BYTES]

    def keyed_pin(self, staff: str, pin: str) -> bytes:
        """Return a member of staff's PIN under the site's key: its hash alone is worth no try."""
        return keyed_pin(self._site_key, staff, pin)

    def keyed_guest_pin(self, wallet: str, pin: str) -> bytes:
        """Return a guest's PIN under the site's key and bound to the wallet, likewise."""
        return keyed_guest_pin(self._site_key, wallet, pin)

    def pickup_code(self, order: str) -> str:
        """Return by which digits an order is fetched without a band."""
        return pickup_code(self._site_key, order)

    def seal(self, plain: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return AES-SIV (RFC 5297) ciphertext bound to its cell: a moved cell does not open."""
        padded = plain + b"\x80" + b"\0" * (-(len(plain) + 1) % PAD_BYTES)
        return self._mark + self._newest.encrypt(padded, [table.encode(), column.encode(), row])

    def open(self, sealed: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return what was sealed for this very cell, else raise ``StoreDamaged``."""
        cell = [table.encode(), column.encode(), row]
        seal = self._seals.get(sealed[0]) if sealed else None
        plain = _opened(seal, sealed[1:], cell)
        if plain is None:
            plain = _opened(self._former, sealed, cell)
        if plain is None:
            raise StoreDamaged(f"A sealed cell of {table}.{column} does not open.")
        return plain

    def blind(self, word: bytes) -> int:
        """Return a word as an index holds it: 63 bits under the site's key, equal for equal words alone."""
        return int.from_bytes(hashlib.blake2b(word, digest_size=8, key=self._index_key).digest()) >> 1

    def former_digest_is(self, content: bytes, check: bytes) -> bool:
        """Say whether a digest is that of a row from before rows were sealed."""
        key = self._former_digest_key
        found = hashlib.blake2b(content, digest_size=8, key=key).digest() if key else b""
        return hmac.compare_digest(found, check)

    def key_lookup(self, bands: BandKeys) -> Callable[[bytes, int], bytes | None]:
        """Return what drivers ask for a band's own key (``hardware.port.KeyLookup``)."""

        def look_up(uid: bytes, key_no: int, /) -> bytes | None:
            return bands.keys(self.band_id(uid)).get(key_no)

        return look_up


def _opened(seal: AESSIV | None, sealed: bytes, cell: list[bytes]) -> bytes | None:
    """Return what one key opens, without its padding; None where it does not."""
    if seal is None:
        return None
    try:
        padded = seal.decrypt(sealed, cell)
        return padded[: padded.rindex(b"\x80")]
    except (InvalidTag, ValueError):
        return None
