"""Keeps a former release beside the tests: `python -m tests.faults.former.pack COMMIT`."""

from __future__ import annotations

import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent
RELEASE = HERE / "release.tar.xz"
ROOT = HERE.parents[2]
KEPT = ("edge", "hardware", "sync", ":(exclude)*.bin", ":(exclude)*.woff2", ":(exclude)edge/run/demo")
"""What both ends of the wire are made of."""


def pack(commit: str) -> None:
    """Keep the code of one commit; git writes the commit's own id into the archive."""
    told = subprocess.run(
        ["git", "archive", "--format=tar", commit, *KEPT], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    RELEASE.write_bytes(lzma.compress(told.stdout, preset=9 | lzma.PRESET_EXTREME))


def unpack(folder: Path) -> str:
    """Lay the former release out in a folder; return the id of its commit."""
    with tarfile.open(RELEASE) as kept:
        kept.extractall(folder, filter="data")
        return kept.pax_headers["comment"]


if __name__ == "__main__":
    pack(*sys.argv[1:])
