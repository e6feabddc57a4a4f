"""FeliCa Lite-S: the MAC by which card and reader prove to each other that they know the card key."""

from __future__ import annotations

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

_ZERO = bytes(8)


def _des(key: bytes, octets: bytes, iv: bytes) -> bytes:
    """Encrypt by two-key triple DES in CBC; the library wants the third key written out."""
    chain = Cipher(TripleDES(key + key[:8]), modes.CBC(iv)).encryptor()
    return chain.update(octets) + chain.finalize()


def _turned(octets: bytes) -> bytes:
    """Reverse each group of eight octets: the card counts from the least significant end."""
    return b"".join(octets[start : start + 8][::-1] for start in range(0, len(octets), 8))


def session_key(card_key: bytes, challenge: bytes) -> bytes:
    """Derive the session key from the reader's 16 random octets."""
    return _des(card_key, challenge, _ZERO)


def mac(octets: bytes, key: bytes, iv: bytes, *, to_card: bool = False) -> bytes:
    """Return the 8-octet MAC; the key's halves change places for what is written to the card."""
    ordered = key[8:] + key[:8] if to_card else key
    return _des(ordered, _turned(octets), iv)[-8:][::-1]


def from_card(block: bytes) -> bytes:
    """Turn a 16-octet block between the card's order of octets and the cipher's."""
    return _turned(block)
