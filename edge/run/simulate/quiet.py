"""Quiet: where worlds lie while they last, and a log that is not filled with bad days that were meant."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, if there is one; folders in it are made safely


@contextmanager
def quiet() -> Iterator[None]:
    """What is logged of bad days is no news where there are thousands of them."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.setLevel(before)


def memory() -> Path | None:
    """Return a folder in memory, or nothing where there is none: then the system's own is taken."""
    return MEMORY if MEMORY.is_dir() else None
