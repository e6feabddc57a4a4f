"""A process that forks one life after another, so that each is killed without importing the house anew."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.conftest import TRACERS
from tests.faults.lives import Asked, Lived

ROOT = Path(__file__).resolve().parents[2]


class Lives:
    """Asks for lives, one at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def live(self, asked: Asked) -> Lived:
        """Have one life lived, and say what it told and how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(asked) + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Lived)


@contextmanager
def begun() -> Iterator[Lives]:
    """A process for lives; nobody counts lines in what is killed."""
    known = {name: value for name, value in os.environ.items() if name not in TRACERS}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.lives"],
        cwd=ROOT, env=known, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        try:
            yield Lives(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def told(lived: Lived, key: str) -> list[object]:
    """What a life told of one thing."""
    return [line[key] for line in lived.told if key in line]
