"""Drivers are found by name, imported late, and missed with advice."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from hardware import registry
from hardware.nfc.nfcpy import NfcpyReader
from hardware.port import DeviceError


def no_keys(uid: bytes, key_no: int) -> bytes | None:
    return None


@pytest.fixture
def without_evdev(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "evdev" else real(name))


def test_named_driver_makes_a_closed_reader() -> None:
    reader = registry.build("nfcpy", "gate", {"path": "udp:127.0.0.1:1"}, keys=no_keys)

    assert isinstance(reader, NfcpyReader)
    assert reader.path == "udp:127.0.0.1:1"


def test_unknown_driver_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DeviceError, match="'gate': no driver 'magic'") as told:
        registry.build("magic", "gate", {}, keys=no_keys)

    assert "blueprint, nfcpy, osdp, pcsc, qr, webnfc" in told.value.hint


def test_missing_setting_is_named() -> None:
    with pytest.raises(DeviceError, match=r"reader 'gate'.*path"):
        registry.build("nfcpy", "gate", {}, keys=no_keys)


@pytest.mark.usefixtures("without_evdev")
def test_missing_extra_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(DeviceError, match="'lounge': driver 'qr' needs evdev") as told:
        registry.build("qr", "lounge", {"path": "/dev/input/event0"}, keys=no_keys)

    assert told.value.hint == "pip install 'polso[qr]'"


@pytest.mark.usefixtures("without_evdev")
def test_check_tells_of_every_driver_whether_it_can_be_used() -> None:
    found = {one.name: one for one in registry.available()}

    assert set(found) == set(registry.DRIVERS)
    assert found["nfcpy"].usable
    assert found["qr"] == registry.Availability("qr", False, "evdev not installed: pip install 'polso[qr]'")


def test_every_driver_of_the_registry_exists_and_can_be_built() -> None:
    for driver in registry.DRIVERS.values():
        module = importlib.import_module(driver.module)
        assert callable(module.build)


def test_registry_imports_no_driver_by_itself() -> None:
    late = "{'nfc', 'evdev', 'serial', 'smartcard', 'osdp_sys'}"
    code = f"import sys, hardware.registry; print(sorted({late} & set(sys.modules)))"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
