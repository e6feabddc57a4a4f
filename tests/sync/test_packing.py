"""Packing: what goes in comes out, and nothing that is sent can flood whoever opens it."""

from __future__ import annotations

import gzip
import io

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sync.packing import GZIP, PLAIN, ZSTD, Malformed, Packer, TooLarge, opened, pack, unpack


@given(st.binary(max_size=5_000), st.sampled_from([ZSTD, GZIP]))
def test_what_goes_in_comes_out(plain: bytes, accepted: str) -> None:
    assert unpack(*pack(plain, accepted)) == plain


@given(st.binary(max_size=300), st.sampled_from([ZSTD, GZIP, "br"]))
def test_no_bytes_at_all_break_the_opener(packed: bytes, encoding: str) -> None:
    try:
        unpack(packed, encoding)
    except (Malformed, TooLarge):
        return
    assert encoding != "br"


@pytest.mark.parametrize("encoding", [ZSTD, GZIP, PLAIN])
def test_a_flood_is_refused_before_it_is_unpacked(encoding: str) -> None:
    plain = bytes(1_000_001)
    packed = {ZSTD: pack(plain)[0], GZIP: gzip.compress(plain), PLAIN: plain}[encoding]
    with pytest.raises(TooLarge):
        unpack(packed, encoding, bytes_max=1_000_000)
    assert len(unpack(packed, encoding, bytes_max=1_000_001)) == 1_000_001


def test_a_message_that_hides_its_size_is_refused() -> None:
    hidden = zstandard.ZstdCompressor(write_content_size=False).compressobj().compress(b"x" * 10)
    with pytest.raises(Malformed):
        unpack(hidden + b"", ZSTD)


@pytest.mark.parametrize("encoding", [ZSTD, GZIP])
def test_a_message_cut_short_or_with_a_tail_is_refused(encoding: str) -> None:
    packed, _ = pack(b"something " * 100, encoding)
    for broken in (packed[:-3], packed + b"tail"):
        with pytest.raises(Malformed):
            unpack(broken, encoding)


def test_a_long_stream_is_opened_piece_by_piece() -> None:
    packer = Packer()
    packed = b"".join([packer.add(bytes(100_000)), packer.add(b"end"), packer.end()])
    reader = opened(io.BytesIO(packed), packer.encoding)
    pieces = []
    while piece := reader.read(4096):
        assert len(piece) <= 4096
        pieces.append(piece)
    assert b"".join(pieces) == bytes(100_000) + b"end"
