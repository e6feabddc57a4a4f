"""The block protocol of ISO 14443-4 on the side of the reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)
_FWT_UNIT_S = 256 * 16 / 13.56e6
"""ISO 14443-4 7.2: the frame waiting time is this times two to the power of FWI."""
_REPEATS_MAX = 2


class BandSilent(Exception):
    """The band does not answer, or against the protocol; a reader ends the card's session upon it."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What an answer to select says: the band's frame size, its waiting time and its historical octets."""

    frame_max: int
    wait_s: float
    historical: bytes


def read_ats(ats: bytes) -> Selected | None:
    """Take an answer to select apart, or None where its length octet does not hold."""
    if len(ats) < 2 or ats[0] != len(ats):
        return None
    has, place, fwi = ats[1], 2, 4
    for bit in (0x10, 0x20, 0x40):
        if not has & bit:
            continue
        if place >= len(ats):
            return None
        fwi = ats[place] >> 4 if bit == 0x20 else fwi
        place += 1
    return Selected(_FRAME_SIZES[min(has & 0x0F, 8)], _FWT_UNIT_S * 2 ** min(fwi, 14), ats[place:])


class Blocks:
    """One dialogue with a selected band; ``ask`` sends a frame, ``wait`` passes time and says "stop"."""

    def __init__(
        self, ask: Callable[[bytes], bytes | None], wait: Callable[[float], bool], selected: Selected
    ) -> None:
        """Begin with block number 0."""
        self._ask, self._wait, self._selected = ask, wait, selected
        self._number = 0

    def exchange(self, command: bytes) -> bytes:
        """Send a command and return its whole answer; raises ``BandSilent``."""
        room = self._selected.frame_max - 3
        parts = [command[start : start + room] for start in range(0, len(command), room)] or [b""]
        for part in parts[:-1]:
            receipt = self._send(bytes([0x12 | self._number]) + part)
            if receipt[0] & 0xF7 != 0xA2 | self._number:
                raise BandSilent("the band did not take a part of a command")
            self._number ^= 1
        block = self._send(bytes([0x02 | self._number]) + parts[-1])
        answer = b""
        while True:
            if block[0] & 0xEF != 0x02 | self._number:
                raise BandSilent("the band answered out of turn")
            answer += block[1:]
            self._number ^= 1
            if not block[0] & 0x10:
                return answer
            block = self._send(bytes([0xA2 | self._number]))

    def _send(self, block: bytes) -> bytes:
        """Send one block; ask again where nothing came, grant every wish for time: readers do both."""
        repeats, answer = 0, self._ask(block)
        while answer is None or answer[:1] == b"\xf2":
            if answer is None:
                if self._wait(self._selected.wait_s) or repeats == _REPEATS_MAX:
                    raise BandSilent("the band does not answer")
                repeats += 1
                answer = self._ask(bytes([0xB2 | self._number]))
            else:
                if self._wait(0.001):
                    raise BandSilent("the band was taken away while it asked for time")
                answer = self._ask(answer)
        if not answer:
            raise BandSilent("the band sent an empty frame")
        return answer
