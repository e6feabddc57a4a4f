"""Unsent: sales that central lacks, in signed pieces, as a second disk keeps them and central reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from edge.core.checkpoint import Checkpoint, decoded

SUFFIX = ".sales"
PIECE_BYTES_MAX = 8 * 1024 * 1024
"""A frame that says that it is longer is none of ours."""
LENGTH = struct.Struct(">I")


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """Records of the money lane, one behind the other, and the device's word for the last of them."""

    first: int
    prev: bytes
    """The hash that the first is chained to."""
    rows: tuple[bytes, ...]
    """As the chain covers them (``canonical``)."""
    schema: int
    """The newest among them."""
    seen: bytes
    """A signed checkpoint whose mark of this lane is the last row."""

    @property
    def last(self) -> int:
        """Its last sequence."""
        return self.first + len(self.rows) - 1


def path_of(folder: Path, device: str) -> Path:
    """Return where a device's sales lie in a folder."""
    return folder / f"{device}{SUFFIX}"


def framed(piece: Piece) -> bytes:
    """Return a piece as it is written: its length in octets (32 bit, big endian), then MessagePack."""
    body = msgspec.msgpack.encode(piece)
    return LENGTH.pack(len(body)) + body


def pieces(path: Path) -> Iterator[Piece]:
    """Walk the pieces of a file."""
    with path.open("rb") as file:
        yield from read(file)


def read(file: BinaryIO) -> Iterator[Piece]:
    """Walk the pieces of what is open; it ends before the first that a power cut tore, or that is none."""
    while len(head := file.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        body = file.read(length) if length <= PIECE_BYTES_MAX else b""
        piece = _read(body) if len(body) == length else None
        if piece is None:
            return
        yield piece


def newest(path: Path) -> Checkpoint | None:
    """Return how far a file goes by its last piece; None: there is no file, or nothing in it."""
    found = None
    if path.exists():
        for piece in pieces(path):
            found = decoded(piece.seen) or found
    return found


def _read(body: bytes) -> Piece | None:
    try:
        piece = msgspec.msgpack.decode(body, type=Piece)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return piece if piece.rows else None
