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
    os.sched_setaffinity(0, {sorted(may)[os.getpid() % len(may)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, may)
