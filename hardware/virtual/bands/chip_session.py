"""A virtual NTAG 424 DNA under secure messaging: it checks MAC, counter and check sum as a chip does."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from hardware.nfc import aes
from hardware.nfc.messaging import MAC_OCTETS, check_sum, code, initial_vector, unpadded
from hardware.nfc.ntag424 import Session

INTEGRITY, LENGTH = b"\x91\x1e", b"\x91\x7e"


@dataclass(slots=True)
class ChipSession:
    """The chip's side of a session: which key it is of, and how many commands it has seen."""

    key_no: int
    session: Session = field(repr=False)
    counter: int = 0

    def opened(
        self, instruction: int, payload: bytes, *, header: int, full: bool
    ) -> tuple[bytes, bytes] | None:
        """Return header and body of a command, or None where its MAC or its filling is wrong."""
        said, mac = payload[:-MAC_OCTETS], payload[-MAC_OCTETS:]
        if len(said) < header or not hmac.compare_digest(
            code(self.session, instruction, said, counter=self.counter), mac
        ):
            return None
        body = said[header:]
        if not full:
            return said[:header], body
        if not body or len(body) % 16:
            return None
        iv = initial_vector(self.session, self.counter, to_chip=True)
        return said[:header], unpadded(aes.decrypt(self.session.enc, body, iv))

    def answered(self, told: bytes = b"") -> bytes:
        """Return an answer under its MAC; the counter moves with every command."""
        self.counter += 1
        return told + code(self.session, 0, told, counter=self.counter) + b"\x91\x00"


def taken_key(body: bytes, old: bytes | None) -> tuple[bytes, int] | None:
    """Return key and version out of ChangeKey's body; None where length or check sum is wrong."""
    if old is None:
        return (body[:16], body[16]) if len(body) == 17 else None
    if len(body) != 21:
        return None
    key = aes.exclusive_or(body[:16], old)
    return (key, body[16]) if hmac.compare_digest(check_sum(key), body[17:]) else None
