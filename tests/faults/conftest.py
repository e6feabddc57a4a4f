"""Lives to be cut, a central that they share, and folders for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from edge.clock import wall_ms
from edge.store import profilefile
from edge.store.database import open_writer
from edge.store.live import FIRST_FILE
from edge.store.migrations import STATE_VERSION, migrate
from sync.central.store import Store
from tests.faults.judges import Central
from tests.faults.killing import Lives, begun
from tests.sync.builders import a_device
from tests.sync.ends import served

MEMORY = Path("/dev/shm")  # noqa: S108  # a file system, no guessed name in it


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with begun() as process:
        yield process


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, new: Path) -> Iterator[Central]:
    store = Store(str(tmp_path_factory.mktemp("central") / "central.db"), now_ms=wall_ms)
    with served(store) as url:
        yield Central(url, store, new)
    store.close()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in memory, where there is one: what a killed process wrote outlives it there as on a disk."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two files of a device as its first start makes them: that takes longer than most lives."""
    folder = tmp_path_factory.mktemp("new")
    state = open_writer(folder / "state.db")
    migrate(state, "state", STATE_VERSION)
    state.close()
    profilefile.create(folder / FIRST_FILE).close()
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A central's file with one device, and that device's name and key."""
    path = tmp_path_factory.mktemp("empty") / "central.db"
    store = Store(str(path), now_ms=wall_ms)
    device, key_id = a_device(store)
    store.close()
    return path, f"{device.id} {key_id}"
