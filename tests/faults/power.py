"""A disk that loses power: what was written and not synced is kept in part, torn, or not at all."""

from __future__ import annotations

import random
from pathlib import Path

import apsw

SECTOR = 512
Write = tuple[int, bytes | None]
"""Offset and bytes; no bytes: the file ends there."""


class PowerIsGone(Exception):
    """Raised at the chosen write; from then on nothing reaches the disk."""


class Disk:
    """Durable images and pending writes of every file that was opened through it."""

    def __init__(self, *, honest: bool = True) -> None:
        self.honest = honest
        self.images: dict[str, bytearray] = {}
        self.pending: dict[str, list[Write]] = {}
        self.writes_left = -1
        """Writes until the power goes; negative: it stays."""
        self.written = 0
        """Writes so far."""
        self.dead = False

    def write(self, name: str, write: Write) -> None:
        """A write reaches the cache, unless the power goes with it."""
        if self.dead:
            return
        self.pending.setdefault(name, []).append(write)
        self.written += 1
        self.writes_left -= 1
        if self.writes_left == 0:
            self.dead = True
            raise PowerIsGone

    def sync(self, name: str) -> None:
        """The cache of one file reaches the platter, if the disk is honest."""
        if self.honest and not self.dead:
            image = self.images.setdefault(name, bytearray())
            for write in self.pending.pop(name, []):
                put(image, write)

    def delete(self, name: str) -> None:
        """The file is gone, cache and platter."""
        if not self.dead:
            self.images.pop(name, None)
            self.pending.pop(name, None)

    def cut(self, folder: Path, how: str, chance: random.Random) -> None:
        """Write what a power cut leaves into another folder."""
        for name in {*self.images, *self.pending}:
            image = bytearray(self.images.get(name, b""))
            for write in kept(self.pending.get(name, []), how, chance):
                put(image, write)
            (folder / Path(name).name).write_bytes(image)


def kept(writes: list[Write], how: str, chance: random.Random) -> list[Write]:
    """The unsynced writes that reached the platter all the same."""
    if how == "none":
        return []
    if how == "prefix":
        return writes[: chance.randint(0, len(writes))]
    return [torn(write, chance) for write in writes if chance.random() < 0.5]


def torn(write: Write, chance: random.Random) -> Write:
    """A write cut at a sector, or whole."""
    offset, octets = write
    if octets is None or chance.random() < 0.5:
        return write
    return offset, octets[: chance.randint(0, len(octets) // SECTOR) * SECTOR]


def put(image: bytearray, write: Write) -> None:
    """Apply one write to an image."""
    offset, octets = write
    if octets is None:
        del image[offset:]
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(octets)] = octets


class File(apsw.VFSFile):
    """A file that passes everything on and tells the disk."""

    def __init__(self, disk: Disk, base: str, name: object, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__(base, name, flags)  # type: ignore[arg-type]  # a name as apsw hands it over

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802  # apsw's own name
        super().xWrite(data, offset)
        self._disk.write(self._name, (offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  # apsw's own name
        super().xTruncate(newsize)
        self._disk.write(self._name, (newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: N802  # apsw's own name
        super().xSync(flags)
        self._disk.sync(self._name)


class PowerVFS(apsw.VFS):
    """SQLite's own file system with the disk beneath it."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: object, flags: list[int]) -> File:  # noqa: N802  # apsw's own name
        return File(self._disk, "", name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802  # apsw's own name
        super().xDelete(filename, syncdir)
        self._disk.delete(filename)
