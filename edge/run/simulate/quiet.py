"""Quiet: where worlds lie while they last, and a log that is not filled with bad days that were meant."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

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


@contextmanager
def drawn(seed: int) -> Iterator[None]:
    """Have names that are drawn by chance drawn by the seed: of one story they are the same for ever."""
    dice = random.Random(f"{seed}/names")  # noqa: S311 - a story, nothing secret

    def octets(count: int | None = None) -> bytes:
        return dice.randbytes(32 if count is None else count)

    with mock.patch.multiple(secrets, token_bytes=octets, randbits=dice.getrandbits):
        yield


def memory() -> Path | None:
    """Return a folder in memory, or nothing where there is none: then the system's own is taken."""
    return MEMORY if MEMORY.is_dir() else None
