"""Disks of a test's own: small enough to fill, and breakable."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge.store.state import Store

SMALL_BYTES = 2 * 1024 * 1024
IMAGE_BYTES = 16 * 1024 * 1024
PATIENCE_S = 30.0


def run(*command: str | Path) -> None:
    """Run a command that must succeed."""
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


@contextmanager
def a_small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 2 MB in memory."""
    folder.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "none", folder)
    try:
        yield folder
    finally:
        run("umount", "-l", folder)


class Filler:
    """A file that takes what is free on a disk."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "filler"

    def leave(self, free_bytes: int) -> None:
        """Fill the disk up to so many free bytes."""
        with self.path.open("ab") as file:
            while (free := free_of(self.path)) > free_bytes:
                try:
                    file.write(bytes(min(4_096, free)))
                    file.flush()
                except OSError:
                    break
            with suppress(OSError):
                file.flush()

    def go(self) -> None:
        """Give everything back."""
        self.path.unlink()


def take_what_is_given_back(monkeypatch: pytest.MonkeyPatch, filler: Filler) -> None:
    """Somebody else on the device takes the space that the first closing of the file frees."""
    shut = Store.shut

    def greedy(self: Store) -> None:
        monkeypatch.setattr(Store, "shut", shut)
        shut(self)
        filler.leave(0)

    monkeypatch.setattr(Store, "shut", greedy)


def free_of(path: Path) -> int:
    """Free bytes of the disk under a path."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


class Breakable:
    """An ext4 disk in a file that can go read-only under open files, as after an error, and be repaired."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image, self.folder = image, folder
        folder.mkdir(exist_ok=True)
        with image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        run("mkfs.ext4", "-q", image)
        run("mount", "-o", "loop", image, folder)

    def go_read_only(self) -> None:
        """What the kernel does when a disk reports errors."""
        run("mount", "-o", "remount,abort", self.folder)

    def repair(self) -> None:
        """Unmount, check and mount writable again."""
        run("umount", "-l", self.folder)
        # Open files keep the broken one mounted somewhere: what was on it goes on from a copy.
        self.image = self.image.with_suffix(".copy")
        shutil.copyfile(self.image.with_suffix(""), self.image)
        subprocess.run(["e2fsck", "-f", "-y", str(self.image)], check=False, capture_output=True)
        run("mount", "-o", "loop", self.image, self.folder)

    def close(self) -> None:
        """Take it away."""
        run("umount", "-l", self.folder)


def until(true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait for a condition, at most so long."""
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
