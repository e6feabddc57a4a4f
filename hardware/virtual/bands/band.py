"""What every virtual band is: something that answers frames while a field powers it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol

_CASCADE_TAG = 0x88
_SELECTS = (0x93, 0x95, 0x97)
_REQA, _WUPA, _HLTA = b"\x26", b"\x52", b"\x50\x00"
POLLS = {"106A": (_REQA, _WUPA), "106B": (b"\x05",), "212F": (b"\x06\x00",), "424F": (b"\x06\x00",)}


def is_poll(brty: str, frame: bytes) -> bool:
    """Say whether a frame asks "is anybody there?", which even an empty field is asked."""
    return frame.startswith(POLLS.get(brty, ())) and not (brty == "106A" and len(frame) > 1)


class Band(Protocol):
    """A band at frame level, without check sums: those are the line's business."""

    @property
    def uid(self) -> bytes:
        """Return the identifier that anticollision tells."""

    def place(self) -> None:
        """Enter a field: a new presentation begins."""

    def reset(self) -> None:
        """Lose the power of the field, and with it all that is not in lasting memory."""

    def answer(self, brty: str, frame: bytes) -> bytes | None:
        """Answer a frame sent at bit rate and technology ``brty``; None is silence."""


class _Stage(enum.Enum):
    IDLE = "idle"
    READY = "ready"
    ACTIVE = "active"
    HALT = "halt"


def check_octet(octets: bytes) -> int:
    """Return the exclusive or of four octets of an identifier (ISO 14443-3 BCC)."""
    total = 0
    for octet in octets:
        total ^= octet
    return total


def anticollide(ask: Callable[[bytes], bytes | None]) -> tuple[bytes, int | None]:
    """Walk the cascade levels as a reader does; without a SAK nobody could be selected."""
    identity = b""
    for level in _SELECTS:
        part = ask(bytes([level, 0x20]))
        if part is None or len(part) != 5 or check_octet(part[:4]) != part[4]:
            break
        sak = ask(bytes([level, 0x70]) + part)
        if not sak:
            break
        if not sak[0] & 0x04:
            return identity + part[:4], sak[0]
        identity += part[1:4]
    return identity, None


class TypeA:
    """Activation of ISO 14443-3 type A for identifiers of 4, 7 and 10 octets; kinds add ``command``."""

    def __init__(self, uid: bytes, *, atqa: bytes, sak: int) -> None:
        """Be a band of this identifier and kind."""
        if len(uid) not in (4, 7, 10):
            raise ValueError(f"a type A identifier has 4, 7 or 10 octets, not {len(uid)}")
        self.uid, self.atqa, self.sak = uid, atqa, sak
        self._stage = _Stage.IDLE

    def place(self) -> None:
        """Enter a field."""
        self.reset()

    def reset(self) -> None:
        """Lose the field's power."""
        self._stage = _Stage.IDLE

    def command(self, frame: bytes) -> bytes | None:
        """Answer a frame after selection."""
        raise NotImplementedError

    def halt(self) -> None:
        """Fall silent until the field is switched off and on, as chips do after what they do not know."""
        self._stage = _Stage.HALT

    def _levels(self) -> list[bytes]:
        """Return the five octets that each cascade level sends of the identifier."""
        rest, levels = self.uid, []
        while len(rest) > 4:
            levels.append(bytes([_CASCADE_TAG]) + rest[:3])
            rest = rest[3:]
        levels.append(rest)
        return [level + bytes([check_octet(level)]) for level in levels]

    def _cascade(self, frame: bytes) -> bytes | None:
        """Answer anticollision and select of one cascade level."""
        number, levels = _SELECTS.index(frame[0]), self._levels()
        if number >= len(levels):
            return None
        if frame[1:] == b"\x20":
            return levels[number]
        if frame[1:] != b"\x70" + levels[number]:
            return None
        if number < len(levels) - 1:
            return b"\x04"
        self._stage = _Stage.ACTIVE
        return bytes([self.sak])

    def answer(self, brty: str, frame: bytes) -> bytes | None:
        """Answer as the stage of activation allows."""
        if brty != "106A" or not frame:
            return None
        if frame in (_REQA, _WUPA):
            if self._stage is _Stage.HALT and frame == _REQA:
                return None
            self._stage = _Stage.READY
            return self.atqa
        if self._stage is _Stage.READY and frame[0] in _SELECTS and len(frame) > 1:
            return self._cascade(frame)
        if self._stage is not _Stage.ACTIVE or frame == _HLTA:
            self._stage = _Stage.HALT if frame == _HLTA else self._stage
            return None
        return self.command(frame)


class MifareClassic(TypeA):
    """A MIFARE Classic 1K: it authenticates by Crypto1, which proves nothing to anybody."""

    def __init__(self, uid: bytes, *, sak: int = 0x08) -> None:
        """Be a Classic of 1K (08h), of 4K (18h) or an emulation (28h, 38h)."""
        super().__init__(uid, atqa=b"\x04\x00", sak=sak)

    def command(self, frame: bytes) -> bytes | None:
        """Send a nonce when asked to authenticate; refuse reads before that, as the chip does."""
        if frame[0] in (0x60, 0x61):
            return b"\x01\x20\x01\x45"
        self.halt()
        return b"\x04" if frame[0] == 0x30 else None
