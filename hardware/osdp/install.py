"""Installing a door reader: a new key goes into it once, by hand and never by configuration."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import osdp_sys

from hardware.osdp.line import Line
from hardware.osdp.settings import KEY_OCTETS, DoorSettings, read_key
from hardware.port import DeviceError

INSTALL_S_MAX = 8.0
_REFRESH_S = 0.01


def install(settings: DoorSettings, *, wait_s: float = INSTALL_S_MAX) -> None:
    """Give the reader that waits in install mode a key of its own, and prove that it took it.

    The key is on the disk before the reader has it: a cut of the power leaves no door with an unknown key.
    Run again, it goes on with the key that the file holds.
    """
    key = _key_in(settings.key_file)
    line = Line(settings.port, settings.baud)
    try:
        if _comes_up(line, settings, key, flags=osdp_sys.FLAG_ENFORCE_SECURE, wait_s=wait_s / 4):
            return
        line.flush()
        # libosdp speaks by the key that everybody knows, and sets ours as its first command.
        if not _comes_up(line, settings, key, flags=osdp_sys.FLAG_INSTALL_MODE, wait_s=wait_s):
            raise DeviceError(
                f"the reader at address {settings.address} takes no key",
                "put it into install mode as its manual says (jumper, button, first power-up); run again",
            )
        line.flush()
        if not _comes_up(line, settings, key, flags=osdp_sys.FLAG_ENFORCE_SECURE, wait_s=wait_s):
            raise DeviceError(
                f"the reader at address {settings.address} took a key and does not answer to it",
                "end its install mode, switch it off and on, and run again",
            )
    finally:
        line.close()


def _key_in(path: Path) -> bytes:
    """Return the key of a file, made now if there is none."""
    if path.exists():
        return read_key(path)
    key = secrets.token_bytes(KEY_OCTETS)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise DeviceError(f"door key {path}: {error.strerror}", "name a file in the data folder") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def _comes_up(line: Line, settings: DoorSettings, key: bytes, *, flags: int, wait_s: float) -> bool:
    """Say whether an encrypted channel comes up by this key and these flags."""
    panel = osdp_sys.ControlPanel(
        [
            {
                "name": "install",
                "address": settings.address,
                "flags": flags,
                "scbk": key,
                "channel": line,
                **dict.fromkeys(("version", "model", "vendor_code", "serial_number", "firmware_version"), 0),
            }
        ]
    )
    panel.set_event_callback(lambda place, event: 0)
    until = time.monotonic() + wait_s
    while time.monotonic() < until and line.error is None:
        panel.refresh()
        if panel.sc_status():
            return True
        time.sleep(_REFRESH_S)
    if line.error is not None:
        raise DeviceError(f"serial line {settings.port}: {line.error}", "plug the adapter back in")
    return False
