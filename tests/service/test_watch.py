"""The watch: duties that time brings, done by one thread of their own."""

from __future__ import annotations

import threading

import pytest

from edge.errors import StoreError
from edge.service.watch import Watch


def test_duties_are_done_round_after_round_until_stopped() -> None:
    done = threading.Semaphore(0)
    watch = Watch([done.release], round_s=0.001)
    watch.start()
    assert all(done.acquire(timeout=2) for _ in range(3))
    watch.stop()
    watch.stop()
    while done.acquire(blocking=False):
        pass
    assert not done.acquire(timeout=0.02), "no duty is done after the stop"


def test_duty_that_fails_keeps_no_other_from_its_own(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def broken() -> None:
        raise ZeroDivisionError

    def waits() -> None:
        raise StoreError

    Watch([broken, waits, lambda: done.append("done")]).round()
    assert done == ["done"]
    assert [record.exc_info is not None for record in caplog.records] == [True], "only the fault is shown"
