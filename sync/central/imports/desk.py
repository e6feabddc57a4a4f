"""The import desk: takes files in parts, loads them in threads of its own, and says how far each is."""

from __future__ import annotations

import io
import logging
import tempfile
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO

from edge.errors import PolsoError, Refused
from sync.central.imports import jobs
from sync.central.imports.file import load_file
from sync.central.imports.jobs import SILENT_MS_MAX, State
from sync.central.imports.load import Desk
from sync.central.registry.bands import Diversify
from sync.central.store import Store

FILE_BYTES_MAX = 512 * 1024 * 1024
PART_BYTES_MAX = 4 * 1024 * 1024
FILES_MAX = 8
"""Files that are on their way in at once."""
AT_ONCE_MAX = 2
IDLE_S_MAX = 600
"""A file of which no part came for so long was given up."""
BUFFER_BYTES = 1024 * 1024
LOG = logging.getLogger("polso.imports")


class Lost(Refused):
    """This file is not here any more: central was started anew meanwhile."""

    hint = "Import the same file again: what is already stored is not stored twice."


class Stopped(Refused):
    """Central is being stopped."""


@dataclass(slots=True)
class Waiting:
    """A file on its way in, and when its last part came."""

    file: IO[bytes]
    at_s: float = field(default_factory=time.monotonic)


class Imports:
    """All imports of one worker of central."""

    def __init__(self, store: Store, diversify: Diversify | None) -> None:
        """Begin with none; those that an earlier life of this worker left open are interrupted."""
        self._store, self._diversify = store, diversify
        self._files: dict[tuple[str, str], Waiting] = {}
        self._begun: set[tuple[str, str]] = set()
        self._guard = threading.Lock()
        weakref.finalize(self, _close, self._files)
        self._threads = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="import")
        # A SQLite file has one worker; on PostgreSQL others may be alive, so only silent ones are lost.
        silent_ms = SILENT_MS_MAX if store.is_postgres else -1
        with store.transaction() as tx:
            jobs.interrupt(tx, silent_since_ms=store.now_ms() - silent_ms)

    def begin(self, site: str, *, name: str, who: str) -> str:
        """Make room for a file; return the job's id."""
        with self._guard:
            self._forget_abandoned()
            if len(self._files) >= FILES_MAX:
                raise Refused(f"{FILES_MAX} files are on their way in already.", hint="Wait for one to end.")
        with self._store.transaction() as tx:
            id_ = jobs.begin(tx, site, name=name, who=who)
        with self._guard:
            self._files[site, id_] = Waiting(tempfile.TemporaryFile())  # noqa: SIM115 - closed when loaded
        return id_

    def part(self, site: str, id_: str, at: int, *, body: bytes) -> None:
        """Take a part of a file that begins at octet ``at``; the same part twice changes nothing."""
        if at + len(body) > FILE_BYTES_MAX or len(body) > PART_BYTES_MAX:
            raise Refused(f"A file has at most {FILE_BYTES_MAX >> 20} MiB.", hint="Split it into several.")
        with self._guard:
            file = self._file(site, id_)
            if at > file.seek(0, io.SEEK_END):
                raise Refused("A part of the file is missing before this one.", hint="Send it again whole.")
            file.seek(at)
            file.write(body)

    def start(self, site: str, id_: str) -> None:
        """Load a file that is here whole, in a thread; asked twice, it is loaded once."""
        with self._guard:
            waiting = self._files.pop((site, id_), None)
            if waiting is None and (site, id_) not in self._begun:
                raise Lost
            self._begun.add((site, id_))
        if waiting is not None:
            self._threads.submit(self._run, site, id_, waiting.file)

    def stop(self, *, wait: bool = False) -> None:
        """Let no further file begin; one being loaded ends with its chunk once the store closes."""
        self._threads.shutdown(wait=wait, cancel_futures=not wait)
        with self._guard:
            _close(self._files)

    def _forget_abandoned(self) -> None:
        now_s = time.monotonic()
        for key in [key for key, one in self._files.items() if now_s - one.at_s > IDLE_S_MAX]:
            self._files.pop(key).file.close()

    def _file(self, site: str, id_: str) -> IO[bytes]:
        waiting = self._files.get((site, id_))
        if waiting is None:
            raise Lost
        waiting.at_s = time.monotonic()
        return waiting.file

    def _run(self, site: str, id_: str, file: IO[bytes]) -> None:
        """Load one file; a thread's own end of the line: what breaks is written down for the page to show."""
        try:
            with file:
                self._load(site, id_, file)
        except Stopped:
            LOG.info("an import is interrupted")
        except PolsoError as error:
            self._end(site, id_, State.FAILED, why=f"{error} {error.hint}")
        except Exception as error:  # the thread ends here: nobody else would ever hear of it
            LOG.exception("an import broke")
            self._end(site, id_, State.FAILED, why=f"Something broke: {type(error).__name__}.")

    def _load(self, site: str, id_: str, file: IO[bytes]) -> None:
        total = _lines(file)
        with self._store.transaction() as tx:
            jobs.move(tx, site, id_, state=State.RUNNING.value, lines=total, began_ms=self._store.now_ms())

        def progress(done: int, wrong: int) -> None:
            if self._store.wakes.closed:
                raise Stopped
            with self._store.transaction() as tx:
                jobs.move(tx, site, id_, done=done, wrong=wrong)

        loaded = load_file(Desk(self._store, site, self._diversify), file, progress)
        with self._store.transaction() as tx:
            jobs.keep_wrong(tx, site, id_, wrong=loaded.first_wrong)
        self._end(site, id_, State.DONE, done=loaded.done, wrong=loaded.wrong)

    def _end(self, site: str, id_: str, state: State, **values: int | str) -> None:
        with self._store.transaction() as tx:
            jobs.move(tx, site, id_, state=state.value, **values)


def _lines(file: IO[bytes]) -> int:
    """Count the lines below the heading; the last one may lack its end."""
    file.seek(0)
    count, last = 0, b"\n"
    for block in iter(lambda: file.read(BUFFER_BYTES), b""):
        count, last = count + block.count(b"\n"), block[-1:]
    file.seek(0)
    return max(0, count - (last == b"\n"))


def _close(files: dict[tuple[str, str], Waiting]) -> None:
    for waiting in files.values():
        waiting.file.close()
    files.clear()
