"""Running a day: a folder in memory for it, its page, and both ways to write that."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

from edge.run.simulate.day.figures import made
from edge.run.simulate.day.found import read
from edge.run.simulate.day.page import Page
from edge.run.simulate.day.play import Day
from edge.run.simulate.quiet import memory, quiet

LOG = logging.getLogger("polso.simulate")


def run_day(visitors: int, seed: int, *, say: Callable[[str], None] = LOG.debug) -> Page:
    """Let a whole day pass and return its page; ``say`` hears how far it is."""
    with quiet(), tempfile.TemporaryDirectory(prefix="polso-day-", dir=memory()) as folder:
        day = Day(Path(folder), count=visitors, seed=seed, say=say)
        try:
            day.play()
            return made(day, read(day))
        finally:
            day.close()
