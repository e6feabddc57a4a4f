"""All threads that decide share one processor; whoever begins them keeps all that there are."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from edge.config import parse
from edge.keys.ring import new_ring
from edge.run import identity, processor
from edge.run.app import Edge, Own
from edge.vault import Vault

ALL = os.sched_getaffinity(0)


def processors_of_a_thread() -> set[int]:
    """Where a thread that begins now may run."""
    found: list[set[int]] = []
    thread = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_begun_inside_stays_on_one_processor_and_one_begun_later_does_not() -> None:
    with processor.shared():
        inside = [processors_of_a_thread() for _ in range(3)]

    assert [len(where) for where in inside] == [1, 1, 1]
    assert len(set.union(*inside)) == 1
    assert processors_of_a_thread() == ALL


def test_who_fails_inside_has_all_processors_again() -> None:
    try:
        with processor.shared():
            raise OSError
    except OSError:
        assert os.sched_getaffinity(0) == ALL


def test_journal_readers_and_screens_of_a_device_share_one_and_its_caller_has_all(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    vault = Vault.create(tmp_path, new_ring())
    who = identity.alone(tmp_path, vault, "site-1", device="edge-1")
    text = (
        f'store = {{ folder = "{tmp_path / "kept"}" }}\nscreens = {{ port = 0 }}\n'
        '[[readers]]\nname = "phone"\ndriver = "webnfc"\npoint = "gate"\n'
    )
    edge = Edge(parse(text, "the test"), Own(vault=vault, identity=who))
    edge.start()
    try:
        begun = {
            thread.name: os.sched_getaffinity(thread.native_id)
            for thread in threading.enumerate()
            if thread not in before and thread.native_id
        }
    finally:
        edge.stop()

    assert {"sequencer", "reports", "reader-phone"} <= set(begun)
    assert any(name.startswith("waitress") for name in begun)
    assert len(set.union(*begun.values())) == 1, begun
    assert os.sched_getaffinity(0) == ALL
