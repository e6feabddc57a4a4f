"""A wall clock that lies (libfaketime): order stays, central puts time right, nobody is locked out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge.clock import wall_ms
from edge.store.journal import Journal
from sync.central.store import Store
from tests.faults.killing import ROOT
from tests.faults.test_paused import arrived
from tests.sync.ends import a_welcome, served

pytestmark = [pytest.mark.real("libfaketime"), pytest.mark.timeout(60)]
LIES = {"three days on": "+3d", "an hour back": "-1h", "no clock at boot": "@1970-01-02 00:00:00"}
SECOND_LIE = "+10d"
DAY_MS = 86_400_000
EVENTS = 20


def lived(folder: Path, url: str, welcome: Path, *, lie: str) -> dict[str, int]:
    """A device under a clock that lies from its start and jumps between two of its events."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    told = folder.parent / "time"
    told.write_text(lie)
    faked = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(told),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    command = [sys.executable, "-m", "tests.faults.liar", str(folder), url, str(welcome), str(told)]
    done = subprocess.run(
        [*command, SECOND_LIE],
        cwd=ROOT, env={**os.environ, **faked}, stdout=subprocess.PIPE, text=True, check=True, timeout=50,
    )  # fmt: skip
    said: dict[str, int] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("lie", LIES)
def test_a_wall_clock_that_lies_and_jumps_changes_no_order_and_locks_nobody_out(
    tmp_path: Path, lie: str
) -> None:
    with closing(Store(str(tmp_path / "central.db"), now_ms=wall_ms)) as store, served(store) as url:
        (tmp_path / "welcome").write_bytes(msgspec.json.encode(a_welcome(url, store)))
        said = lived(tmp_path / "edge", url, tmp_path / "welcome", lie=LIES[lie])
        assert arrived(store) == list(range(1, EVENTS + 1))
        now_ms = wall_ms()
    assert abs(said["wall_ms"] - now_ms) > DAY_MS, "the control: the clock did lie"
    assert abs(said["journal_ms"] - now_ms) < DAY_MS, "central's time was not taken"
    with closing(Journal(tmp_path / "edge")) as journal:
        found = list(journal.events(0))
        assert journal.verify().whole
    assert [event.hlc for event in found] == sorted({event.hlc for event in found})
