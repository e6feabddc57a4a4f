"""NXP's leakage resilient primitive (AN12304): the other cipher that an NTAG 424 DNA can be set to."""

from __future__ import annotations

from hardware.nfc import aes

_UP = bytes([0x55]) * 16
_DOWN = bytes([0xAA]) * 16


def _doubled(block: bytes) -> bytes:
    """Multiply by x in the field of CMAC's subkeys (NIST SP 800-38B)."""
    number = int.from_bytes(block) << 1
    return (number ^ 0x87 if number >> 128 else number).to_bytes(17)[1:]


def _nibbles(octets: bytes) -> list[int]:
    """Split octets into half octets, the high one first."""
    return [half for octet in octets for half in (octet >> 4, octet & 15)]


class Lrp:
    """One key of LRP with one of its updated keys: 0 authenticates, 1 encrypts."""

    def __init__(self, key: bytes, update: int = 0) -> None:
        """Derive the sixteen secret plaintexts and the updated key."""
        self._plaintexts = []
        link = aes.encrypt(key, _UP)
        for _ in range(16):
            self._plaintexts.append(aes.encrypt(link, _DOWN))
            link = aes.encrypt(link, _UP)
        link = aes.encrypt(key, _DOWN)
        for _ in range(update):
            link = aes.encrypt(link, _UP)
        self._key = aes.encrypt(link, _DOWN)

    def evaluate(self, octets: bytes) -> bytes:
        """Walk the tree of keys along the half octets, and close it."""
        link = self._key
        for half in _nibbles(octets):
            link = aes.encrypt(link, self._plaintexts[half])
        return aes.encrypt(link, aes.ZERO)

    def cmac(self, message: bytes) -> bytes:
        """Return the CMAC whose block cipher is LRP."""
        first = _doubled(self.evaluate(aes.ZERO))
        whole = message and len(message) % 16 == 0
        subkey = first if whole else _doubled(first)
        padded = message if whole else message + b"\x80" + bytes(15 - len(message) % 16)
        state = aes.ZERO
        for start in range(0, len(padded) - 16, 16):
            state = self.evaluate(aes.exclusive_or(state, padded[start : start + 16]))
        return self.evaluate(aes.exclusive_or(aes.exclusive_or(state, padded[-16:]), subkey))

    def decrypt(self, octets: bytes, counter: bytes) -> bytes:
        """Decrypt whole blocks in the indexed code book mode; the counter grows by one a block."""
        plain, place = b"", int.from_bytes(counter)
        for start in range(0, len(octets), 16):
            index = (place % (1 << 8 * len(counter))).to_bytes(len(counter))
            plain += aes.decrypt(self.evaluate(index), octets[start : start + 16])
            place += 1
        return plain
