"""The NDEF file of a virtual NTAG 424 DNA: its octets, its settings, and what it mirrors when it is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware.nfc import aes, sun
from hardware.nfc.mirrors import FILE_OCTETS
from hardware.nfc.uri import link_record

FREE = 0xE
_SDM, _WITH_UID, _WITH_COUNTER, _WITH_FILE = 0x40, 0x80, 0x40, 0x10
_NOBODY = 0xF
_FACTORY = bytes.fromhex("00E0EE")


@dataclass(slots=True)
class NdefFile:
    """What lasts of the file; ``settings`` is the body of the last ChangeFileSettings."""

    content: bytearray = field(default_factory=lambda: bytearray(FILE_OCTETS))
    settings: bytes = _FACTORY

    @property
    def mirrors(self) -> bool:
        """Whether secure dynamic messaging is on."""
        return bool(self.settings[0] & _SDM)

    @property
    def told(self) -> bytes:
        """What GetFileSettings answers."""
        return b"\0" + self.settings[:3] + FILE_OCTETS.to_bytes(3, "little") + self.settings[3:]

    @property
    def writers(self) -> set[int]:
        """The keys that may write; ``FREE`` among them is everybody."""
        return {self.settings[1] >> 4, self.settings[2] & 0xF}

    @property
    def changer(self) -> int:
        """The key that may change the settings."""
        return self.settings[1] & 0xF

    def change(self, settings: bytes) -> bool:
        """Take new settings, if they are well formed and every place lies within the file."""
        if len(settings) < 3 or (len(settings) != 3) != bool(settings[0] & _SDM):
            return False
        before, self.settings = self.settings, bytes(settings)
        try:
            good = all(place <= FILE_OCTETS for place in self._places().values())
        except ValueError:
            good = False
        if not good:
            self.settings = before
        return good

    def write(self, offset: int, octets: bytes) -> bool:
        """Write a piece, if it fits."""
        if offset + len(octets) > FILE_OCTETS:
            return False
        self.content[offset : offset + len(octets)] = octets
        return True

    def read(self, uid: bytes, counter: int, keys: Mapping[int, bytes]) -> bytes:
        """Return the file as it reads at this counter."""
        shown = bytearray(self.content)
        if not self.mirrors:
            return bytes(shown)
        places, claim = self._places(), sun.Claim(uid, counter, b"")
        if "uid" in places:
            _put(shown, places["uid"], uid.hex().upper())
        if "counter" in places:
            _put(shown, places["counter"], f"{counter:06X}")
        if "picc" in places:
            plain = b"\xc7" + uid + counter.to_bytes(3, "little")
            sealed = aes.encrypt(keys[self.settings[5] >> 4], plain + os.urandom(16 - len(plain)))
            _put(shown, places["picc"], sealed.hex().upper())
        if "mac" in places:
            covered = bytes(shown[places["from"] : places["mac"]])
            code = sun.mac(keys[self.settings[5] & 0xF], claim, covered)
            _put(shown, places["mac"], code.hex().upper())
        return bytes(shown)

    def _places(self) -> dict[str, int]:
        """Read the offsets in their order (NT4H2421Gx, 10.7.1); ``ValueError`` where they do not fit."""
        if not self.mirrors:
            return {}
        options, rights, rest = self.settings[3], self.settings[4:6], self.settings[6:]
        if len(rights) != 2 or len(rest) % 3 or options & _WITH_FILE:
            raise ValueError("settings of another form")
        meta, reader = rights[1] >> 4, rights[1] & 0xF
        names = ["uid"] if options & _WITH_UID and meta == FREE else []
        names += ["counter"] if options & _WITH_COUNTER and meta == FREE else []
        names += ["picc"] if meta < FREE else []
        names += ["from", "mac"] if reader != _NOBODY else []
        pieces = [int.from_bytes(rest[at : at + 3], "little") for at in range(0, len(rest), 3)]
        return dict(zip(names, pieces, strict=True))


def a_file(url: str, *, encrypted: bool = False) -> NdefFile:
    """Return the file of a band that was personalised for this address."""
    marks = {"picc_data": 32} if encrypted else {"uid": 14, "ctr": 6}
    query = "&".join(f"{name}={'0' * digits}" for name, digits in {**marks, "cmac": 16}.items())
    file = fixed_file(link_record(f"{url}{'&' if '?' in url else '?'}{query}"))
    at = [file.content.rindex(f"{name}=".encode()) + len(name) + 1 for name in (*marks, "cmac", "cmac")]
    rights = bytes([0xFF, (3 if encrypted else FREE) << 4 | sun.SUN_KEY_NO])
    file.settings = b"\x40\x00\xe0\xc1" + rights + b"".join(place.to_bytes(3, "little") for place in at)
    return file


def fixed_file(message: bytes) -> NdefFile:
    """Return a file that always reads the same."""
    file = NdefFile()
    octets = (len(message).to_bytes(2) + message)[:FILE_OCTETS]
    file.content[: len(octets)] = octets
    return file


def _put(shown: bytearray, at: int, text: str) -> None:
    shown[at : at + len(text)] = text.encode()
