"""The virtual door that the tests of OSDP share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hardware import osdp
from hardware.port import Reader
from tests.hardware.osdp_bench import KEY, a_key_file, no_keys

if TYPE_CHECKING:  # needs what a bare machine lacks; there the tests are skipped before their fixtures
    from hardware.virtual.door import VirtualDoor


@pytest.fixture
def door() -> Iterator[VirtualDoor]:
    from hardware.virtual.door import VirtualDoor

    door = VirtualDoor(KEY)
    yield door
    door.close()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return a_key_file(tmp_path / "door.key", KEY.hex())


@pytest.fixture
def settings(door: VirtualDoor, key_file: Path) -> dict[str, str | int | bool]:
    return {"port": door.path, "key_file": str(key_file)}


@pytest.fixture
def door_reader(settings: dict[str, str | int | bool]) -> Iterator[Reader]:
    reader = osdp.build("door", settings, no_keys)
    yield reader
    reader.close()
