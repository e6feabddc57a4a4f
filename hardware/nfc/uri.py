"""The first link in a band's NDEF message, taken from the octets as they are."""

from __future__ import annotations

_PREFIXES = ("", "http://www.", "https://www.", "http://", "https://")
_WELL_KNOWN, _URI_TYPE = 0x01, b"U"
_SHORT, _WITH_ID = 0x10, 0x08


def first_link(message: bytes) -> str | None:
    """Return the link of an NDEF message that begins with a URI record, or None if it is anything else.

    ndeflib is not asked: its ``uri`` percent-encodes the query, which breaks every SUN link, and bad octets
    raise.
    """
    if len(message) < 4 or message[0] & 0x07 != _WELL_KNOWN or not message[0] & _SHORT:
        return None
    type_octets, payload_octets = message[1], message[2]
    start = 4 if message[0] & _WITH_ID else 3
    start_of_payload = start + type_octets + (message[3] if message[0] & _WITH_ID else 0)
    payload = message[start_of_payload : start_of_payload + payload_octets]
    if message[start : start + type_octets] != _URI_TYPE or len(payload) != payload_octets or not payload:
        return None
    if payload[0] >= len(_PREFIXES):
        return None
    try:
        return _PREFIXES[payload[0]] + payload[1:].decode("ascii")
    except UnicodeDecodeError:
        return None


def link_record(link: str) -> bytes:
    """Write a link as an NDEF message of one short URI record."""
    code = max(
        range(len(_PREFIXES)), key=lambda n: len(_PREFIXES[n]) if link.startswith(_PREFIXES[n]) else -1
    )
    payload = bytes([code]) + link[len(_PREFIXES[code]) :].encode("ascii")
    return bytes([0xD1, 0x01, len(payload)]) + _URI_TYPE + payload
