"""Secure messaging: what is said to an NTAG 424 DNA after a proof, under the session's own keys."""

from __future__ import annotations

import hmac
import zlib
from dataclasses import dataclass, field

from hardware.nfc import aes
from hardware.nfc.ntag424 import DONE, Apdu, Session

CHANGE_KEY, CHANGE_FILE_SETTINGS, GET_FILE_SETTINGS, GET_KEY_VERSION = 0xC4, 0x5F, 0xF5, 0x64
MAC_OCTETS = 8
_TO_CHIP, _FROM_CHIP = b"\xa5\x5a", b"\x5a\xa5"


class ChipError(Exception):
    """A chip did not do what it was asked; ``hint`` says what a person can do."""

    def __init__(self, message: str, hint: str = "", *, status: bytes = b"") -> None:
        """Keep what the chip answered and the act that mends it."""
        super().__init__(message)
        self.hint = hint
        self.status = status


def initial_vector(session: Session, counter: int, *, to_chip: bool) -> bytes:
    """Return what the encryption of one command or answer begins with (NT4H2421Gx, 9.1.4)."""
    label = _TO_CHIP if to_chip else _FROM_CHIP
    return aes.encrypt(session.enc, label + session.ti + counter.to_bytes(2, "little") + bytes(8))


def code(session: Session, first: int, octets: bytes, *, counter: int) -> bytes:
    """Return the 8-octet MAC of a command (``first`` its instruction) or an answer (``first`` its status)."""
    covered = bytes([first]) + counter.to_bytes(2, "little") + session.ti + octets
    return aes.truncated(aes.cmac(session.mac, covered))


def padded(octets: bytes) -> bytes:
    """Fill up to whole blocks: 80h and zeros, at least one octet (ISO 9797-1, method 2)."""
    return octets + b"\x80" + bytes(-(len(octets) + 1) % 16)


def unpadded(octets: bytes) -> bytes:
    """Take the filling off again."""
    return octets.rstrip(b"\0")[:-1]


def check_sum(key: bytes) -> bytes:
    """Return the CRC32 of a new key as ChangeKey wants it: IEEE 802.3 without its last inversion."""
    return (zlib.crc32(key) ^ 0xFFFFFFFF).to_bytes(4, "little")


def new_key(key: bytes, version: int, *, old: bytes | None) -> bytes:
    """Return the body of ChangeKey: ``old`` is the key's present value, None for the session's own key."""
    if old is None:
        return key + bytes([version])
    return aes.exclusive_or(key, old) + bytes([version]) + check_sum(key)


@dataclass(slots=True)
class Channel:
    """One session with a chip; it ends with the first command that the chip refuses."""

    apdu: Apdu
    session: Session = field(repr=False)
    counter: int = 0

    def ask(self, instruction: int, header: bytes) -> bytes:
        """Send a command under a MAC and return its answer, whose MAC was checked (CommMode.MAC)."""
        return self._exchange(instruction, header, b"")

    def tell(self, instruction: int, header: bytes, body: bytes) -> bytes:
        """Send a body enciphered and under a MAC (CommMode.FULL); return the answer deciphered."""
        iv = initial_vector(self.session, self.counter, to_chip=True)
        told = self._exchange(instruction, header, aes.encrypt(self.session.enc, padded(body), iv))
        if not told:
            return b""
        iv = initial_vector(self.session, self.counter, to_chip=False)
        return unpadded(aes.decrypt(self.session.enc, told, iv))

    def end_with(self, header: bytes, body: bytes) -> None:
        """Change the session's own key: the chip answers with no MAC and the session is over."""
        iv = initial_vector(self.session, self.counter, to_chip=True)
        self._send(CHANGE_KEY, header, aes.encrypt(self.session.enc, padded(body), iv))

    def _send(self, instruction: int, header: bytes, body: bytes) -> bytes:
        said = header + body
        payload = said + code(self.session, instruction, said, counter=self.counter)
        answer = self.apdu(bytes([0x90, instruction, 0, 0, len(payload)]) + payload + b"\0")
        if answer[-2:] != DONE:
            raise refusal(answer[-2:])
        self.counter += 1
        return answer[:-2]

    def _exchange(self, instruction: int, header: bytes, body: bytes) -> bytes:
        answer = self._send(instruction, header, body)
        told, mac = answer[:-MAC_OCTETS], answer[-MAC_OCTETS:]
        if not hmac.compare_digest(code(self.session, 0, told, counter=self.counter), mac):
            raise ChipError("The chip's answer has a wrong MAC.", "Lay the band down again.")
        return told


_WORDS = {
    b"\x91\x1e": (
        "The chip holds another key than was thought.",
        "It may be of another site: take another band.",
    ),
    b"\x91\x9d": ("The chip forbids that.", "Its settings were locked by somebody else: take another band."),
    b"\x91\xad": (
        "The chip makes everybody wait after wrong keys.",
        "Leave the band on the reader and try again.",
    ),
    b"\x91\xae": ("The chip does not know this key.", "It may be of another site: take another band."),
}


def refusal(status: bytes) -> ChipError:
    """Put a status word into words."""
    message, hint = _WORDS.get(
        status, (f"The chip answered {status.hex().upper()}.", "Lay the band down again.")
    )
    return ChipError(message, hint, status=status)
