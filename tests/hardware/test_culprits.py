"""The machine check names who keeps a reader from us, and the line that mends it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from hardware.nfc.culprits import culprits
from hardware.nfc.nfcpy.opening import hint_for


def a_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_ready_machine_has_no_culprits(tmp_path: Path) -> None:
    assert culprits(tmp_path) == []


def test_kernel_module_daemon_and_slow_cable_are_each_named(tmp_path: Path) -> None:
    a_file(tmp_path / "proc/modules", "pn533 20480 1 pn533_usb\npn533_usb 16384 0 - Live\n")
    a_file(tmp_path / "run/pcscd/pcscd.comm", "")
    a_file(tmp_path / "sys/bus/usb-serial/devices/ttyUSB0/latency_timer", "16\n")
    a_file(tmp_path / "sys/bus/usb-serial/devices/ttyUSB1/latency_timer", "1\n")

    kernel, daemon, cable = culprits(tmp_path)

    assert "blacklist pn533_usb" in kernel
    assert "systemctl disable --now pcscd" in daemon
    assert "waits 16 ms" in cable
    assert cable.endswith("ttyUSB0/latency_timer")


@pytest.mark.parametrize(
    ("path", "number", "says"),
    [
        ("usb:072f:2200", errno.EACCES, "plugdev"),
        ("tty:USB0:pn532", errno.EACCES, "dialout"),
        ("udp:127.0.0.1:1", errno.ETIMEDOUT, "virtual field"),
        ("tty:S0:pn532", errno.EBUSY, "another program"),
        ("usb:072f:2200", errno.ENODEV, "plug the reader in"),
        ("tty:S0:pn532", errno.EIO, "power off and on"),
    ],
)
def test_each_failure_to_open_has_something_to_do(path: str, number: int, says: str) -> None:
    assert says in hint_for(path, OSError(number, "no"), found=[])


def test_culprit_is_named_before_anything_else_is_suspected() -> None:
    assert (
        hint_for("usb:072f:2200", OSError(errno.ENODEV, "no"), found=["pcscd holds it"]) == "pcscd holds it"
    )
