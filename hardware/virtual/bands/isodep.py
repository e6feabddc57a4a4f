"""The block protocol of ISO 14443-4 on the side of the band."""

from __future__ import annotations

from hardware.virtual.bands.band import TypeA

ATS = bytes.fromhex("067777710280")
"""Answer to select of an NTAG 424 DNA: frames up to 128 octets, waiting time 38.7 ms."""
_FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)


class Type4(TypeA):
    """A band that takes APDUs; kinds add ``apdu``."""

    def __init__(self, uid: bytes, *, ats: bytes = ATS) -> None:
        """Be a type 4 band with this answer to select."""
        super().__init__(uid, atqa=b"\x44\x03", sak=0x20)
        self.ats = ats
        self._forget()

    def _forget(self) -> None:
        """Begin a new dialogue of blocks."""
        self._selected = False
        self._number = 1
        self._frame_max = 256
        self._inbox = b""
        self._outbox: list[bytes] = []
        self._last: bytes | None = None

    def reset(self) -> None:
        """Lose the field's power."""
        super().reset()
        self._forget()

    def apdu(self, command: bytes) -> bytes:
        """Answer a command APDU with octets and a status word."""
        raise NotImplementedError

    def command(self, frame: bytes) -> bytes | None:
        """Answer a block, or the request for the answer to select."""
        if frame[0] == 0xE0 and len(frame) == 2 and not self._selected:
            self._selected = True
            self._frame_max = _FRAME_SIZES[min(frame[1] >> 4, 8)]
            return self.ats
        if not self._selected:
            return None
        kind = frame[0] & 0xE2
        if kind == 0x02:
            return self._information(frame)
        if kind == 0xA2:
            return self._receipt(frame)
        if frame[0] & 0xF7 == 0xC2:
            self.halt()
            return frame
        return None

    def _information(self, frame: bytes) -> bytes | None:
        """Collect a command and answer it; each block of the reader turns our number."""
        if frame[0] & 1 == self._number:
            return self._last
        self._number ^= 1
        self._inbox += frame[1:]
        if frame[0] & 0x10:
            return self._say(bytes([0xA2 | self._number]))
        command, self._inbox = self._inbox, b""
        answer, room = self.apdu(command), self._frame_max - 3
        self._outbox = [answer[start : start + room] for start in range(0, len(answer), room)]
        return self._next_part()

    def _receipt(self, frame: bytes) -> bytes | None:
        """Send the next part after an acknowledgement, and the last block again if it was not heard."""
        if frame[0] & 1 == self._number:
            return self._last
        if frame[0] & 0x10:
            return self._say(bytes([0xA2 | self._number]))
        self._number ^= 1
        return self._next_part() if self._outbox else None

    def _next_part(self) -> bytes:
        """Send one block of the answer, chained if more follow."""
        part = self._outbox.pop(0)
        return self._say(bytes([0x02 | self._number | (0x10 if self._outbox else 0)]) + part)

    def _say(self, block: bytes) -> bytes:
        """Remember what was said, for a reader that did not hear it."""
        self._last = block
        return block
