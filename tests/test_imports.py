"""Rooms import in one direction, and a planted wrong import is named with its line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tidy.source import ROOMS, ROOT

PLANTED = [
    ("edge/core/planted_1.py", "import time", "core"),
    ("edge/core/planted_2.py", "import sqlite3", "core"),
    ("edge/core/planted_3.py", "from edge import store", "core-alone"),
    ("hardware/planted_4.py", "import edge.core", "hardware"),
    ("kiosk/planted_5.py", "import edge.store", "kiosk"),
    ("kiosk/planted_6.py", "import hardware.port", "kiosk"),
    ("sync/central/planted_7.py", "import edge.store", "central"),
    ("sync/central/planted_8.py", "import kiosk", "central"),
    ("edge/planted_9.py", "import edge.run", "composition"),
    ("edge/store/planted_10.py", "import kiosk", "rooms"),
    ("edge/planted_11.py", "import nfc", "library-nfc"),
    ("hardware/planted_12.py", "import requests", "library-requests"),
    ("edge/planted_13.py", "from flask import Flask", "library-flask"),
    ("kiosk/planted_14.py", "import sqlite_utils", "library-sqlite_utils"),
    ("sync/planted_15.py", "import sqlalchemy", "library-sqlalchemy"),
]

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def lint(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    wanted = ["--contract", contract] if contract else []
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        [*command, *wanted],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def a_copy_of_the_house(folder: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(
            ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "static", "demo")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.timeout(60)
def test_every_import_looks_in_its_direction() -> None:
    done = lint(ROOT)

    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
    assert "0 broken" in done.stdout


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each contract says of a house with all wrong imports planted, each in a file of its own."""
    house = a_copy_of_the_house(tmp_path_factory.mktemp("house"))
    for path, line, _ in PLANTED:
        (house / path).write_text(f'"""Planted."""\n{line}\n')
    done = lint(house)
    assert done.returncode == 1, done.stdout + done.stderr
    names = {contract["name"]: contract["id"] for contract in CONTRACTS}
    _, _, broken = done.stdout.partition("Broken contracts")
    parts = re.split(r"^(.+)\n-+$", broken, flags=re.MULTILINE)
    return {names[name]: said for name, said in zip(parts[1::2], parts[2::2], strict=True) if name in names}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("path", "line", "contract"), PLANTED, ids=lambda value: str(value).replace("/", ".")
)
def test_planted_import_is_named(complaints: dict[str, str], path: str, line: str, contract: str) -> None:
    planted = path.removesuffix(".py").replace("/", ".")

    named = [said for said in complaints[contract].splitlines() if planted in said]

    assert any("l.2" in said for said in named), complaints[contract]


@pytest.mark.timeout(60)
def test_planted_cycle_is_named(tmp_path: Path) -> None:
    house = a_copy_of_the_house(tmp_path)
    (house / "edge" / "egg.py").write_text("import edge.hen\n")
    (house / "edge" / "hen.py").write_text("import edge.egg\n")

    done = lint(house, "cycles")

    assert done.returncode == 1, done.stdout + done.stderr
    assert ".hen" in done.stdout
    assert ".egg" in done.stdout
