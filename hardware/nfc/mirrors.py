"""Mirrors: where an NTAG 424 DNA writes identifier, counter and MAC into its link, and who may change it."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.nfc.sun import SUN_KEY_NO, Layout
from hardware.nfc.uri import link_record

NDEF_NO = 0x02
FILE_OCTETS = 256
LINK_CHARS_MAX = 240
"""Fits the file, with the record's own octets, whatever the address begins with."""
_SDM, _PLAIN_MIRRORS, _ASCII = 0x40, 0xC0, 0x01
_ONLY_KEY_0_WRITES = b"\x00\xe0"
"""Read: free; write, read-and-write and change: key 0."""
_UID_DIGITS, _COUNTER_DIGITS, _MAC_DIGITS = 14, 6, 16


@dataclass(frozen=True, slots=True)
class Template:
    """A band's NDEF file with zeros where the chip mirrors, and the settings that make it do so."""

    file: bytes
    uid_at: int
    counter_at: int
    mac_at: int

    @property
    def settings(self) -> bytes:
        """The body of ChangeFileSettings (NT4H2421Gx, 10.7.1): a MAC over nothing, by the band's own key."""
        rights = bytes([0xFF, 0xE0 | SUN_KEY_NO])
        places = (self.uid_at, self.counter_at, self.mac_at, self.mac_at)
        head = bytes([_SDM]) + _ONLY_KEY_0_WRITES + bytes([_PLAIN_MIRRORS | _ASCII]) + rights
        return head + b"".join(place.to_bytes(3, "little") for place in places)

    @property
    def told(self) -> bytes:
        """What GetFileSettings says once these hold."""
        settings = self.settings
        return b"\0" + settings[:3] + FILE_OCTETS.to_bytes(3, "little") + settings[3:]

    def fits(self, file: bytes) -> bool:
        """Whether a file as it was read is this template, whatever the chip mirrored into it."""
        blank = bytearray(file)
        places = ((self.uid_at, _UID_DIGITS), (self.counter_at, _COUNTER_DIGITS), (self.mac_at, _MAC_DIGITS))
        for at, digits in places:
            blank[at : at + digits] = b"0" * digits
        return bytes(blank[: len(self.file)]) == self.file


def template(url: str, layout: Layout | None = None) -> Template:
    """Lay out the file for a link of this address; ``layout`` names its parameters."""
    names = layout or Layout()
    joint = "&" if "?" in url else "?"
    marks = [(names.uid, _UID_DIGITS), (names.counter, _COUNTER_DIGITS), (names.mac, _MAC_DIGITS)]
    query = "&".join(f"{name}={'0' * digits}" for name, digits in marks)
    link = f"{url}{joint}{query}"
    if len(link) > LINK_CHARS_MAX or not link.isascii():
        raise ValueError("the band's address is too long, or not of plain ASCII: there is room for 180 signs")
    message = link_record(link)
    file = len(message).to_bytes(2) + message
    at = [file.rindex(f"{name}={'0' * digits}".encode()) + len(name) + 1 for name, digits in marks]
    return Template(file, *at)
