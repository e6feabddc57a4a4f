"""The wheel holds the four rooms with all they show, and nothing else, twice the same."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.packaging.resolved import PIP
from tests.tidy.source import ROOMS, ROOT, copy_to, listed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.real("package index")]


def build(source: Path, output: Path) -> Path:
    command = [*PIP, "wheel", "-q", "--no-deps", "-w", str(output), str(source)]
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1767225600"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    return next(output.glob("polso-*.whl"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return build(copy_to(folder / "source"), folder / "first")


def test_wheel_ships_the_four_rooms_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        roots = {name.split("/", 1)[0] for name in archive.namelist()}

    assert {root for root in roots if not root.endswith(".dist-info")} == set(ROOMS)


def test_wheel_ships_every_file_of_the_rooms(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
    ours = {path for path in listed(ROOT) if path.split("/", 1)[0] in ROOMS}

    assert ours - shipped == set(), "add their endings to [tool.setuptools.package-data]"


def test_wheel_carries_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        licence = next(name for name in archive.namelist() if name.endswith("/LICENSE"))
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_two_builds_are_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    again = build(copy_to(tmp_path / "source"), tmp_path / "second")

    assert again.read_bytes() == wheel.read_bytes()
