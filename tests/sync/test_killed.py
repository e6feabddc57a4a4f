"""Central killed without warning: what was acknowledged is there, what was not is sent again, once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from sync.central import intake
from sync.central.machines import lanes
from sync.central.store import Store
from sync.wire import Ack
from tests.sync.builders import Clockwork, PaperJournal, a_device, a_journal

VICTIM = """
import os, sys
import msgspec
from sync.central import intake
from sync.central.machines import devices, lanes
from sync.central.store import Store
from sync.wire import Batch
url, device, path, when = sys.argv[1:]
store = Store(url, now_ms=lambda: 1_760_000_000_000)
with store.reading() as tx:
    known = devices.device(tx, "park", device)
batch = msgspec.msgpack.decode(open(path, "rb").read(), type=Batch)
if when == "before the commit":
    lanes.move = lambda *a, **k: os.kill(os.getpid(), 9)
print(msgspec.json.encode(intake.take(store, known, batch)).decode(), flush=True)
os.kill(os.getpid(), 9)
"""


def killed_at(url: str, journal: PaperJournal, folder: Path, *, when: str) -> None:
    """Hand a batch to a central of its own process, which dies before it can answer."""
    path = folder / "batch"
    path.write_bytes(msgspec.msgpack.encode(journal.batch(1, 50)))
    command = [sys.executable, "-c", VICTIM, url, journal.device, str(path), when]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.returncode == -9, done.stderr


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("when", "there"), [("before the commit", 0), ("between store and answer", 50)])
def test_a_kill_neither_loses_nor_doubles(
    url: str, clock: Clockwork, tmp_path: Path, when: str, there: int
) -> None:
    store = Store(url, now_ms=clock)
    device, _ = a_device(store)
    journal = a_journal(device)
    journal.write(50)
    store.close()
    killed_at(url, journal, tmp_path, when=when)
    again = Store(url, now_ms=clock)
    with again.reading() as tx:
        assert len(lanes.recent(tx, "park", limit=100)) == there
    answer = intake.take(again, device, journal.batch(1, 50))
    assert isinstance(answer, Ack)
    assert (answer.ack, answer.duplicates) == (50, there)
    with again.reading() as tx:
        assert len(lanes.recent(tx, "park", limit=100)) == 50
    again.close()


def test_a_second_central_on_one_file_is_refused_with_what_to_do(small_store: Store, tmp_path: Path) -> None:
    from edge.errors import StoreBusy

    with pytest.raises(StoreBusy, match="already uses") as caught:
        Store(str(tmp_path / "central.db"), now_ms=small_store.now_ms)
    assert "PostgreSQL" in caught.value.hint


def test_a_transaction_inside_a_transaction_is_refused(store: Store) -> None:
    from edge.errors import StoreError

    with store.transaction(), pytest.raises(StoreError, match="inside"), store.transaction():
        pass
