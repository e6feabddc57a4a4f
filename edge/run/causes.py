"""Causes: what an error of the machine means to whoever started the command."""

from __future__ import annotations

import errno

from edge.errors import PolsoError
from hardware.port import DeviceError

REMEDIES = {
    errno.EACCES: "Run it as the account that owns the folder, or name another folder.",
    errno.EPERM: "Run it as the account that owns the folder, or name another folder.",
    errno.EROFS: "Mount the disk writable, or name a folder on another one.",
    errno.ENOSPC: "Free some space on that disk, or name a folder on another one.",
    errno.EMFILE: "Allow the account more open files (`ulimit -n`).",
}
PLACE = "Check the path, or name another folder."


class MachineRefused(PolsoError):
    """The machine refused."""


def in_words(error: Exception) -> PolsoError:
    """Return the same as an error of ours: what failed, at what, and what a person can do."""
    if isinstance(error, DeviceError):
        return MachineRefused(f"{error}.", hint=error.hint)
    if isinstance(error, OSError):
        what = error.strerror or str(error)
        where = f"{error.filename}: " if error.filename else ""
        return MachineRefused(f"{where}{what}.", hint=REMEDIES.get(error.errno or 0, PLACE))
    return MachineRefused(f"A database cannot be used: {error}.", hint="Keep it, and name another folder.")
