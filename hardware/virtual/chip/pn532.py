"""The PN532 as far as nfcpy's drivers command it, with a virtual band in its field."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hardware.virtual.bands.band import Band, anticollide

_TX_MODE, _RX_MODE, _TX_CONTROL, _TX_AUTO, _FIFO = 0x6302, 0x6303, 0x6304, 0x6305, 0x6339
_FIRMWARE = bytes.fromhex("32010607")
_OK, _TIMED_OUT = b"\x00", b"\x01"
_CRC_BIT = 0x80
_TECHNOLOGY = {0b00: "A", 0b10: "F", 0b11: "B"}
_RESPONSE, _ERROR_FRAME = 0xD5, b"\x7f"


def crc_a(octets: bytes) -> bytes:
    """Return the check sum of ISO 14443-3 type A."""
    register = 0x6363
    for octet in octets:
        octet ^= register & 0xFF
        octet = octet ^ octet << 4 & 0xFF
        register = (register >> 8 ^ octet << 8 ^ octet << 3 ^ octet >> 4) & 0xFFFF
    return register.to_bytes(2, "little")


class Pn532:
    """Executes chip commands; ``sleep`` passes the time in which a band does not answer."""

    def __init__(self, sleep: Callable[[float], object]) -> None:
        """Power up with an empty field."""
        self._sleep = sleep
        self._lock = threading.Lock()
        self._band: Band | None = None
        self._wait_s = 0.0
        self._registers = {_TX_MODE: 0x80, _RX_MODE: 0x80, _TX_CONTROL: 0x80, _TX_AUTO: 0x40, _FIFO: 0x26}
        self.commands = 0
        """Commands executed since power up."""
        self._actions: dict[int, Callable[[bytes], bytes]] = {
            0x00: lambda octets: octets,
            0x02: lambda _: _FIRMWARE,
            0x06: self._read_registers,
            0x08: self._write_registers,
            0x10: lambda _: b"",
            0x12: lambda _: b"",
            0x14: lambda _: b"",
            0x16: lambda _: _OK,
            0x32: self._configure,
            0x42: self._communicate,
            0x4A: self._list_targets,
        }

    def place(self, band: Band) -> None:
        """Lay a band into the field, in place of the one that was there."""
        with self._lock:
            band.place()
            self._band = band

    def remove(self) -> None:
        """Take the band away."""
        with self._lock:
            self._band = None

    def execute(self, command: bytes) -> bytes:
        """Answer one command (D4h, code, parameters); an unknown one gets the error frame."""
        self.commands += 1
        action = self._actions.get(command[1])
        if action is None:
            return _ERROR_FRAME
        return bytes([_RESPONSE, command[1] + 1]) + action(command[2:])

    def _ask(self, brty: str, frame: bytes) -> bytes | None:
        """Send one frame into the field."""
        with self._lock:
            return self._band.answer(brty, frame) if self._band is not None else None

    def _read_registers(self, octets: bytes) -> bytes:
        """Read registers of two octets of address each."""
        addresses = [int.from_bytes(octets[start : start + 2]) for start in range(0, len(octets), 2)]
        return bytes(self._registers.get(address, 0) for address in addresses)

    def _write_registers(self, octets: bytes) -> bytes:
        """Write registers: two octets of address and one of value each."""
        for start in range(0, len(octets), 3):
            self._registers[int.from_bytes(octets[start : start + 2])] = octets[start + 2]
        return b""

    def _configure(self, octets: bytes) -> bytes:
        """Switch the field (item 1) or set the waiting time (item 2); other items are analogue matters."""
        if octets[0] == 0x01 and not octets[1] & 1:
            self._registers[_TX_CONTROL] = 0x80
            with self._lock:
                if self._band is not None:
                    self._band.reset()
        elif octets[0] == 0x01:
            self._registers[_TX_CONTROL] = 0x83
        elif octets[0] == 0x02:
            self._wait_s = 1e-4 * 2 ** (octets[3] - 1) if octets[3] else 0.0
        return b""

    def _communicate(self, frame: bytes) -> bytes:
        """Exchange one frame as the registers are set, waiting as long as was configured."""
        mode = self._registers[_TX_MODE]
        technology = _TECHNOLOGY.get(mode & 3, "A")
        answer = self._ask(f"{106 << (mode >> 4 & 7)}{technology}", frame)
        if answer is None:
            self._sleep(self._wait_s)
            return _TIMED_OUT
        if technology == "A" and not self._registers[_RX_MODE] & _CRC_BIT and len(answer) > 1:
            answer += crc_a(answer)
        return _OK + answer

    def _list_targets(self, octets: bytes) -> bytes:
        """Find one target of the asked technology and select it."""
        self._registers[_TX_CONTROL] = 0x83
        kind, wanted = octets[1], octets[2:]
        if kind == 0:
            return self._find_type_a(wanted)
        return self._find_type_f(kind, wanted) if kind in (1, 2) else b"\x00"

    def _find_type_f(self, kind: int, request: bytes) -> bytes:
        """Poll for FeliCa at 212 or 424 kbps; the answer carries its own length octet."""
        self._registers[_TX_MODE] = self._registers[_RX_MODE] = 0x82 | kind << 4
        found = self._ask("212F" if kind == 1 else "424F", bytes([len(request) + 1]) + request)
        if found is None or len(found) < 18 or found[0] != len(found) or found[1] != 1:
            return b"\x00"
        return b"\x01\x01" + found

    def _find_type_a(self, wanted: bytes) -> bytes:
        """Run anticollision and selection; ``wanted`` is one identifier with its cascade tags, or empty."""
        self._registers.update({_TX_MODE: 0x80, _RX_MODE: 0x80, _TX_AUTO: 0x40, _FIFO: 0x26})
        kind = self._ask("106A", b"\x26")
        if kind is None:
            return b"\x00"
        self._registers[_FIFO] = 0x93
        identity, sak = anticollide(lambda frame: self._ask("106A", frame))
        if sak is None or (wanted and identity != _without_cascade_tags(wanted)):
            return b"\x00"
        return b"\x01\x01" + kind[::-1] + bytes([sak, len(identity)]) + identity


def _without_cascade_tags(wanted: bytes) -> bytes:
    """Return the identifier inside InListPassiveTarget's initiator octets."""
    if len(wanted) == 8:
        return wanted[1:]
    return wanted[1:4] + wanted[5:] if len(wanted) == 12 else wanted
