"""What pip would install, asked of pip itself and of the package index that the environment names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tidy.source import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
PIP_S_MAX = 240
GLIBC_MINORS = range(17, 37)
"""manylinux tags that Raspberry Pi OS 12 (glibc 2.36) accepts."""
SOURCES_TO_COMPILE = (".c", ".cc", ".cpp", ".pyx", ".rs", ".f", ".asm")


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """One package of a resolved install."""

    name: str
    version: str
    file: str

    @property
    def pin(self) -> str:
        """The exact requirement."""
        return f"{self.name}=={self.version}"

    @property
    def is_wheel(self) -> bool:
        """Whether it installs without a build."""
        return self.file.endswith(".whl")

    @property
    def is_pure(self) -> bool:
        """Whether the same file serves every machine."""
        return self.file.endswith("-none-any.whl")


def default_requirements() -> list[str]:
    """What an edge device asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(project["dependencies"])


def resolve(requirements: Sequence[str], report: Path, *options: str) -> list[Package]:
    """What pip would install for these requirements; nothing is installed."""
    command = [*PIP, "install", "-q", "--dry-run", "--ignore-installed", "--report", str(report), *options]
    run([*command, *requirements])
    rows = json.loads(report.read_text())["install"]
    return sorted(
        Package(
            canonical(row["metadata"]["name"]),
            row["metadata"]["version"],
            row["download_info"]["url"].rpartition("/")[2],
        )
        for row in rows
    )


def resolve_for_pi(pins: Sequence[str], report: Path, python: str) -> list[Package]:
    """The wheels that a 64-bit Raspberry Pi would take for exactly these versions."""
    platforms = ["manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in GLIBC_MINORS)]
    options = [word for platform in platforms for word in ("--platform", platform)]
    options += ["--no-deps", "--only-binary=:all:", "--python-version", python, "--implementation", "cp"]
    return resolve(pins, report, *options, "--target", str(report.parent / "nowhere"))


def compiled_parts(package: Package, folder: Path) -> list[str]:
    """The files of a source distribution that a compiler would have to touch."""
    run([*PIP, "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(folder), package.pin])
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        names = archive.getnames()
        setup = archive.extractfile(next(name for name in names if re.fullmatch(r"[^/]+/setup\.py", name)))
        code = setup.read().decode() if setup else ""
    return [name for name in names if name.endswith(SOURCES_TO_COMPILE)] + re.findall("ext_modules", code)


def canonical(name: str) -> str:
    """The name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def run(command: Sequence[str]) -> str:
    """Run to the end; the last words of a failure are the error."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_S_MAX, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} ...: {done.stderr[-2000:]}")
    return done.stdout
