"""Packing: how a message's bytes are made small for the wire and opened again without being flooded."""

from __future__ import annotations

import gzip
import zlib
from typing import IO, Protocol, TypeVar, cast

import msgspec

from edge.errors import Refused
from sync.wire import UNPACKED_BYTES_MAX

try:
    import zstandard
except ImportError:  # gzip is always there
    zstandard = None  # type: ignore[assignment]  # absent: asked for before each use

ZSTD, GZIP, PLAIN = "zstd", "gzip", "identity"
MAGIC = {ZSTD: b"\x28\xb5\x2f\xfd", GZIP: b"\x1f\x8b"}
LEVEL = 3
SMALL_BYTES_MAX = 200
"""Below this, packing gains nothing."""
M = TypeVar("M")
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises over bytes that are no message; bad UTF-8 and deep nests have errors apart."""


class Malformed(Refused):
    """This message is not what it says it is."""


class TooLarge(Refused):
    """This message is larger than either side accepts."""


def encodings() -> str:
    """What this side can open, best first, for an Accept-Encoding header."""
    return f"{ZSTD}, {GZIP}" if zstandard else GZIP


def pack(plain: bytes, accepted: str = ZSTD) -> tuple[bytes, str]:
    """Return the bytes made small and the name of the way (RFC 8878 zstd, else gzip, else as they are)."""
    if len(plain) <= SMALL_BYTES_MAX:
        return plain, PLAIN
    if ZSTD in accepted and zstandard:
        return zstandard.ZstdCompressor(level=LEVEL).compress(plain), ZSTD
    return (gzip.compress(plain, LEVEL), GZIP) if accepted else (plain, PLAIN)


def unpack(packed: bytes, encoding: str, *, bytes_max: int = UNPACKED_BYTES_MAX) -> bytes:
    """Open packed bytes; whatever would grow over ``bytes_max`` is refused before it does."""
    match encoding or PLAIN:
        case "identity":
            plain = packed
        case "zstd" if zstandard:
            plain = _unzstd(packed, bytes_max)
        case "gzip":
            plain = _gunzip(packed, bytes_max)
        case _:
            raise Malformed(f"Content-Encoding {encoding[:20]} is not known here.")
    if len(plain) > bytes_max:
        raise TooLarge
    return plain


def encoding_of(packed: bytes) -> str:
    """Say how bytes are packed by their first ones: a message is a map, and none begins like these."""
    return next((name for name, magic in MAGIC.items() if packed.startswith(magic)), PLAIN)


def decode(packed: bytes, encoding: str, kind: type[M]) -> M:
    """Open a packed message and read it as ``kind``, or say that it is none."""
    try:
        return msgspec.msgpack.decode(unpack(packed, encoding), type=kind)
    except UNREADABLE as error:
        raise Malformed(f"No {kind.__name__}: {error}") from error


def _unzstd(packed: bytes, bytes_max: int) -> bytes:
    try:
        size = zstandard.frame_content_size(packed)
        if size > bytes_max:
            raise TooLarge
        if size < 0:
            raise Malformed("A zstd message must state its size.")
        return zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise Malformed("The message does not unpack.") from error


def _gunzip(packed: bytes, bytes_max: int) -> bytes:
    opener = zlib.decompressobj(wbits=31)
    try:
        plain = opener.decompress(packed, bytes_max + 1)
    except zlib.error as error:
        raise Malformed("The message does not unpack.") from error
    if len(plain) <= bytes_max and (not opener.eof or opener.unused_data):
        raise Malformed("The message is cut short.")
    return plain


class Packer:
    """Packs a long stream bit by bit: zstd, or gzip where zstd is not installed."""

    def __init__(self) -> None:
        """Begin a stream."""
        zstd = zstandard.ZstdCompressor(level=LEVEL).compressobj() if zstandard else None
        self.encoding = ZSTD if zstd else GZIP
        self._packer = zstd or zlib.compressobj(LEVEL, wbits=31)

    def add(self, plain: bytes) -> bytes:
        """Return what can be sent so far."""
        return self._packer.compress(plain)

    def end(self) -> bytes:
        """Return the rest."""
        return self._packer.flush()


class Source(Protocol):
    """Whatever gives bytes by and by."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most ``size`` bytes, none at the end."""


def opened(source: Source, encoding: str) -> Source:
    """Return a reader of a long stream that never unpacks more at once than it is asked for."""
    if encoding == ZSTD and zstandard:
        return zstandard.ZstdDecompressor().stream_reader(cast("IO[bytes]", source))
    if encoding == GZIP:
        return gzip.GzipFile(fileobj=cast("IO[bytes]", source), mode="rb")
    raise Malformed(f"Content-Encoding {encoding[:20]} is not known here.")
