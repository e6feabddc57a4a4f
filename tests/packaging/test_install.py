"""The default install is small, explained and needs no compiler on a Raspberry Pi."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import section
from tests.packaging.resolved import (
    Package,
    canonical,
    compiled_parts,
    default_requirements,
    resolve,
    resolve_for_pi,
)

PACKAGES_MAX = 55
PURE_WITHOUT_WHEEL = {"pydes"}
"""Published as source only; one Python file, so it builds anywhere (proved below)."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.real("package index")]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> list[Package]:
    return resolve(default_requirements(), tmp_path_factory.mktemp("pip") / "report.json")


def test_edge_device_installs_few_packages(installed: list[Package]) -> None:
    assert 20 < len(installed) <= PACKAGES_MAX, [package.name for package in installed]


def test_each_package_has_its_reason_in_the_reference(installed: list[Package]) -> None:
    table = section("packages")
    named = {canonical(name) for name in re.findall(r"`([\w.-]+)`", table)}
    present = {package.name for package in installed}

    assert present - named == set(), "these are installed and the reference does not say why"
    assert named - present == set(), "the reference explains these and they are not installed"


def test_only_known_packages_come_as_source(installed: list[Package]) -> None:
    assert {package.name for package in installed if not package.is_wheel} == PURE_WITHOUT_WHEEL


def test_source_only_packages_hold_nothing_to_compile(installed: list[Package], tmp_path: Path) -> None:
    for package in installed:
        if not package.is_wheel:
            assert compiled_parts(package, tmp_path / package.name) == []


def test_look_for_compiled_parts_finds_them_where_they_are(tmp_path: Path) -> None:
    assert compiled_parts(Package("markupsafe", "3.0.2", ""), tmp_path / "control") != []


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_raspberry_pi_finds_a_wheel_for_every_package(
    installed: list[Package], tmp_path: Path, python: str
) -> None:
    pins = [package.pin for package in installed if package.is_wheel]

    found = resolve_for_pi(pins, tmp_path / "report.json", python)

    assert len(found) == len(pins)
    assert [package.file for package in found if not package.is_pure and "aarch64" not in package.file] == []
    assert any("aarch64" in package.file for package in found)


def test_package_without_aarch64_wheel_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"[Nn]o matching distribution"):
        resolve_for_pi(["pyDes==2.0.1"], tmp_path / "report.json", "3.11")
