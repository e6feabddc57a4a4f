"""No poisoned package comes in: all that runs is pinned by hash, listed, and built twice to equal bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.packaging.resolved import PIP, canonical, default_requirements
from tests.tidy.source import ROOT

DEVICE, CENTRAL = ROOT / ".ci/lock/device.txt", ROOT / ".ci/lock/central.txt"
PACKAGES_MAX = 55
PIN = re.compile(r"^([\w.-]+)==([\w.+!-]+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pins(path: Path) -> dict[str, str]:
    return {canonical(name): version for name, version in PIN.findall(path.read_text())}


def blocks(path: Path) -> list[str]:
    """One block of lines a package."""
    return re.split(r"\n(?=\w)", path.read_text())


def extra(name: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(project["optional-dependencies"][name])


@pytest.mark.parametrize("path", [DEVICE, CENTRAL], ids=lambda path: path.stem)
def test_each_package_is_pinned_to_one_version_and_to_hashes(path: Path) -> None:
    found = blocks(path)

    assert len(found) == len(pins(path)) > 20
    assert [block.splitlines()[0] for block in found if not HASH.search(block)] == []


def test_device_pins_are_few_and_central_s_hold_them_all() -> None:
    device, central = pins(DEVICE), pins(CENTRAL)

    assert len(device) <= PACKAGES_MAX
    assert {name for name in device if central.get(name) != device[name]} == set()
    assert "sqlalchemy" in central.keys() - device.keys(), "what central alone needs stays off the gates"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (DEVICE, default_requirements()),
        (CENTRAL, default_requirements() + extra("central") + extra("stripe")),
    ],
    ids=["device", "central"],
)
def test_pins_are_what_the_project_asks_for(path: Path, wanted: list[str]) -> None:
    """A requirement that changed without `.ci/lock/renew` is found here."""
    locked = pins(path)
    asked = [Requirement(line) for line in wanted]
    missing = [each.name for each in asked if canonical(each.name) not in locked]
    unfit = [
        f"{each} but {locked[canonical(each.name)]}"
        for each in asked
        if canonical(each.name) in locked
        and not each.specifier.contains(locked[canonical(each.name)], prereleases=True)
    ]

    assert (missing, unfit) == ([], []), "run .ci/lock/renew and look at the difference"


@pytest.mark.real("git")
def test_pins_are_no_older_than_the_page_on_security_says() -> None:
    """Beside the day of the commit, so that an old version goes on passing what it passed."""
    page = (ROOT / ".docs/security.md").read_text()
    said = re.search(r"all pins are renewed at least every (\d+) days", page)
    assert said is not None
    shown = subprocess.run(
        ["git", "log", "-1", "--format=%cs"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    committed = dt.date.fromisoformat(shown.stdout.strip())
    renewed = dt.date.fromisoformat((ROOT / ".ci/lock/renewed").read_text().strip())

    age = committed - renewed
    assert dt.timedelta(days=-1) <= age <= dt.timedelta(days=int(said[1])), "run .ci/lock/renew"


def test_no_pin_names_where_it_came_from() -> None:
    for path in (DEVICE, CENTRAL):
        assert not re.search(r"https?:|--index|--find-links|--trusted", path.read_text())


def fetch(lock: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a device's install does first: fetch every pinned file, none without its hash."""
    command = [*PIP, "download", "-q", "--no-deps", "--require-hashes", "-r", str(lock), "-d", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, cwd="/")


INDEX = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.real("package index")]


class TestAgainstTheIndex:
    """The real pip and the index that the environment names."""

    pytestmark = INDEX

    def test_pinned_files_install_into_a_device_that_starts(self, tmp_path: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, timeout=120)
        python = tmp_path / "venv/bin/python"
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps"]
        subprocess.run([*pip, "--require-hashes", "-r", str(DEVICE)], check=True, timeout=240, cwd="/")
        subprocess.run([*pip, str(ROOT)], check=True, timeout=240, cwd="/")

        shown = subprocess.run(
            [str(tmp_path / "venv/bin/polso"), "check", "--help"], capture_output=True, text=True, check=False
        )
        whole = subprocess.run(
            [str(python), "-m", "pip", "check"], capture_output=True, text=True, check=False
        )

        assert (shown.returncode, whole.returncode) == (0, 0), shown.stderr + whole.stdout

    def test_another_file_than_the_pinned_one_is_refused(self, tmp_path: Path) -> None:
        """The control is the same pin with its own hash, which is fetched."""
        block = next(block for block in blocks(DEVICE) if block.startswith("waitress=="))
        true, changed = tmp_path / "true.txt", tmp_path / "changed.txt"
        true.write_text(block)
        changed.write_text(HASH.sub(lambda found: "--hash=sha256:" + _other(found[1]), block))

        fetched, refused = fetch(true, tmp_path / "one"), fetch(changed, tmp_path / "two")

        assert fetched.returncode == 0
        assert len(list((tmp_path / "one").iterdir())) == 1
        assert refused.returncode != 0
        assert "DO NOT MATCH THE HASHES" in refused.stderr
        assert not (tmp_path / "two").exists() or not list((tmp_path / "two").iterdir())

    def test_package_without_a_hash_is_refused(self, tmp_path: Path) -> None:
        lock = tmp_path / "lock.txt"
        lock.write_text(DEVICE.read_text() + "\nsix==1.16.0\n")

        refused = fetch(lock, tmp_path / "got")

        assert refused.returncode != 0
        assert "Hashes are required" in refused.stderr

    def test_release_is_the_same_bytes_twice_and_lists_all_that_it_brings(self, tmp_path: Path) -> None:
        environment = os.environ | {"PYTHON": sys.executable}
        made = subprocess.run(
            [str(ROOT / ".ci/release"), str(tmp_path)],
            env=environment, capture_output=True, text=True, check=False, timeout=280,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr[-2000:]

        for part, lock in (("device", DEVICE), ("central", CENTRAL)):
            bill = json.loads((tmp_path / f"{part}.cdx.json").read_text())
            listed = {canonical(each["name"]): each["version"] for each in bill["components"]}
            hashed = [each["externalReferences"][0]["hashes"] for each in bill["components"]]

            assert bill["specVersion"] == "1.6"
            assert listed == pins(lock)
            assert all(hashed)
        sums = dict(reversed(line.split()) for line in (tmp_path / "SHA256SUMS").read_text().splitlines())
        assert any(name.endswith(".whl") for name in sums)
        for name, digest in sums.items():
            assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


def _other(digest: str) -> str:
    return ("1" if digest[0] == "0" else "0") + digest[1:]
