"""A band's own key out of a site's master (NXP AN10922), for the desk that personalises bands."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hardware.nfc import aes

_MESSAGE_MAX = 31
_APPLICATION = bytes.fromhex("D2760000850101")
_SYSTEM = b"polso"


def _block(key: bytes, octets: bytes) -> bytes:
    """Encrypt by CBC with a master of any AES length."""
    chain = Cipher(algorithms.AES(key), modes.CBC(aes.ZERO)).encryptor()
    return chain.update(octets) + chain.finalize()


def _subkeys(key: bytes) -> tuple[bytes, bytes]:
    """Return CMAC's K1 and K2."""
    made = []
    block = _block(key, aes.ZERO)
    for _ in range(2):
        number = int.from_bytes(block) << 1
        block = (number ^ 0x87 if number >> 128 else number).to_bytes(17)[1:]
        made.append(block)
    return made[0], made[1]


def _branch(master: bytes, constant: int, message: bytes) -> bytes:
    """Close constant and message over exactly two blocks: AN10922's own padding, not RFC 4493's."""
    whole, partial = _subkeys(master)
    octets = bytes([constant]) + message
    if len(octets) < 32:
        octets, subkey = (octets + b"\x80").ljust(32, b"\0"), partial
    else:
        subkey = whole
    return _block(master, octets[:16] + aes.exclusive_or(octets[16:], subkey))[16:]


def band_key(master: bytes, uid: bytes, key_no: int) -> bytes:
    """Return key ``key_no`` of one NTAG 424 DNA under a site's master."""
    return diversified(master, uid + _APPLICATION + _SYSTEM + bytes([key_no]))


def band_keys(master: bytes, uids: Sequence[bytes], numbers: Sequence[int]) -> list[dict[int, bytes]]:
    """Return the keys by number of many bands, in order."""
    tails = [_APPLICATION + _SYSTEM + bytes([number]) for number in numbers]
    made = diversified_all(master, [uid + tail for uid in uids for tail in tails])
    count = len(numbers)
    return [dict(zip(numbers, made[at : at + count], strict=True)) for at in range(0, len(made), count)]


def diversified(master: bytes, message: bytes) -> bytes:
    """Return the key of one band: ``message`` is UID, application and system identifier in this order."""
    if not 1 <= len(message) <= _MESSAGE_MAX:
        raise ValueError(f"AN10922 takes 1 to {_MESSAGE_MAX} octets of identity, not {len(message)}")
    if len(master) == 16:
        return _branch(master, 0x01, message)
    if len(master) == 24:
        left, right = _branch(master, 0x11, message), _branch(master, 0x12, message)
        return left[:8] + aes.exclusive_or(left[8:], right[:8]) + right[8:]
    return _branch(master, 0x41, message) + _branch(master, 0x42, message)


def diversified_all(master: bytes, messages: Sequence[bytes]) -> list[bytes]:
    """Return the keys of many bands in order, as ``diversified`` makes them one by one.

    Both blocks of every band go through the cipher at once: a million bands cost seconds, not minutes.
    """
    if len(master) != 16 or not messages:
        return [diversified(master, message) for message in messages]
    whole, partial = _subkeys(master)
    first, second, last = [], [], []
    for message in messages:
        if not 1 <= len(message) <= _MESSAGE_MAX:
            raise ValueError(f"AN10922 takes 1 to {_MESSAGE_MAX} octets of identity, not {len(message)}")
        full = len(message) == _MESSAGE_MAX
        octets = (b"\x01" + message + b"\x80").ljust(32, b"\0")[:32]
        first.append(octets[:16])
        second.append(octets[16:])
        last.append(whole if full else partial)
    cipher = Cipher(algorithms.AES(master), modes.ECB()).encryptor()  # noqa: S305  # chained by hand below
    halves = (cipher.update(b"".join(first)), b"".join(second), b"".join(last))
    mixed = functools.reduce(operator.xor, (int.from_bytes(half) for half in halves))
    keys = cipher.update(mixed.to_bytes(16 * len(messages)))
    return [keys[at : at + 16] for at in range(0, len(keys), 16)]
