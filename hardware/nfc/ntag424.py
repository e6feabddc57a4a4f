"""NTAG 424 DNA over any APDU channel: proves live that it knows its key, or shows its SUN link."""

from __future__ import annotations

import enum
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from hardware.nfc import aes

Apdu = Callable[[bytes], bytes]
"""Sends one command APDU and returns the answer with its two status octets; raises where the band is gone."""

APPLICATION = bytes.fromhex("D2760000850101")
NDEF_FILE = bytes.fromhex("E104")
_READ_MAX = 0xFB
_PART_OCTETS = 16

OK = b"\x90\x00"
DONE = b"\x91\x00"
MORE = b"\x91\xaf"
AUTHENTICATION_ERROR = b"\x91\xae"
AUTHENTICATION_DELAY = b"\x91\xad"

_ENC_LABEL = bytes.fromhex("A55A00010080")
_MAC_LABEL = bytes.fromhex("5AA500010080")


class Outcome(enum.Enum):
    """What came of asking a band for its proof."""

    PROVED = "proved"
    REFUSED = "refused"
    """The band did not know the key, or knew no such application, file or key number."""
    DELAYED = "delayed"
    """The chip is in its authentication delay (91ADh): refuse now and do not hammer."""


@dataclass(frozen=True, slots=True)
class Session:
    """The keys of secure messaging after a proof; only personalisation goes on with them."""

    ti: bytes = field(repr=False)
    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome, the status word that brought it, and the session if it was proved."""

    outcome: Outcome
    status: bytes
    session: Session | None = None


def session_keys(key: bytes, rnd_a: bytes, rnd_b: bytes) -> tuple[bytes, bytes]:
    """Derive encryption and MAC key of a session (AN12196, AuthenticateEV2First)."""
    crossed = aes.exclusive_or(rnd_a[2:8], rnd_b[:6])
    context = rnd_a[:2] + crossed + rnd_b[6:16] + rnd_a[8:16]
    return aes.cmac(key, _ENC_LABEL + context), aes.cmac(key, _MAC_LABEL + context)


def select_application(apdu: Apdu) -> bytes:
    """Select the NTAG 424 DNA application; return the status word."""
    return apdu(b"\x00\xa4\x04\x00" + bytes([len(APPLICATION)]) + APPLICATION + b"\x00")[-2:]


def _refusal(status: bytes) -> Proof:
    """Name the refusal that a status word means."""
    return Proof(Outcome.DELAYED if status == AUTHENTICATION_DELAY else Outcome.REFUSED, status)


def authenticate(apdu: Apdu, key: bytes, key_no: int, *, rnd_a: bytes | None = None) -> Proof:
    """Run AuthenticateEV2First; ``rnd_a`` is given only by tests of the published exchange."""
    rnd_a = os.urandom(_PART_OCTETS) if rnd_a is None else rnd_a
    first = apdu(b"\x90\x71\x00\x00\x02" + bytes([key_no, 0, 0]))
    if first[-2:] != MORE or len(first) != _PART_OCTETS + 2:
        return _refusal(first[-2:])
    rnd_b = aes.decrypt(key, first[:-2])
    sealed = aes.encrypt(key, rnd_a + aes.rotated_left(rnd_b))
    second = apdu(b"\x90\xaf\x00\x00\x20" + sealed + b"\x00")
    if second[-2:] != DONE or len(second) != 2 * _PART_OCTETS + 2:
        return _refusal(second[-2:])
    plain = aes.decrypt(key, second[:-2])
    if not hmac.compare_digest(plain[4:20], aes.rotated_left(rnd_a)):
        return Proof(Outcome.REFUSED, second[-2:])
    enc, mac = session_keys(key, rnd_a, rnd_b)
    return Proof(Outcome.PROVED, DONE, Session(plain[:4], enc, mac))


def read_ndef(apdu: Apdu) -> bytes | None:
    """Read the NDEF message of the selected application, or None where the band shows none."""
    if apdu(b"\x00\xa4\x00\x0c\x02" + NDEF_FILE)[-2:] != OK:
        return None
    answer = apdu(b"\x00\xb0\x00\x00" + bytes([_READ_MAX]))
    if answer[-2:] != OK or len(answer) < 4:
        return None
    length = int.from_bytes(answer[:2])
    message = answer[2:-2][:length]
    return message if len(message) == length else None


def product(apdu: Apdu) -> str:
    """Name the product by the first frame of GetVersion, or say "Type 4" where it does not tell."""
    answer = apdu(b"\x90\x60\x00\x00\x00")
    if answer[-2:] != MORE or len(answer) != 9 or answer[0] != 0x04:
        return "Type 4"
    return {(0x04, 0x30): "NTAG 424 DNA", (0x01, 0x12): "DESFire EV2", (0x01, 0x33): "DESFire EV3"}.get(
        (answer[1], answer[3]), "Type 4"
    )
