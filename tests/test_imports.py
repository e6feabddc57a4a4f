"""Rooms import in one direction, and a planted wrong import is named with its line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.source import ROOMS, ROOT

PLANTED = [
    ("edge/core/planted.py", "import time", "core"),
    ("edge/core/planted.py", "import sqlite3", "core"),
    ("edge/core/planted.py", "from edge import store", "core-alone"),
    ("hardware/planted.py", "import edge.core", "hardware"),
    ("kiosk/planted.py", "import edge.store", "kiosk"),
    ("kiosk/planted.py", "import hardware.port", "kiosk"),
    ("sync/central/planted.py", "import edge.store", "central"),
    ("sync/central/planted.py", "import kiosk", "central"),
    ("edge/planted.py", "import edge.run", "composition"),
    ("edge/store/planted.py", "import kiosk", "rooms"),
    ("edge/planted.py", "import nfc", "library-nfc"),
    ("hardware/planted.py", "import requests", "library-requests"),
    ("edge/planted.py", "from flask import Flask", "library-flask"),
    ("kiosk/planted.py", "import sqlite_utils", "library-sqlite_utils"),
    ("sync/planted.py", "import sqlalchemy", "library-sqlalchemy"),
]


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


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("path", "line", "contract"), PLANTED, ids=lambda value: str(value).replace("/", ".")
)
def test_planted_import_is_named(tmp_path: Path, path: str, line: str, contract: str) -> None:
    house = a_copy_of_the_house(tmp_path)
    (house / path).write_text(f'"""Planted."""\n{line}\n')

    done = lint(house, contract)

    assert done.returncode == 1, done.stdout + done.stderr
    assert path.removesuffix(".py").replace("/", ".") in done.stdout.replace("\n", "")
    assert "l.2" in done.stdout


@pytest.mark.timeout(60)
def test_planted_cycle_is_named(tmp_path: Path) -> None:
    house = a_copy_of_the_house(tmp_path)
    (house / "edge" / "egg.py").write_text("import edge.hen\n")
    (house / "edge" / "hen.py").write_text("import edge.egg\n")

    done = lint(house, "cycles")

    assert done.returncode == 1, done.stdout + done.stderr
    assert ".hen" in done.stdout
    assert ".egg" in done.stdout
