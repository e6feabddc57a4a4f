"""The shipped systemd units shut in what they start, line by line and by systemd's own judgement."""

from __future__ import annotations

import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from edge.keys.credential import CREDENTIAL
from tests.tidy.source import ROOT

UNITS = sorted((ROOT / "edge" / "run").glob("*.service"))
EXPOSURE_MAX = 20
"""Tenths of systemd's scale: 2.0."""

SANDBOX = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
    "LimitCORE": "0",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "ProtectProc": "invisible",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "DevicePolicy": "closed",
    "SystemCallArchitectures": "native",
    "RestrictNamespaces": "yes",
    "LockPersonality": "yes",
    "RestrictRealtime": "yes",
    "Restart": "always",
}


def settings(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[name].append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_states_each_line_of_the_sandbox(unit: Path) -> None:
    stated = settings(unit)

    assert {name: stated[name] for name in SANDBOX} == {name: [value] for name, value in SANDBOX.items()}
    assert stated["User"] == stated["Group"] == stated["StateDirectory"] == [unit.stem]
    assert stated["SystemCallFilter"][0] == "@system-service"
    assert stated["MemoryMax"]
    assert stated["TasksMax"]


def test_edge_reaches_readers_and_radio_and_central_does_not() -> None:
    edge, central = (
        settings(ROOT / "edge" / "run" / name) for name in ("polso.service", "polso-central.service")
    )

    assert edge["RestrictAddressFamilies"] == ["AF_UNIX AF_INET AF_INET6 AF_NETLINK"]
    assert any("usb_device" in device for device in edge["DeviceAllow"])
    assert edge["LoadCredentialEncrypted"] == [CREDENTIAL]
    assert edge["RestartSec"] == ["250ms"], "a killed gate is to answer again within two seconds"
    assert (edge["Type"], edge["WatchdogSec"], edge["NotifyAccess"]) == (["notify"], ["30"], ["main"])
    assert "PrivateDevices" not in edge
    assert central["PrivateDevices"] == ["yes"]
    assert not central["DeviceAllow"]


@pytest.mark.real("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_judges_the_unit_safe(unit: Path) -> None:
    judged = exposure(unit)

    assert judged.returncode == 0, judged.stdout[-400:]


@pytest.mark.real("systemd-analyze")
def test_systemd_judges_an_open_unit_unsafe(tmp_path: Path) -> None:
    unit = tmp_path / "open.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")

    assert exposure(unit).returncode != 0


def exposure(unit: Path) -> subprocess.CompletedProcess[str]:
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        "--no-pager",
        f"--threshold={EXPOSURE_MAX}",
        str(unit),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_units_and_device_rules_ship_with_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shipped = project["tool"]["setuptools"]["package-data"]["*"]

    assert {"*.service", "*.rules"} <= set(shipped)
    assert [unit.stem for unit in UNITS] == ["polso-central", "polso"]
