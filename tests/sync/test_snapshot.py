"""Snapshots: whole and true, or not believed at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.central.telling import snapshot
from sync.client import pulling
from sync.client.pulling import BadPage, checked_items, head_of, unframed
from sync.signing import NotCentral, check_snapshot, public_half, sign_snapshot
from sync.wire import FRAME_BYTES_MAX, Item, SnapshotHead, SnapshotManifest

CENTRAL = b"c" * 32


def an_item(version: int) -> Item:
    return Item(kind="device", key="ada", version=version, body=b"x")


HEAD = SnapshotHead(site="park", epoch=9, seq=3, schema=1)


def frames_of(*chunks: list[Item], **changes: Any) -> list[bytes]:
    """A snapshot's frames, whole and true unless changed."""
    bodies = [msgspec.msgpack.encode(HEAD), *(msgspec.msgpack.encode(chunk) for chunk in chunks)]
    digest = hashlib.blake2b(b"".join(map(snapshot.frame, bodies)), digest_size=32).digest()
    count = sum(map(len, chunks))
    true = SnapshotManifest(site="park", epoch=9, seq=3, schema=1, count=count, digest=digest)
    told = msgspec.structs.replace(true, **changes)
    bare = msgspec.msgpack.encode(told)
    signature = sign_snapshot(CENTRAL, request_signature="asked", manifest=bare)
    return [*bodies, msgspec.msgpack.encode(msgspec.structs.replace(told, signature=signature))]


def vouched(told: SnapshotManifest) -> None:
    """As the edge looks at it, but that a bad signature is a bad page here."""
    bare = msgspec.msgpack.encode(msgspec.structs.replace(told, signature=b""))
    try:
        check_snapshot(public_half(CENTRAL), told.signature, request_signature="asked", manifest=bare)
    except NotCentral as error:
        raise BadPage(str(error)) from error


def opened(frames: list[bytes]) -> list[Item]:
    head = head_of(frames[0] if frames else b"", "park")
    return list(checked_items(iter(frames), head, vouched=vouched))


def test_a_whole_snapshot_gives_its_items() -> None:
    assert len(opened(frames_of([an_item(1), an_item(2)], [an_item(3)]))) == 3
    assert opened(frames_of()) == []


WHOLE = frames_of([an_item(1)], [an_item(2)], [an_item(3)])
BROKEN = {
    "nothing": [],
    "the head alone": WHOLE[:1],
    "no manifest": WHOLE[:-1],
    "a chunk missing": [*WHOLE[:2], *WHOLE[3:]],
    "chunks swapped": [WHOLE[0], WHOLE[2], WHOLE[1], *WHOLE[3:]],
    "another count": frames_of([an_item(1)], count=2),
    "another digest": frames_of([an_item(1)], digest=b"\0" * 32),
    "another epoch": frames_of([an_item(1)], epoch=8),
    "garbage": [WHOLE[0], b"\xc1", *WHOLE[1:]],
}


@pytest.mark.parametrize("frames", BROKEN.values(), ids=BROKEN.keys())
def test_a_snapshot_that_is_not_whole_is_refused(frames: list[bytes]) -> None:
    with pytest.raises(BadPage):
        opened(frames)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_changed_bit_of_a_snapshot_is_believed(place: int, bit: int) -> None:
    stream = bytearray(b"".join(map(snapshot.frame, WHOLE)))
    stream[place % len(stream)] ^= 1 << bit
    with pytest.raises(BadPage):
        opened(list(unframed(iter([bytes(stream)]))))


def test_a_snapshot_of_another_site_or_a_newer_kind_is_refused() -> None:
    for change in ({"site": "elsewhere"}, {"schema": pulling.SCHEMA + 1}):
        with pytest.raises(BadPage):
            head_of(msgspec.msgpack.encode(msgspec.structs.replace(HEAD, **change)), "park")


@given(st.lists(st.integers(1, 40), max_size=30))
def test_frames_survive_any_cut_of_the_stream(cuts: list[int]) -> None:
    stream = b"".join(map(snapshot.frame, WHOLE))

    def pieces() -> Iterator[bytes]:
        at = 0
        for cut in cuts:
            yield stream[at : at + cut]
            at += cut
        yield stream[at:]

    assert list(unframed(pieces())) == WHOLE


def test_a_frame_larger_than_agreed_is_refused() -> None:
    with pytest.raises(BadPage, match="larger"):
        list(unframed(iter([(FRAME_BYTES_MAX + 1).to_bytes(4, "big")])))
