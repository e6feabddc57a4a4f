"""A source: whoever hands this device its ring at start and takes a new one when it rolls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from edge.errors import PolsoError
from edge.keys.ring import Ring


class NoKey(PolsoError):
    """This device's key is not there."""

    hint = "Make it with `polso key make`, or bring back the medium that holds it."


class OnlyRoot(NoKey):
    """Only systemd and root can open this device's credential."""

    hint = "Start it as a service, or run this as root."


class KeyKept(PolsoError):
    """This source already holds a key."""

    hint = "A second one would orphan everything that the first has sealed; roll it with `polso key roll`."


class Source(Protocol):
    """Where the ring comes from; the folder that it opens never holds it."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""

    @property
    def worth(self) -> str:
        """What it protects from and what not, in one sentence for `polso check`."""

    def ring(self) -> Ring:
        """Return the ring; raise ``NoKey`` where there is none, ``BadRing`` where it is none."""

    def has_ring(self) -> bool:
        """Say whether a ring was ever put here."""

    def put(self, ring: Ring) -> None:
        """Keep another ring, whole and durable before it returns, or raise and leave the old one."""


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` in place of a file in one durable step; only its owner may read it."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
    sync_of(path.parent)


def sync_of(folder: Path) -> None:
    """Make a folder's names durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
