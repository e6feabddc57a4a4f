"""Trouble with the disk: which errors mean it, and the words in which staff read it."""

from __future__ import annotations

import enum
import errno
import sqlite3
from dataclasses import dataclass

from edge.errors import StoreDamaged, StoreError
from edge.store import driver


class Cause(enum.StrEnum):
    """Why the journal cannot be written."""

    FULL = "disk_full"
    READ_ONLY = "disk_read_only"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"
    STOPPED = "stopped"
    FROZEN = "frozen"


WORDS = {
    Cause.FULL: ("The disk is full.", "Free space on the device; the gate comes back by itself."),
    Cause.READ_ONLY: (
        "The disk is read-only.",
        "Mount it writable or replace it; the gate comes back by itself.",
    ),
    Cause.DAMAGED: (
        "The journal is damaged.",
        "Run `polso journal verify`, keep the folder and call support; guests pass by staff's decision.",
    ),
    Cause.UNREACHABLE: (
        "The disk does not answer.",
        "Check the disk and its cable; the gate comes back by itself.",
    ),
    Cause.STOPPED: ("Polso is stopping.", "Start it again."),
    Cause.FROZEN: (
        "This device's history is not believed.",
        "Keep the data folder, enrol the device anew from central's console and call support.",
    ),
}

SQLITE_CAUSES = {
    sqlite3.SQLITE_FULL: Cause.FULL,
    sqlite3.SQLITE_READONLY: Cause.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: Cause.DAMAGED,
    sqlite3.SQLITE_NOTADB: Cause.DAMAGED,
    sqlite3.SQLITE_IOERR: Cause.UNREACHABLE,
    sqlite3.SQLITE_CANTOPEN: Cause.UNREACHABLE,
    sqlite3.SQLITE_PERM: Cause.READ_ONLY,
    sqlite3.SQLITE_BUSY: Cause.UNREACHABLE,
    sqlite3.SQLITE_LOCKED: Cause.UNREACHABLE,
    sqlite3.SQLITE_PROTOCOL: Cause.UNREACHABLE,
    sqlite3.SQLITE_NOMEM: Cause.UNREACHABLE,
}
SYSTEM_CAUSES = {
    errno.ENOSPC: Cause.FULL,
    errno.EDQUOT: Cause.FULL,
    errno.EROFS: Cause.READ_ONLY,
    errno.EACCES: Cause.READ_ONLY,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One cause in words, with what the machine said."""

    cause: Cause
    detail: str = ""

    @property
    def words(self) -> str:
        """What is wrong and what the machine said of it."""
        return f"{WORDS[self.cause][0]} ({self.detail})" if self.detail else WORDS[self.cause][0]

    def error(self) -> StoreError:
        """Return a fresh error for one waiter."""
        kind = StoreDamaged if self.cause is Cause.DAMAGED else StoreError
        return kind(self.words, hint=WORDS[self.cause][1])


def cause_of(error: BaseException) -> Cause | None:
    """Return the cause if ``error`` says that the store is unusable; None: it speaks of one statement."""
    if isinstance(error, StoreDamaged):
        return Cause.DAMAGED
    if isinstance(error, driver.ERRORS):
        return SQLITE_CAUSES.get(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF)
    if isinstance(error, OSError):
        return SYSTEM_CAUSES.get(error.errno or 0, Cause.UNREACHABLE)
    return None


def trouble_of(error: BaseException) -> Trouble:
    """Return the trouble behind an error of the store, unreachable where it says nothing better."""
    return Trouble(cause_of(error) or Cause.UNREACHABLE, _detail(error))


def _detail(error: BaseException) -> str:
    name = getattr(error, "sqlite_errorname", "")
    return f"{error} {name}".strip() if name else str(error)
