"""The run mark: where the journal stood last, in memory that a restart of the machine loses."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from edge.core.checkpoint import Mark
from edge.core.events import Event
from edge.errors import StoreError
from edge.store.journal import Journal
from edge.store.records import LANES

MARK_BYTES = 512
DIGEST_BYTES = 16
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
LOG = logging.getLogger("polso.checkpoints")


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The heads of both lanes, and which run of the machine saw them."""

    boot: str
    device: str
    marks: tuple[Mark, Mark]


class RunMark:
    """Notes after each commit where the journal stands: a process that starts again finds its own tail.

    It is written into memory (``/run``), so it costs no disk; a copy of the disk does not take it along, and
    neither does a machine that was switched off: then it proves nothing.
    """

    def __init__(self, folder: Path, journal: Journal, *, device: str, boot: str) -> None:
        """Keep the mark of ``device`` (one life of it) in ``folder``; nothing is opened before ``start``."""
        self._path, self._journal = folder / f"{device}.mark", journal
        self._device, self._boot = device, boot
        self._file: int | None = None
        self._marks: list[Mark] = []

    def start(self) -> None:
        """Note where the journal stands now; where memory cannot be written there is no mark."""
        try:
            self._marks = [Mark(head.seq, head.h) for head in map(self._journal.head, LANES)]
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (OSError, StoreError) as error:
            LOG.warning("no run mark: %s", error)
            return
        self._write()

    def stop(self) -> None:
        """Leave the mark where it is."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def committed(self, results: Sequence[object], events: Sequence[Event]) -> None:
        """Hear of a commit; made for the sequencer's ``after_commit``."""
        if self._file is None or not events:
            return
        for event in events:
            if event.seq > self._marks[event.lane].seq:
                self._marks[event.lane] = Mark(event.seq, event.h)
        self._write()

    def seen(self) -> Seen | None:
        """Return what this run of the machine saw of the journal; None: nothing that can be believed."""
        try:
            kept = self._path.read_bytes()
        except OSError:
            return None
        body = kept[DIGEST_BYTES:].rstrip(b"\0")
        if not self._boot or not hmac.compare_digest(_digest(body), kept[:DIGEST_BYTES]):
            return None
        with suppress(msgspec.MsgspecError):
            found = msgspec.json.decode(body, type=Seen)
            return found if (found.boot, found.device) == (self._boot, self._device) else None
        return None

    def _write(self) -> None:
        """Write in one piece and in one place: a reader sees the old mark, the new one, or a torn one."""
        file = self._file
        if file is None or not self._boot:
            return
        first, second = self._marks
        body = msgspec.json.encode(Seen(self._boot, self._device, (first, second)))
        try:
            os.pwrite(file, (_digest(body) + body).ljust(MARK_BYTES, b"\0"), 0)
        except OSError as error:
            LOG.warning("the run mark cannot be written: %s", error)
            self.stop()


def boot_id() -> str:
    """Return which run of the machine this is; empty where the system does not say."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest()
