"""The processor on which a device decides: one for all threads that want the interpreter at every tap."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def shared() -> Iterator[None]:
    """Have threads that begin inside stay on one processor for good (.docs/decisions/0017).

    Only one of them runs at a time in any case; on two processors each hand-over of the interpreter's lock
    waits for the other processor to wake.
    """
    may = os.sched_getaffinity(0)
    with _kept_to({_ours(may)}, may):
        yield


@contextmanager
def beside() -> Iterator[None]:
    """Have processes that begin inside leave that processor alone, where there is another.

    For measurements: whoever plays the world outside must not take what the house works with.
    """
    may = os.sched_getaffinity(0)
    with _kept_to(may - {_ours(may)} or may, may):
        yield


def _ours(may: set[int]) -> int:
    return sorted(may)[os.getpid() % len(may)]


@contextmanager
def _kept_to(processors: set[int], may: set[int]) -> Iterator[None]:
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, may)
