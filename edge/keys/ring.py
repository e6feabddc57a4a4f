"""A ring: the sealing keys of one device by version, so that a key can roll while older cells still open."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping

from edge.errors import PolsoError

KEY_BYTES = 64
"""AES-SIV with two keys of 256 bits (RFC 5297)."""
VERSION_MAX = 255
"""A version is one octet, the first of every sealed cell."""
RING_MAX = 8
"""Keys on one ring; a roll that ends leaves one."""
RING_BYTES_MAX = 4_096
_WORD = "polso-key"


class BadRing(PolsoError):
    """What should be this device's key is none."""

    hint = "Put back the key that `polso key make` wrote; without it this folder opens nowhere."


class Ring:
    """Sealing keys by version; the highest seals, every one opens. Nothing prints them."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """Hold 1 to ``RING_MAX`` keys."""
        sound = all(0 < version <= VERSION_MAX and len(key) == KEY_BYTES for version, key in keys.items())
        if not sound or not 0 < len(keys) <= RING_MAX:
            raise BadRing(f"A ring has 1 to {RING_MAX} keys of {KEY_BYTES} octets.")
        self._keys = dict(sorted(keys.items()))

    def __repr__(self) -> str:
        """Name the versions, never a key."""
        return f"Ring(versions={list(self._keys)})"

    @property
    def newest(self) -> int:
        """The version that seals."""
        return max(self._keys)

    def items(self) -> tuple[tuple[int, bytes], ...]:
        """Return versions and keys, eldest first, for the vault alone."""
        return tuple(self._keys.items())

    def rolled(self) -> Ring:
        """Return a ring with one more key, which seals from now on."""
        if self.newest == VERSION_MAX:
            raise BadRing("This key has rolled 254 times.", hint="Enrol the device anew in a new folder.")
        return Ring({**self._keys, self.newest + 1: secrets.token_bytes(KEY_BYTES)})

    def alone(self) -> Ring:
        """Return a ring with the newest key alone: what older ones sealed does not open any more."""
        return Ring({self.newest: self._keys[self.newest]})

    def written(self) -> bytes:
        """Return the ring as a key file or credential holds it: one line a key."""
        lines = (f"{_WORD} {version} {base64.b64encode(key).decode()}\n" for version, key in self.items())
        return "".join(lines).encode()


def new_ring() -> Ring:
    """Make a first key."""
    return Ring({1: secrets.token_bytes(KEY_BYTES)})


def ring_in(written: bytes) -> Ring:
    """Read a ring; what is wrong with it is said without a word of it."""
    if len(written) > RING_BYTES_MAX:
        raise BadRing
    keys = {}
    try:
        for line in written.decode("ascii").splitlines():
            word, version, key = line.split(" ")
            if word != _WORD:
                raise BadRing
            keys[int(version)] = base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error):
        raise BadRing from None  # the cause would quote the key
    return Ring(keys)
