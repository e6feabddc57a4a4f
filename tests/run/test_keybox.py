"""The verbs of the key: made once, rolled, and everything opens as before, whole files included."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.config import load
from edge.run.app import Edge
from edge.run.cli import main
from edge.run.device import opened
from edge.store import driver
from edge.vault import FILE_KEY


class Device:
    """A lone device with its configuration, and `polso` run on it."""

    def __init__(self, place: Path, *, encrypt: bool = False) -> None:
        self.folder, self.key, self.file = place / "data", place / "stick" / "key", place / "polso.toml"
        self.file.write_text(
            f'[store]\nfolder = "{self.folder}"\nencrypt = {str(encrypt).lower()}\n'
            f'[key]\nsource = "file"\npath = "{self.key}"\n[screens]\nport = 0\n'
        )

    def polso(self, *words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--config", str(self.file)])

    def live(self) -> None:
        """Start, let a screen in, which is journaled, and stop."""
        edge = Edge(*opened(self.file))
        edge.start()
        edge.staff.enrol_screen(edge.staff.new_screen("gate", "gate-1"))
        edge.stop()


def test_key_is_made_once_and_what_it_is_worth_is_said(tmp_path: Path) -> None:
    device = Device(tmp_path)
    made = device.polso("key", "make")
    assert made.exit_code == 0
    assert "whoever takes the whole disk has the key too" in made.output
    assert device.key.stat().st_mode & 0o777 == 0o600
    first = device.key.read_bytes()
    again = device.polso("key", "make")
    assert again.exit_code == 1
    assert "polso key roll" in again.output
    assert device.key.read_bytes() == first


@pytest.mark.parametrize("encrypt", [False, pytest.param(True, marks=pytest.mark.real("sqlcipher"))])
def test_device_goes_on_after_its_key_rolled(tmp_path: Path, encrypt: bool) -> None:
    device = Device(tmp_path, encrypt=encrypt)
    device.live()
    assert (device.folder / FILE_KEY).exists() is encrypt
    assert driver.is_plain(device.folder / "state.db") is not encrypt
    driver.forget(device.folder)
    before, rolled = device.polso("journal", "verify"), device.polso("key", "roll")
    driver.forget(device.folder)
    assert before.output.endswith("whole\n"), before.output
    assert "key 2" in rolled.output, rolled.output
    device.live()
    after = device.polso("journal", "verify")
    driver.forget(device.folder)
    assert after.output.endswith("whole\n"), after.output
    assert records(after.output) > records(before.output) > 0


def records(words: str) -> int:
    """How many records of the ordinary lane were checked."""
    return int(words.partition("lane 0: ")[2].split(" ")[0])


def test_roll_of_a_running_device_is_refused(tmp_path: Path) -> None:
    device = Device(tmp_path)
    edge = Edge(*opened(device.file))
    key = device.key.read_bytes()
    edge.start()
    refused = device.polso("key", "roll")
    edge.stop()
    assert refused.exit_code == 1
    assert "uses this folder" in refused.output
    assert device.key.read_bytes() == key


def test_named_source_stands_in_the_configuration(tmp_path: Path) -> None:
    assert load(Device(tmp_path).file).key.source == "file"
