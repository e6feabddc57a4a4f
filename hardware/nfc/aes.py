"""AES-128 as NXP's bands use it: CBC with a given start, CMAC, and the MAC of every second octet."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

ZERO = bytes(16)


def encrypt(key: bytes, octets: bytes, iv: bytes = ZERO) -> bytes:
    """Encrypt whole blocks by CBC, with no padding."""
    chain = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return chain.update(octets) + chain.finalize()


def decrypt(key: bytes, octets: bytes, iv: bytes = ZERO) -> bytes:
    """Decrypt whole blocks by CBC, with no padding."""
    chain = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return chain.update(octets) + chain.finalize()


def cmac(key: bytes, message: bytes) -> bytes:
    """Return the CMAC of RFC 4493."""
    code = CMAC(algorithms.AES(key))
    code.update(message)
    return code.finalize()


def truncated(mac: bytes) -> bytes:
    """Return octets 1, 3, 5 ... 15 of a CMAC: what NTAG 424 DNA sends of it."""
    return mac[1::2]


def rotated_left(octets: bytes) -> bytes:
    """Return the octets with the first one moved to the end."""
    return octets[1:] + octets[:1]


def exclusive_or(left: bytes, right: bytes) -> bytes:
    """Return the octet-wise exclusive or of two equally long strings."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
