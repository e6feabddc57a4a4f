"""Bands that do what no band should: the cases a gate meets from attackers, and from hurried guests."""

from __future__ import annotations

import os
import random

from hardware.virtual.bands.band import Band, TypeA, is_poll

_RATS = 0xE0
_LONG_WAIT = bytes.fromhex("067777E10280")
"""Answer to select with the longest waiting time (FWI 14): 4.9 s a frame."""


class Faulty:
    """A band whose answers one kind of fault passes through; kinds change ``twist``."""

    def __init__(self, band: Band, *, at: int = 0, seed: int = 0) -> None:
        """Wrap a band; ``at`` and ``seed`` mean what the kind says."""
        self._band = band
        self._at = at
        self._frames = 0
        self._dice = random.Random(seed)  # noqa: S311 - it plays faults, it guards nothing

    @property
    def uid(self) -> bytes:
        """Return the wrapped band's identifier."""
        return self._band.uid

    def place(self) -> None:
        """Enter a field."""
        self._frames = 0
        self._band.place()

    def reset(self) -> None:
        """Lose the field's power."""
        self._band.reset()

    def answer(self, brty: str, frame: bytes) -> bytes | None:
        """Answer as the wrapped band, twisted."""
        self._frames += 1
        return self.twist(brty, frame, self._band.answer(brty, frame))

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        """Return what is sent in place of ``answer``."""
        raise NotImplementedError


def _is_activation(brty: str, frame: bytes) -> bool:
    """Say whether a frame belongs to finding and selecting a band, not to talking with it."""
    if brty == "106A":
        return (len(frame) == 1 and frame[0] in (0x26, 0x52)) or frame[:1] in (b"\x93", b"\x95", b"\x97")
    return is_poll(brty, frame)


class ShortSelect(Faulty):
    """Answers the request for its answer to select with ``at`` octets, one or two."""

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        """Cut the answer to select."""
        return answer[: self._at or 1] if answer and frame[0] == _RATS else answer


class Mute(Faulty):
    """Promises to answer within 4.9 s, and never does."""

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        """Keep silent after selection."""
        if _is_activation(brty, frame):
            return answer
        return _LONG_WAIT if frame[0] == _RATS and brty == "106A" else None


class EndlessWait(Faulty):
    """Asks for more time, for ever."""

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        """Answer each block with a request for a longer waiting time."""
        if _is_activation(brty, frame) or frame[0] == _RATS:
            return answer
        return b"\xf2\x01"


class Torn(Faulty):
    """Leaves the field after ``at`` frames of a presentation."""

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        """Be gone."""
        return answer if self._frames <= self._at else None


class Lossy(Faulty):
    """Loses ``at`` of a hundred answers, seeded."""

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        """Lose some."""
        return None if self._dice.randrange(100) < self._at else answer


class Noisy(Faulty):
    """Answers with seeded noise, ``at`` of a hundred times, once it is selected."""

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        """Flip, cut, lengthen, replace or withhold the answer."""
        if _is_activation(brty, frame) or self._dice.randrange(100) >= (self._at or 100):
            return answer
        return self._noise(answer or b"\0")

    def _noise(self, answer: bytes) -> bytes | None:
        """Choose one way of being wrong."""
        dice = self._dice
        way = dice.randrange(6)
        if way == 0:
            return bytes(dice.randbytes(dice.randrange(1, 40)))
        if way == 1:
            return answer[: dice.randrange(len(answer))] or None
        if way == 2:
            return answer + dice.randbytes(dice.randrange(1, 20))
        if way == 3:
            place = dice.randrange(len(answer))
            return answer[:place] + bytes([answer[place] ^ 1 << dice.randrange(8)]) + answer[place + 1 :]
        return (
            None
            if way == 4
            else bytes([dice.choice((0x02, 0x03, 0xA2, 0xA3, 0xB2, 0xC2, 0xF2))]) + answer[1:]
        )


class RandomUid(Faulty):
    """Says another identifier each time the field comes on: privacy for its owner, no identity for us."""

    def place(self) -> None:
        """Enter a field, which is switching on too."""
        super().place()
        self.reset()

    def reset(self) -> None:
        """Throw the dice for the next identifier; those of one use begin with 08h (ISO 14443-3)."""
        super().reset()
        if isinstance(self._band, TypeA):
            self._band.uid = b"\x08" + os.urandom(3)

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        """Answer honestly otherwise."""
        return answer


FAULTS: dict[str, type[Faulty]] = {
    "short_select": ShortSelect,
    "mute": Mute,
    "endless_wait": EndlessWait,
    "torn": Torn,
    "lossy": Lossy,
    "noisy": Noisy,
    "random_uid": RandomUid,
}
