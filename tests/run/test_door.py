"""The verb that installs a door reader, and the gate and light that the configuration makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.config import Equipment
from edge.errors import ConfigError
from edge.run import actuators
from edge.run.cli import main
from hardware.osdp.settings import read_key
from hardware.port import Passage

libosdp = pytest.mark.real("libosdp")


def nobody(passage: Passage) -> None:
    """Hear nothing."""


@libosdp
def test_install_prints_the_lines_for_the_configuration(tmp_path: Path) -> None:
    from hardware.virtual.door import VirtualDoor

    door, key_file = VirtualDoor(None, address=3), tmp_path / "door.key"
    command = ["osdp", "install", "--port", door.path, "--key-file", str(key_file), "--address", "3"]
    told = CliRunner().invoke(main, command)
    door.close()

    assert told.exit_code == 0, told.output
    assert f'port = "{door.path}"' in told.output
    assert "address = 3" in told.output
    assert read_key(key_file).hex() not in told.output
    assert door.key == read_key(key_file)


@libosdp
def test_line_that_is_not_there_is_told_in_two_lines(tmp_path: Path) -> None:
    command = ["osdp", "install", "--port", "/dev/ttyS99", "--key-file", str(tmp_path / "k")]
    told = CliRunner().invoke(main, command)

    assert told.exit_code
    assert "what to do: plug the RS-485 adapter in" in told.output


def test_wrong_rate_is_told_with_those_that_exist(tmp_path: Path) -> None:
    command = ["osdp", "install", "--port", "/dev/x", "--key-file", str(tmp_path / "k"), "--baud", "1"]
    told = CliRunner().invoke(main, command)

    assert told.exit_code == 1
    assert "9600" in told.output


@libosdp
def test_door_of_the_configuration_is_one_device_with_a_gate_and_a_light(tmp_path: Path) -> None:
    settings: dict[str, str | int | float | bool] = {"port": str(tmp_path / "line"), "key_file": "/k"}
    one = Equipment(name="door", driver="osdp", point="room-7", settings=settings)

    gates, lights = actuators.gates((one,), nobody), actuators.lights((one,))

    assert set(gates) == set(lights) == {"room-7"}
    gates["room-7"].close()


@libosdp
@pytest.mark.parametrize("kind", ["gates", "lights"])
def test_wrong_setting_of_a_door_is_a_fault_of_the_configuration(kind: str) -> None:
    one = Equipment(name="door", driver="osdp", point="room-7", settings={"port": "/dev/x", "insecure": True})
    with pytest.raises(ConfigError, match="no setting 'insecure'") as told:
        actuators.gates((one,), nobody) if kind == "gates" else actuators.lights((one,))

    assert told.value.hint
