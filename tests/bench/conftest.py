"""What every figure's test shares: the verb that measures."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.park import polso
from tests.real.parts import require

Figures = dict[str, float]
DISK = Path("/var/tmp")  # noqa: S108 - a place on a disk, no guessed name in it
"""Where a durable write takes the time of a disk, wherever all other tests write."""


@pytest.fixture(autouse=True)
def on_a_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let what is timed write to a disk: this process and all that it begins."""
    with tempfile.TemporaryDirectory(dir=DISK if DISK.is_dir() else None, prefix="polso-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@pytest.fixture
def fresh_postgres_url() -> Iterator[str]:
    """An empty database of a server that writes to a disk as well: to memory, bare COPY is no yardstick."""
    require("postgresql")
    from tests.real.postgres import fresh_database, running_server  # not everybody has it

    with running_server(DISK if DISK.is_dir() else None) as server, fresh_database(server, "bench") as url:
        yield url


@pytest.fixture
def told(
    record_property: Callable[[str, object], None],
) -> Callable[..., Figures]:
    """Run one verb of ``polso bench`` and print what it says, so that CI's log holds every figure."""

    def run(*words: str) -> Figures:
        done = polso("bench", *words, "--json", within_s=400)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 1, "one JSON object, nothing else"
        record_property("figures", f"bench {' '.join(words)}: {done.stdout.strip()}")
        figures: Figures = json.loads(done.stdout)
        return figures

    return run
