"""FeliCa Lite-S: how card and reader prove to each other that they know the card key."""

from __future__ import annotations

import hmac
import os
from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

CHALLENGE, CODE, IDENTITY, WRITES, CODE_TO_CARD, STATE = 0x80, 0x81, 0x82, 0x90, 0x91, 0x92
"""Block numbers: RC, MAC, ID, WCNT, MAC_A and STATE of the Lite-S user's manual."""

_ZERO = bytes(8)
_READER_PROVED = b"\x01" + bytes(15)


class Card(Protocol):
    """A card that reads and writes blocks of 16 octets without encryption; raises where it is gone."""

    def read(self, *blocks: int) -> bytes:
        """Return the blocks one after the other."""

    def write(self, octets: bytes, *blocks: int) -> None:
        """Write the blocks in one command."""


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


def authenticate(card: Card, card_key: bytes) -> bool:
    """Let card and reader prove themselves to each other; False where the card does not know the key.

    nfcpy does the same by pyDes, which takes 10 ms a tap on a desk machine and a multiple on a small one.
    """
    challenge = os.urandom(16)
    card.write(from_card(challenge), CHALLENGE)
    key, iv = session_key(card_key, challenge), challenge[:8]
    if _vouched(card.read(IDENTITY, CODE), key, iv) is None:
        return False
    count = card.read(WRITES)[:3]
    covered = count + bytes([0, STATE, 0, CODE_TO_CARD, 0]) + _READER_PROVED
    code = mac(covered, key, iv, to_card=True) + count + bytes(5)
    card.write(_READER_PROVED + code, STATE, CODE_TO_CARD)
    state = _vouched(card.read(STATE, CODE), key, iv)
    return state is not None and state[0] == 1


def _vouched(answer: bytes, key: bytes, iv: bytes) -> bytes | None:
    """Return what was read before the MAC's own block, if the MAC covers it."""
    octets, code = answer[:-16], answer[-16:-8]
    if not octets or len(answer) % 16:
        return None
    return octets if hmac.compare_digest(mac(octets, key, iv), code) else None
