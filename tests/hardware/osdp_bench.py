"""A virtual door reader on its line, the key file that opens it, and ways to wait for both."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # needs what a bare machine lacks
    from hardware.virtual.door import VirtualDoor

KEY, OTHER_KEY = bytes(range(16)), bytes(range(16, 32))
CARD = bytes.fromhex("12345680")
WAIT_S = 6.0


def no_keys(uid: bytes, key_no: int) -> bytes | None:
    return None


def a_key_file(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text + "\n")
    path.chmod(mode)
    return path


def until(happens: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not happens():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def commands(door: VirtualDoor, kind: int) -> list[dict[str, Any]]:
    return [one for one in door.commands if one["command"] == kind]
