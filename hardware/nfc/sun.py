"""Secure unique NFC: the message that an NTAG 424 DNA makes anew at each tap, and how it is checked."""

from __future__ import annotations

import enum
import hmac
import urllib.parse
from dataclasses import dataclass, field

from hardware.nfc import aes
from hardware.nfc.lrp import Lrp
from hardware.port import KeyLookup, ReadFault, Trust

SUN_KEY_NO = 2
"""The band's file-read key, under which it makes the MAC (``Layout.key_no`` overrides it)."""
URL_MAX = 512
"""Longest link that is looked at; a band's file holds 256 octets."""

_MAC_LABEL = bytes.fromhex("3CC300010080")
_ENC_LABEL = bytes.fromhex("C33C00010080")
_LRP_LABEL, _LRP_TRAILER = bytes.fromhex("00010080"), bytes.fromhex("1EE1")
_UID_OCTETS = 7


class MacOver(enum.StrEnum):
    """What the band was told to put under its MAC, from SDMMACInputOffset to SDMMACOffset."""

    NOTHING = "nothing"
    FILE = "file"
    FILE_AND_NAME = "file_and_name"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bands of a site were personalised: parameter names, MAC input, cipher, and key number.

    ``meta_key`` opens encrypted PICC data before any UID is known. Many bands share it, so a site with
    its own bands leaves it out and has UID and counter in clear.
    """

    uid: str = "uid"
    counter: str = "ctr"
    mac: str = "cmac"
    picc: str = "picc_data"
    file: str = "enc"
    mac_over: MacOver = MacOver.NOTHING
    lrp: bool = False
    key_no: int = SUN_KEY_NO
    meta_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a link proves: SUN, or UID where no key was there to check it, or nothing and why."""

    trust: Trust
    uid: bytes = field(default=b"", repr=False)
    counter: int | None = None
    fault: ReadFault | None = None
    cause: str = ""
    file: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link says of itself before any MAC was looked at."""

    uid: bytes
    counter: int
    mac: bytes
    enciphered: bytes = b""
    file_hex: str = ""


def _counter_octets(counter: int) -> bytes:
    """Write the 24-bit counter as the chip does: least significant octet first."""
    return counter.to_bytes(3, "little")


def _lrp_session(key: bytes, uid: bytes, counter: int) -> bytes:
    """Derive the session's master key in LRP mode."""
    vector = _LRP_LABEL + uid + _counter_octets(counter)
    vector += bytes(-(len(vector) + len(_LRP_TRAILER)) % 16) + _LRP_TRAILER
    return Lrp(key).cmac(vector)


def mac(key: bytes, claim: Claim, covered: bytes, *, lrp: bool = False) -> bytes:
    """Return the 8 octets that the band's file-read key puts under ``covered`` at this counter."""
    if lrp:
        return aes.truncated(Lrp(_lrp_session(key, claim.uid, claim.counter)).cmac(covered))
    session = aes.cmac(key, _MAC_LABEL + claim.uid + _counter_octets(claim.counter))
    return aes.truncated(aes.cmac(session, covered))


def open_file(key: bytes, claim: Claim, *, lrp: bool = False) -> bytes:
    """Decipher the part of the band's file that it mirrored into the link."""
    if lrp:
        session = Lrp(_lrp_session(key, claim.uid, claim.counter), 1)
        return session.decrypt(claim.enciphered, _counter_octets(claim.counter) + bytes(3))
    session_key = aes.cmac(key, _ENC_LABEL + claim.uid + _counter_octets(claim.counter))
    start = aes.encrypt(session_key, _counter_octets(claim.counter) + bytes(13))
    return aes.decrypt(session_key, claim.enciphered, start)


def open_picc(meta_key: bytes, octets: bytes) -> tuple[bytes, int] | None:
    """Decipher PICC data (16 octets AES, 24 LRP) to UID and counter, or None if the tag octet is not ours."""
    if len(octets) == 24:
        plain = Lrp(meta_key).decrypt(octets[8:], octets[:8])
    elif len(octets) == 16:
        plain = aes.decrypt(meta_key, octets)
    else:
        return None
    # Bit 7: a UID follows; bit 6: a counter follows; low half: the UID's length. Believed only if all fit.
    if plain[0] & 0xCF != 0xC0 | _UID_OCTETS:
        return None
    return plain[1:8], int.from_bytes(plain[8:11], "little")


def _parameters(url: str) -> dict[str, str] | None:
    """Split a link's query, or None where it is too long, no link, or says one thing twice."""
    if len(url) > URL_MAX:
        return None
    try:
        pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, max_num_fields=16)
    except ValueError:
        return None
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None


def _octets(text: str) -> bytes | None:
    """Read hexadecimal strictly: no blanks, no signs, whole octets."""
    if not text or len(text) % 2 or not set(text) <= set("0123456789abcdefABCDEF"):
        return None
    return bytes.fromhex(text)


def _identity(query: dict[str, str], layout: Layout) -> tuple[bytes, int] | None:
    """Take UID and counter out of encrypted PICC data, or out of the clear mirror."""
    if layout.picc in query:
        sealed = _octets(query[layout.picc])
        return open_picc(layout.meta_key, sealed) if sealed and layout.meta_key else None
    uid, counter = _octets(query.get(layout.uid, "")), _octets(query.get(layout.counter, ""))
    if not uid or len(uid) != _UID_OCTETS or not counter or len(counter) != 3:
        return None
    return uid, int.from_bytes(counter)


def read_claim(url: str, layout: Layout) -> Claim | None:
    """Take a link apart, or None where it is no SUN link of this layout."""
    query = _parameters(url)
    identity = _identity(query, layout) if query else None
    if not query or identity is None:
        return None
    code, file_hex = _octets(query.get(layout.mac, "")), query.get(layout.file, "")
    enciphered = _octets(file_hex) if file_hex else b""
    if code is None or len(code) != 8 or enciphered is None or len(enciphered) % 16:
        return None
    return Claim(identity[0], identity[1], code, enciphered, file_hex.upper())


def _covered(claim: Claim, layout: Layout) -> bytes:
    """Rebuild the MAC's input as the band's settings say it is, never as the link suggests."""
    if layout.mac_over is MacOver.NOTHING:
        return b""
    tail = f"&{layout.mac}=" if layout.mac_over is MacOver.FILE_AND_NAME else ""
    return (claim.file_hex + tail).encode()


def check(
    url: str, keys: KeyLookup, *, layout: Layout | None = None, seen_uid: bytes | None = None
) -> Checked:
    """Judge a SUN link; ``seen_uid`` is the UID of the band that was in the field, if there was one.

    The counter comes out as the band said it: whether it moved is judged where the last one is kept.
    """
    layout = layout or Layout()
    claim = read_claim(url, layout)
    if claim is None:
        return Checked(Trust.NONE, fault=ReadFault.GARBAGE, cause="no SUN message of this site's layout")
    if seen_uid is not None and not hmac.compare_digest(seen_uid, claim.uid):
        return Checked(Trust.NONE, seen_uid, fault=ReadFault.NOT_AUTHENTIC, cause="speaks for another band")
    key = keys(claim.uid, layout.key_no)
    if key is None:
        return Checked(Trust.UID, claim.uid, cause="no key here to check its message")
    if not hmac.compare_digest(mac(key, claim, _covered(claim, layout), lrp=layout.lrp), claim.mac):
        return Checked(
            Trust.NONE, claim.uid, fault=ReadFault.NOT_AUTHENTIC, cause="its message has a wrong MAC"
        )
    # What the MAC does not cover anybody could have written.
    sealed = claim.enciphered and layout.mac_over is not MacOver.NOTHING
    opened = open_file(key, claim, lrp=layout.lrp) if sealed else b""
    return Checked(Trust.SUN, claim.uid, claim.counter, file=opened)
