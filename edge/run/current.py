"""Whether the journal is known to be the newest one of this device: no money moves before that."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from edge.core.checkpoint import Checkpoint
from edge.run import second
from edge.store.journal import Journal
from edge.store.runmark import RunMark, Seen

LOG = logging.getLogger("polso.checkpoints")
RUN = "/run/polso"
"""Made by systemd (RuntimeDirectory) and kept over restarts of the service."""


class Current:
    """Proven by a mark of this run of the machine, by the second place, or by central: any one will do."""

    def __init__(self) -> None:
        """Begin unproven."""
        self._proven = threading.Event()
        self.by = ""
        """What proved it, in a word."""

    @property
    def proven(self) -> bool:
        """Whether the journal may be spent by."""
        return self._proven.is_set()

    def prove(self, by: str) -> None:
        """Take that somebody outside this disk has compared the journal with the newest they know."""
        if not self.proven:
            LOG.info("the journal is proven current by %s", by)
            self.by = by
        self._proven.set()

    def judge(self, journal: Journal, mark: RunMark | None, folder: str) -> str:
        """Compare with what this machine itself keeps elsewhere; return why the journal is an older one."""
        seen = mark.seen() if mark is not None else None
        if seen is not None:
            if why := doubt_of(journal, seen):
                return why
            self.prove("this run of the machine")
        if second.witnessed(folder, journal):
            self.prove("the second place")
        return ""


def doubt_of(journal: Journal, seen: Seen) -> str:
    """Say why the journal cannot be the one that this run of the machine has seen; empty: it can."""
    about = journal.owner()
    bare = Checkpoint(
        site=about.site, device=about.device, incarnation=0, boot=seen.boot, hlc=0, marks=seen.marks
    )
    return journal.contradiction(bare)


def run_folder(configured: str) -> Path | None:
    """Return where memory is that a restart of the machine loses; None: there is none."""
    folder = Path(configured or RUN)
    return folder if configured or (folder.is_dir() and os.access(folder, os.W_OK)) else None
