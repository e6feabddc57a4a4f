"""FeliCa Lite-S: thirteen blocks, and a card key that both sides can prove."""

from __future__ import annotations

import hmac

from hardware.nfc import felica

_BLOCK = 16
_CKV, _MC = 0x86, 0x88
_READABLE = (*range(14), felica.IDENTITY, 0x83, 0x84, 0x85, _CKV, _MC, felica.WRITES, felica.STATE)
_PMM = bytes.fromhex("00F1000000C1C100")
"""IC code F1h is a Lite-S; C1h asks the reader for about 60 ms a command, which a busy machine can keep."""
_NDEF_SYSTEM, _LITE_SYSTEM, _ANY = b"\x12\xfc", b"\x88\xb4", b"\xff\xff"
_NO_SUCH_BLOCK, _REFUSED = b"\xff\xa8", b"\x01\xa8"


class FelicaLiteS:
    """A FeliCa Lite-S band with one card key."""

    def __init__(self, uid: bytes, card_key: bytes, *, message: bytes = b"") -> None:
        """Hold an NDEF message; ``uid`` is the 8-octet manufacture identifier (IDm)."""
        if len(uid) != 8:
            raise ValueError(f"a FeliCa identifier has 8 octets, not {len(uid)}")
        self.uid = uid
        self._card_key = card_key
        self._writes = 0
        self._blocks = {number: bytes(_BLOCK) for number in _READABLE}
        self._blocks[felica.IDENTITY] = uid + bytes(8)
        self._blocks[_MC] = bytes.fromhex("FFFFFF01070000000000000000000000")
        self._write_message(message)
        self.reset()

    def _write_message(self, message: bytes) -> None:
        """Lay the message out behind the attribute block of an NDEF type 3 tag."""
        head = bytes([0x10, 4, 1, 0, 13, 0, 0, 0, 0, 0, 1]) + len(message).to_bytes(3)
        self._blocks[0] = head + sum(head).to_bytes(2)
        for number in range(1, 14):
            self._blocks[number] = message[(number - 1) * _BLOCK : number * _BLOCK].ljust(_BLOCK, b"\0")

    def place(self) -> None:
        """Enter a field."""
        self.reset()

    def reset(self) -> None:
        """Forget challenge, session and the reader's proof."""
        self._challenge = bytes(_BLOCK)
        self._session = bytes(_BLOCK)
        self._reader_proved = False

    def answer(self, brty: str, frame: bytes) -> bytes | None:
        """Answer polling, read and write without encryption."""
        if brty not in ("212F", "424F") or len(frame) < 2 or frame[0] != len(frame):
            return None
        if frame[1] == 0x00 and len(frame) == 6:
            return self._poll(frame[2:4], frame[4])
        if frame[1] not in (0x06, 0x08) or frame[2:10] != self.uid or len(frame) < 13:
            return None
        listed = self._listed(frame[10:])
        if listed is None:
            return self._say(frame[1], _NO_SUCH_BLOCK)
        numbers, payload = listed
        return self._read(numbers) if frame[1] == 0x06 else self._write(numbers, payload)

    def _poll(self, system: bytes, wanted: int) -> bytes | None:
        """Answer a polling for one of our systems, with its code if that was asked for."""
        if system not in (_ANY, _NDEF_SYSTEM, _LITE_SYSTEM, b"\x12\xff", b"\x88\xff"):
            return None
        found = b"\x01" + self.uid + _PMM + (_NDEF_SYSTEM if wanted == 1 else b"")
        return bytes([len(found) + 1]) + found

    def _say(self, code: int, status: bytes, payload: bytes = b"") -> bytes:
        """Frame an answer: length, code, identifier, two status octets, payload."""
        body = bytes([code + 1]) + self.uid + status + payload
        return bytes([len(body) + 1]) + body

    @staticmethod
    def _listed(octets: bytes) -> tuple[list[int], bytes] | None:
        """Take the block numbers off a command behind its services; what follows is the payload."""
        place = 1 + 2 * octets[0]
        if place >= len(octets):
            return None
        count, place, numbers = octets[place], place + 1, []
        for _ in range(count):
            if place + 1 >= len(octets):
                return None
            numbers.append(octets[place + 1])
            place += 2 if octets[place] & 0x80 else 3
        return numbers, octets[place:]

    def _read(self, numbers: list[int]) -> bytes:
        """Send blocks; block 81h is the MAC over those before it, under the session key."""
        found = b""
        for number in numbers:
            if number == felica.CODE:
                found += felica.mac(found, self._session, self._challenge[:8]) + bytes(8)
            elif number == felica.WRITES:
                found += self._writes.to_bytes(3, "little") + bytes(13)
            elif number == felica.STATE:
                found += bytes([self._reader_proved]) + bytes(15)
            elif number in self._blocks:
                found += self._blocks[number]
            else:
                return self._say(0x06, _NO_SUCH_BLOCK)
        return self._say(0x06, b"\0\0", bytes([len(numbers)]) + found)

    def _write(self, numbers: list[int], payload: bytes) -> bytes:
        """Take the challenge, the reader's proof (state block with MAC), or a plain block."""
        if len(payload) != len(numbers) * _BLOCK:
            return self._say(0x08, _REFUSED)
        if numbers == [felica.CHALLENGE]:
            self._challenge = felica.from_card(payload)
            self._session = felica.session_key(self._card_key, self._challenge)
        elif numbers == [felica.STATE, felica.CODE_TO_CARD]:
            if not self._accept(payload[:_BLOCK], payload[_BLOCK:]):
                return self._say(0x08, _REFUSED)
        elif len(numbers) == 1 and numbers[0] in range(14):
            self._blocks[numbers[0]] = payload
        else:
            return self._say(0x08, _REFUSED)
        self._writes += 1
        return self._say(0x08, b"\0\0")

    def _accept(self, state: bytes, code: bytes) -> bool:
        """Check the MAC of the reader over write counter, block numbers and octets."""
        count = self._writes.to_bytes(3, "little")
        covered = count + bytes([0, felica.STATE, 0, felica.CODE_TO_CARD, 0]) + state
        made = felica.mac(covered, self._session, self._challenge[:8], to_card=True)
        self._reader_proved = hmac.compare_digest(made + count, code[:11]) and state[0] == 1
        return self._reader_proved
