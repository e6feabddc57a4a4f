"""What each kind of band can prove, whatever reader it lies on."""

from __future__ import annotations

from hardware.nfc import ntag424, sun
from hardware.nfc.ntag424 import Apdu, Outcome
from hardware.nfc.uri import first_link
from hardware.port import KeyLookup, Presented, ReadFault, Trust

LIVE_KEY_NO = 1
"""The key a gate lets a band prove; never 0, which is the band's master. FeliCa: the card key."""
META_KEY_NO = 3
"""The band's own key for encrypted PICC data, where a site uses it."""

COMING = 16
"""Added to a key's number: the key that a band gets while keys roll, so that old and new ones pass."""

_CLASSIC_BIT = 0x08
_TYPE4_BIT = 0x20
_NTAG21X = {
    bytes.fromhex("0004040201000F03"): "NTAG213",
    bytes.fromhex("0004040201001103"): "NTAG215",
    bytes.fromhex("0004040201001303"): "NTAG216",
    bytes.fromhex("0004030101000B03"): "Ultralight EV1",
    bytes.fromhex("0004030101000E03"): "Ultralight EV1",
}

_NDEF_MAGIC = 0xE1
_NTAG21X_BY_SIZE = {0x12: "NTAG213", 0x3E: "NTAG215", 0x6D: "NTAG216"}


def is_classic(sak: int) -> bool:
    """Say whether this SAK names a MIFARE Classic or an emulation of one (NXP AN10833: bit 08h)."""
    return bool(sak & _CLASSIC_BIT)


def is_type4(sak: int) -> bool:
    """Say whether a band of this SAK takes APDUs."""
    return bool(sak & _TYPE4_BIT)


def is_random(uid: bytes) -> bool:
    """Say whether this identifier lasts one activation only: 08h of four octets, or FeliCa's 01FEh."""
    return (len(uid) == 4 and uid[0] == 0x08) or (len(uid) == 8 and uid[:2] == b"\x01\xfe")


def refused_unread(uid: bytes, sak: int | None) -> Presented | None:
    """Refuse by identifier and SAK alone, before a single command is spent on the band."""
    if sak is not None and is_classic(sak):
        cause = "MIFARE Classic: its cipher is broken and copies are free"
        return Presented(uid, product="MIFARE Classic", sak=sak, fault=ReadFault.REFUSED_CHIP, cause=cause)
    if is_random(uid):
        cause = "another identifier at each tap: a phone, or a band with random UID"
        return Presented(uid, sak=sak, fault=ReadFault.RANDOM_UID, cause=cause)
    return None


def type2_product(version: bytes) -> str:
    """Name a type 2 band by its answer to GetVersion."""
    return _NTAG21X.get(bytes(version), "Type 2")


def type2_product_by_size(capabilities: bytes) -> str:
    """Name a type 2 band by its capability container, where a reader cannot ask for its version."""
    fits = len(capabilities) >= 4 and capabilities[0] == _NDEF_MAGIC
    return _NTAG21X_BY_SIZE.get(capabilities[2], "Type 2") if fits else "Type 2"


def keyless(uid: bytes, keys: KeyLookup) -> Presented | None:
    """Refuse a band that can prove nothing in the place of one whose key we know."""
    if keys(uid, LIVE_KEY_NO) is None:
        return None
    cause = "a band with a key should be here, and this one has none"
    return Presented(uid, fault=ReadFault.NOT_AUTHENTIC, cause=cause)


def prove_type4(apdu: Apdu, uid: bytes, keys: KeyLookup) -> Presented:
    """Let a type 4 band prove the most that our keys can check: live, else SUN, else nothing but its UID.

    A band whose key is known and that fails its proof is refused: never read as less.
    """
    status = ntag424.select_application(apdu)
    key = keys(uid, LIVE_KEY_NO)
    if key is not None:
        if status != ntag424.OK:
            return _unproved(uid, status)
        found = _live(apdu, uid, key)
        if found.fault is not ReadFault.NOT_AUTHENTIC:
            return found
        # Only a band that failed with the old key is asked again, and only while keys roll.
        coming = keys(uid, LIVE_KEY_NO + COMING)
        return found if coming is None else _live(apdu, uid, coming)
    if keys(uid, sun.SUN_KEY_NO) is not None:
        return _sun(apdu, uid, keys) if status == ntag424.OK else _unproved(uid, status)
    return Presented(uid, Trust.UID, product=ntag424.product(apdu) if status == ntag424.OK else "Type 4")


def _unproved(uid: bytes, status: bytes) -> Presented:
    """Refuse a band that should have proved itself and did not."""
    cause = f"it did not prove its key (status {status.hex().upper()})"
    return Presented(uid, product="NTAG 424 DNA", fault=ReadFault.NOT_AUTHENTIC, cause=cause)


def _live(apdu: Apdu, uid: bytes, key: bytes) -> Presented:
    """Run the live proof."""
    proof = ntag424.authenticate(apdu, key, LIVE_KEY_NO)
    if proof.outcome is Outcome.PROVED:
        return Presented(uid, Trust.LIVE, product="NTAG 424 DNA")
    if proof.outcome is Outcome.DELAYED:
        cause = "too many wrong keys before; the chip makes everybody wait"
        return Presented(uid, product="NTAG 424 DNA", fault=ReadFault.LOCKED, cause=cause)
    return _unproved(uid, proof.status)


def _sun(apdu: Apdu, uid: bytes, keys: KeyLookup) -> Presented:
    """Read the SUN link and check it against the band that is in the field."""
    message = ntag424.read_ndef(apdu)
    link = first_link(message) if message else None
    if link is None:
        return Presented(uid, product="NTAG 424 DNA", fault=ReadFault.GARBAGE, cause="it holds no link")
    layout = sun.Layout(meta_key=keys(uid, META_KEY_NO))
    found = sun.check(link, keys, layout=layout, seen_uid=uid)
    if found.fault is ReadFault.NOT_AUTHENTIC and keys(uid, sun.SUN_KEY_NO + COMING) is not None:
        found = sun.check(link, lambda uid, number: keys(uid, number + COMING), layout=layout, seen_uid=uid)
    return Presented(
        uid, found.trust, product="NTAG 424 DNA", counter=found.counter, fault=found.fault, cause=found.cause
    )
