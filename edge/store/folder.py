"""The data folder: whose it is, what lies in it, and the bytes it keeps back for a bad day."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

from edge.errors import StoreBusy, StoreError

RESERVE_BYTES = 512 * 1024
"""Given back when the disk is full, so that the fault itself can be written down."""
BLOCK_BYTES = 512
"""The unit of ``st_blocks`` (stat(2)), whatever the file system's own block is."""


class Folder:
    """A data folder held by one Polso at a time, from ``take`` to ``release``."""

    def __init__(self, path: Path, *, reserve_bytes: int = RESERVE_BYTES) -> None:
        """Name the folder; nothing is touched yet."""
        self.path = path
        self.state = path / "state.db"
        self.reserve = path / "reserve"
        self.reserve_bytes = reserve_bytes
        self._lock: int | None = None

    def take(self) -> None:
        """Lock the folder, made if need be; another holder is named in ``StoreBusy``."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise StoreError(f"{self.path} cannot be used: {error.strerror}.") from error
            lock = os.open(self.path / "lock", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            raise StoreBusy(f"Another polso (pid {holder}) uses this folder: {self.path}") from error
        self._lock = lock
        with suppress(OSError):  # a full or read-only disk keeps the old number; the lock itself holds
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let another Polso use the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def keep_reserve(self) -> None:
        """Allocate the reserve if it is not there, in real blocks: a sparse file gives nothing back."""
        if self.has_reserve():
            return
        self.free_reserve()
        descriptor = os.open(self.reserve, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self.reserve_bytes)
            os.fsync(descriptor)
        except OSError:
            self.free_reserve()
            raise
        finally:
            os.close(descriptor)

    def has_reserve(self) -> bool:
        """Say whether the reserve stands in real blocks."""
        try:
            found = self.reserve.stat()
        except FileNotFoundError:
            return False
        return found.st_size >= self.reserve_bytes and found.st_blocks * BLOCK_BYTES >= self.reserve_bytes

    def free_reserve(self) -> None:
        """Give the reserve's bytes back to the disk."""
        self.reserve.unlink(missing_ok=True)

    def demand_room(self) -> None:
        """Raise ``OSError`` unless as much again as the reserve is free: taps would soon fill less."""
        if self.free_bytes() < self.reserve_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def try_writing(self) -> None:
        """Write and remove a few bytes; the error says what SQLite's own error does not."""
        path = self.path / "probe"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, bytes(BLOCK_BYTES))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Return how much of the disk is free to an ordinary account."""
        return shutil.disk_usage(self.path).free


def sync_file(path: Path) -> None:
    """Make what was written to a file, or cut off it, durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Make created, renamed and removed names of a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
