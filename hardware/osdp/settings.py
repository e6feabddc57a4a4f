"""What a configuration says of a door reader, and the key that its channel is sealed with."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hardware.port import DeviceError

BAUDS = (9600, 19200, 38400, 57600, 115200, 230400)
"""The rates that OSDP 2.2 names."""
ADDRESS_MAX = 126
KEY_OCTETS = 16
WORTHLESS_KEYS = (bytes(range(0x30, 0x40)), bytes(KEY_OCTETS), b"\xff" * KEY_OCTETS)
"""SCBK-D, which everybody knows, and what a key file holds by mistake."""

_COMMON = ("port", "address", "baud", "key_file")


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """Where a door reader is: its serial line, its address there, and the file of its key."""

    port: str
    key_file: Path
    address: int = 0
    baud: int = 9600


def door_settings(
    who: str, settings: Mapping[str, str | int | float | bool], *, more: tuple[str, ...] = ()
) -> DoorSettings:
    """Read the settings of a door; raises ``ValueError`` with what is missing, wrong or not known.

    There is none that leaves the channel open or puts a reader into install mode, on purpose.
    """
    unknown = sorted(set(settings) - set(_COMMON) - set(more))
    if unknown:
        raise ValueError(f"{who}: takes no setting {unknown[0]!r}, only {', '.join((*_COMMON, *more))}")
    for name in ("port", "key_file"):
        if not isinstance(settings.get(name), str) or not settings[name]:
            raise ValueError(f'{who}: "{name}" is missing; `polso osdp install` makes the key and says both')
    address, baud = settings.get("address", 0), settings.get("baud", 9600)
    if not isinstance(address, int) or isinstance(address, bool) or not 0 <= address <= ADDRESS_MAX:
        raise ValueError(f'{who}: "address" is 0 to {ADDRESS_MAX}, not {address!r}')
    if baud not in BAUDS:
        raise ValueError(f'{who}: "baud" is one of {", ".join(map(str, BAUDS))}, not {baud!r}')
    return DoorSettings(str(settings["port"]), Path(str(settings["key_file"])), address, int(baud))


def read_key(path: Path) -> bytes:
    """Read a door's key; raises ``DeviceError`` where there is none, or one that protects nothing."""
    again = "make another one: polso osdp install"
    try:
        mode, text = path.stat().st_mode, path.read_text().strip()
    except OSError as error:
        raise DeviceError(f"door key {path}: {error.strerror}", again) from error
    except UnicodeDecodeError as error:
        raise DeviceError(f"door key {path}: not 32 hexadecimal digits", again) from error
    if stat.S_IMODE(mode) & 0o077:
        raise DeviceError(f"door key {path}: others may read it", f"chmod 600 {path}, and {again}")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_OCTETS:
        raise DeviceError(f"door key {path}: not 32 hexadecimal digits", again)
    if key in WORTHLESS_KEYS:
        raise DeviceError(f"door key {path}: everybody knows this key", again)
    return key
