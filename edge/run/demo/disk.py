"""The demo's disk: the real store over a folder that can be told to report no free byte."""

from __future__ import annotations

from pathlib import Path

from edge.store.folder import Folder
from edge.store.state import Store


class DemoFolder(Folder):
    """A data folder on a disk that fills and empties at a word."""

    full = False

    def free_bytes(self) -> int:
        """Return what the disk has, or nothing while it is told to be full."""
        return 0 if self.full else super().free_bytes()


class DemoDisk:
    """Makes the edge's store and keeps hold of its folder."""

    def __init__(self) -> None:
        """Begin with an empty disk; nothing is made before ``store``."""
        self._folder: DemoFolder | None = None

    @property
    def full(self) -> bool:
        """Whether the disk says that it is full."""
        return self._folder is not None and self._folder.full

    def set(self, full: bool) -> None:
        """Fill the disk or free it."""
        if self._folder is not None:
            self._folder.full = full

    def store(self, path: Path) -> Store:
        """Open the store of ``path`` on this disk."""
        self._folder = DemoFolder(path)
        return Store(path, folder=self._folder)
