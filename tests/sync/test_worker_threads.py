"""One worker of central: edges that wait for news leave threads for everybody else."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import msgspec
import pytest

from edge.clock import wall_ms
from edge.run.platform import THREADS_BESIDE, Central, Serving
from sync.central.settings import Settings
from sync.central.store import Store


@pytest.mark.parametrize("polls", [2, Settings().polls_max])
def test_there_is_a_thread_for_each_edge_that_may_wait_and_some_beside(
    empty_central: Path, tmp_path: Path, *, polls: int
) -> None:
    store = Store(str(shutil.copy(empty_central, tmp_path)), now_ms=wall_ms)
    central = Central(store, Settings(polls_max=polls), host="127.0.0.1", port=0)
    central.start()
    try:
        answering = [one for one in threading.enumerate() if one.name.startswith("waitress")]
    finally:
        central.stop()
    assert len(answering) == polls + THREADS_BESIDE
    assert store.queues.count_max is not None
    assert store.queues.count_max < THREADS_BESIDE, "one busy site leaves some of them to the others"


def test_whoever_starts_central_says_how_many_may_wait() -> None:
    said = {"host": "h", "port": 1}
    assert msgspec.convert(said, Serving).polls == Settings().polls_max
    assert msgspec.convert({**said, "polls": 300}, Serving).polls == 300
