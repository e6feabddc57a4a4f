"""NTAG 424 DNA: a band with five keys, a live proof, and a link that is new at each tap."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from hardware.nfc import aes, ntag424, sun
from hardware.nfc.uri import link_record
from hardware.virtual.bands.isodep import Type4

_FACTORY_KEY = bytes(16)
_CAPABILITIES = bytes.fromhex("001720010000FF0406E104010000000506E10500808283")
_VERSION = (bytes.fromhex("04040230001105"), bytes.fromhex("04040201021105"))
_NO_FILE, _WRONG_LENGTH, _NO_INSTRUCTION = b"\x6a\x82", b"\x67\x00", b"\x6d\x00"
_NO_SUCH_KEY, _BAD_LENGTH = b"\x91\x40", b"\x91\x7e"


@dataclass(frozen=True, slots=True)
class Mirror:
    """What the band writes into its link when it is read (SDM settings)."""

    url: str = "https://polso.example/b"
    encrypted: bool = False
    frozen: bool = False
    """A copy of one message, shown again and again: what a pre-play attack looks like."""


class Ntag424(Type4):
    """A band whose counter lives as long as this object; ``keys`` are by number, factory zeros elsewhere."""

    def __init__(
        self, uid: bytes, keys: Mapping[int, bytes], *, mirror: Mirror | None = None, counter: int = 0,
        message: bytes | None = None,
    ) -> None:  # fmt: skip
        """Be a band of this identifier; ``message`` replaces the link by fixed octets."""
        super().__init__(uid)
        self.keys = {number: keys.get(number, _FACTORY_KEY) for number in range(5)}
        self.mirror = mirror or Mirror()
        self.counter = counter
        self._message = message
        self._delays_left = 0
        self._close()

    def _close(self) -> None:
        """Forget application, file and challenge."""
        self._application = False
        self._file: bytes | None = None
        self._challenge: tuple[int, bytes] | None = None
        self._version_parts = 0
        self._counted = False

    def reset(self) -> None:
        """Lose the field's power; counter and keys last."""
        super().reset()
        self._close()

    def delay(self, times: int) -> None:
        """Answer the next proofs with an authentication delay, as after many wrong keys."""
        self._delays_left = times

    def apdu(self, command: bytes) -> bytes:
        """Answer ISO commands of class 00 and wrapped native ones of class 90."""
        if len(command) < 4:
            return _WRONG_LENGTH
        body = command[5 : 5 + command[4]] if len(command) > 5 else b""
        if command[0] == 0x90 and self._application:
            return self._native(command[1], body)
        if command[:2] == b"\x00\xa4":
            return self._choose(command[2], body)
        if command[:2] == b"\x00\xb0":
            return self._read(int.from_bytes(command[2:4]), command[4] if len(command) > 4 else 0)
        return _NO_INSTRUCTION

    def _choose(self, how: int, name: bytes) -> bytes:
        """Select the application by name, or one of its files."""
        if how == 0x04 and name == ntag424.APPLICATION:
            self._close()
            self._application = True
            return ntag424.OK
        if how == 0x00 and self._application and name in (b"\xe1\x03", ntag424.NDEF_FILE):
            self._file, self._counted = name, False
            return ntag424.OK
        return _NO_FILE

    def _read(self, offset: int, length: int) -> bytes:
        """Read the selected file; the counter moves at the first read after the selection."""
        if self._file is None:
            return b"\x69\x82"
        if self._file == ntag424.NDEF_FILE and not self._counted:
            self._counted = True
            self.counter += 0 if self.mirror.frozen else 1
        content = _CAPABILITIES if self._file == b"\xe1\x03" else self._ndef()
        return content[offset : offset + (length or 256)] + ntag424.OK

    def _ndef(self) -> bytes:
        """Return the NDEF file of 256 octets as it reads at this counter."""
        message = link_record(self.link()) if self._message is None else self._message
        return (len(message).to_bytes(2) + message).ljust(256, b"\0")[:256]

    def link(self) -> str:
        """Return the link with UID, counter and MAC of this very read."""
        code = sun.mac(self.keys[sun.SUN_KEY_NO], sun.Claim(self.uid, self.counter, b""), b"")
        mirror, tail = self.mirror, f"&cmac={code.hex().upper()}"
        if not mirror.encrypted:
            return f"{mirror.url}?uid={self.uid.hex().upper()}&ctr={self.counter:06X}{tail}"
        plain = b"\xc7" + self.uid + self.counter.to_bytes(3, "little")
        sealed = aes.encrypt(self.keys[3], plain + os.urandom(16 - len(plain)))
        return f"{mirror.url}?picc_data={sealed.hex().upper()}{tail}"

    def _native(self, instruction: int, body: bytes) -> bytes:
        """Answer GetVersion and AuthenticateEV2First; the second frame of either is AFh."""
        if instruction == 0x60:
            self._challenge, self._version_parts = None, 1
            return _VERSION[0] + ntag424.MORE
        if instruction == 0x71:
            return self._first_frame(body)
        if instruction == 0xAF and self._challenge is not None:
            return self._second_frame(self._challenge, body)
        if instruction == 0xAF and self._version_parts:
            return self._version_frame()
        return b"\x91\x1c"

    def _version_frame(self) -> bytes:
        """Send the next part of the version: software, then the identifier and the batch."""
        self._version_parts += 1
        if self._version_parts == 2:
            return _VERSION[1] + ntag424.MORE
        self._version_parts = 0
        return self.uid.ljust(7, b"\0")[:7] + bytes(7) + ntag424.DONE

    def _first_frame(self, body: bytes) -> bytes:
        """Send our challenge, enciphered under the key that was asked for."""
        self._challenge = None
        if len(body) < 2:
            return _BAD_LENGTH
        if body[0] not in self.keys:
            return _NO_SUCH_KEY
        if self._delays_left:
            self._delays_left -= 1
            return ntag424.AUTHENTICATION_DELAY
        self._challenge = (body[0], os.urandom(16))
        return aes.encrypt(self.keys[body[0]], self._challenge[1]) + ntag424.MORE

    def _second_frame(self, challenge: tuple[int, bytes], body: bytes) -> bytes:
        """Judge the reader's answer and prove ourselves by turning its challenge."""
        (number, rnd_b), self._challenge = challenge, None
        if len(body) != 32:
            return _BAD_LENGTH
        plain = aes.decrypt(self.keys[number], body)
        if not hmac.compare_digest(plain[16:], aes.rotated_left(rnd_b)):
            return ntag424.AUTHENTICATION_ERROR
        proof = os.urandom(4) + aes.rotated_left(plain[:16]) + bytes(12)
        return aes.encrypt(self.keys[number], proof) + ntag424.DONE
