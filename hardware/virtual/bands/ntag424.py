"""NTAG 424 DNA: a band with five keys, a live proof, and a link that is new at each tap."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from hardware.nfc import aes, messaging, ntag424
from hardware.nfc.mirrors import NDEF_NO
from hardware.nfc.ntag424 import Session
from hardware.nfc.uri import first_link
from hardware.virtual.bands.chip_session import INTEGRITY, LENGTH, ChipSession, taken_key
from hardware.virtual.bands.isodep import Type4
from hardware.virtual.bands.ndef_file import FREE, NdefFile, a_file, fixed_file

_FACTORY_KEY = bytes(16)
_CAPABILITIES = bytes.fromhex("001720010000FF0406E104010000000506E10500808283")
_VERSION = (bytes.fromhex("04040230001105"), bytes.fromhex("04040201021105"))
_NO_FILE, _WRONG_LENGTH, _NO_INSTRUCTION = b"\x6a\x82", b"\x67\x00", b"\x6d\x00"
_NO_SUCH_KEY, _DENIED, _ILLEGAL, _NO_SUCH_FILE = b"\x91\x40", b"\x91\x9d", b"\x91\x1c", b"\x91\xf0"
_SIGNATURE_READ = b"\x91\x90"


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
        self.versions = {number: int(key != _FACTORY_KEY) for number, key in self.keys.items()}
        self.mirror = mirror or Mirror()
        self.counter = counter
        self.signature = bytes(56)
        url, encrypted = self.mirror.url, self.mirror.encrypted
        self.file = a_file(url, encrypted=encrypted) if message is None else fixed_file(message)
        self._delays_left = 0
        self._close()

    @classmethod
    def from_factory(cls, uid: bytes) -> Ntag424:
        """Return a band as it comes from its maker: zero keys, an empty file, nothing mirrored."""
        band = cls(uid, {})
        band.file = NdefFile()
        return band

    def _close(self) -> None:
        """Forget application, file, challenge and session."""
        self._application = False
        self._chosen: bytes | None = None
        self._challenge: tuple[int, bytes] | None = None
        self._session: ChipSession | None = None
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
        """Select the application by name, or one of its files; a session ends with the former."""
        if how == 0x04 and name == ntag424.APPLICATION:
            self._close()
            self._application = True
            return ntag424.OK
        if how == 0x00 and self._application and name in (b"\xe1\x03", ntag424.NDEF_FILE):
            self._chosen, self._counted = name, False
            return ntag424.OK
        return _NO_FILE

    def _read(self, offset: int, length: int) -> bytes:
        """Read the selected file; the counter moves at the first read after the selection."""
        if self._chosen is None:
            return b"\x69\x82"
        if self._chosen == ntag424.NDEF_FILE and not self._counted:
            self._counted = True
            self.counter += 0 if self.mirror.frozen else 1
        content = _CAPABILITIES if self._chosen == b"\xe1\x03" else self._ndef()
        return content[offset : offset + (length or 256)] + ntag424.OK

    def _ndef(self) -> bytes:
        """Return the NDEF file of 256 octets as it reads at this counter."""
        return self.file.read(self.uid, self.counter, self.keys)

    def link(self) -> str:
        """Return the link with UID, counter and MAC of this very read."""
        content = self._ndef()
        return first_link(content[2:][: int.from_bytes(content[:2])]) or ""

    def _native(self, instruction: int, body: bytes) -> bytes:
        """Answer what a reader asks without a session, and what it asks within one."""
        if instruction == 0x60:
            self._challenge, self._version_parts = None, 1
            return _VERSION[0] + ntag424.MORE
        if instruction == 0x71:
            return self._first_frame(body)
        if instruction == 0xAF and self._challenge is not None:
            return self._second_frame(self._challenge, body)
        if instruction == 0xAF and self._version_parts:
            return self._version_frame()
        if instruction == 0x3C:
            return self.signature + _SIGNATURE_READ
        if instruction == 0x8D:
            return self._write(body)
        if self._session is not None:
            return self._within(self._session, instruction, body)
        if instruction == messaging.GET_KEY_VERSION and body[:1] and body[0] in self.versions:
            return bytes([self.versions[body[0]]]) + ntag424.DONE
        return _ILLEGAL

    def _within(self, session: ChipSession, instruction: int, payload: bytes) -> bytes:
        """Answer a command under secure messaging; a wrong MAC ends the session."""
        full = instruction in (messaging.CHANGE_KEY, messaging.CHANGE_FILE_SETTINGS)
        if not full and instruction not in (messaging.GET_KEY_VERSION, messaging.GET_FILE_SETTINGS):
            return _ILLEGAL
        opened = session.opened(instruction, payload, header=1, full=full)
        if opened is None:
            self._session = None
            return INTEGRITY
        number, body = opened[0][0], opened[1]
        if instruction == messaging.CHANGE_KEY:
            return self._change_key(session, number, body)
        if instruction == messaging.CHANGE_FILE_SETTINGS:
            return self._change_settings(session, number, body)
        if instruction == messaging.GET_FILE_SETTINGS:
            return session.answered(self.file.told) if number == NDEF_NO else _NO_SUCH_FILE
        known = number in self.versions
        return session.answered(bytes([self.versions[number]])) if known else _NO_SUCH_KEY

    def _change_key(self, session: ChipSession, number: int, body: bytes) -> bytes:
        """Change one key as the band's master; the master's own change ends the session unsigned."""
        if session.key_no != 0:
            return _DENIED
        if number not in self.keys:
            return _NO_SUCH_KEY
        own = number == session.key_no
        taken = taken_key(body, None if own else self.keys[number])
        if taken is None:
            self._session = None
            return INTEGRITY
        self.keys[number], self.versions[number] = taken
        if own:
            self._session = None
            return ntag424.DONE
        return session.answered()

    def _change_settings(self, session: ChipSession, number: int, body: bytes) -> bytes:
        """Change who may do what to the NDEF file, and what it mirrors; its counter begins anew with that."""
        if number != NDEF_NO:
            return _NO_SUCH_FILE
        if session.key_no != self.file.changer:
            return _DENIED
        began = self.file.mirrors
        if not self.file.change(body):
            return b"\x91\x9e"
        if self.file.mirrors and not began:
            self.counter = 0
        return session.answered()

    def _write(self, body: bytes) -> bytes:
        """Write into the NDEF file in plain, for whom its settings allow that."""
        if len(body) < 8 or body[0] != NDEF_NO:
            return LENGTH
        allowed = {FREE} if self._session is None else {FREE, self._session.key_no}
        if self.file.writers.isdisjoint(allowed):
            return _DENIED
        offset, count = int.from_bytes(body[1:4], "little"), int.from_bytes(body[4:7], "little")
        if count != len(body) - 7 or not self.file.write(offset, body[7:]):
            return b"\x91\xbe"
        if self._session is not None:
            self._session.counter += 1
        return ntag424.DONE

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
            return LENGTH
        if body[0] not in self.keys:
            return _NO_SUCH_KEY
        if self._delays_left:
            self._delays_left -= 1
            return ntag424.AUTHENTICATION_DELAY
        self._challenge = (body[0], os.urandom(16))
        self._session = None
        return aes.encrypt(self.keys[body[0]], self._challenge[1]) + ntag424.MORE

    def _second_frame(self, challenge: tuple[int, bytes], body: bytes) -> bytes:
        """Judge the reader's answer and prove ourselves by turning its challenge."""
        (number, rnd_b), self._challenge = challenge, None
        if len(body) != 32:
            return LENGTH
        plain = aes.decrypt(self.keys[number], body)
        if not hmac.compare_digest(plain[16:], aes.rotated_left(rnd_b)):
            return ntag424.AUTHENTICATION_ERROR
        ti = os.urandom(4)
        enc, mac = ntag424.session_keys(self.keys[number], plain[:16], rnd_b)
        self._session = ChipSession(number, Session(ti, enc, mac))
        proof = ti + aes.rotated_left(plain[:16]) + bytes(12)
        return aes.encrypt(self.keys[number], proof) + ntag424.DONE
