"""Snapshot: the whole of a site as it stands, framed so that a cut or changed one is never believed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from sync.central import feed
from sync.central.feed import item_table
from sync.central.registry import onair
from sync.central.store import Store, select, tuple_
from sync.packing import Packer
from sync.signing import Keys, sign_snapshot
from sync.wire import FRAME_BYTES_MAX, Cursor, Item, SnapshotHead, SnapshotManifest

SCHEMA = 1
CHUNK_ROWS_MAX = 2_000
CHUNK_BYTES = FRAME_BYTES_MAX // 2
LENGTH_BYTES = 4


class Vouch(NamedTuple):
    """With what the last frame is signed, and the signature of the request for which."""

    key: Keys
    request_signature: str


def stream(store: Store, site: str, packer: Packer, *, vouch: Vouch) -> Iterator[bytes]:
    """Yield the packed snapshot bit by bit, with no database transaction open while somebody reads slowly.

    What changes meanwhile carries a higher number than the snapshot's and comes with the feed afterwards.
    """
    with store.reading() as tx:
        at = feed.head(tx, site)
    digest, count = hashlib.blake2b(digest_size=32), 0
    first = frame(msgspec.msgpack.encode(SnapshotHead(site=site, epoch=at.epoch, seq=at.seq, schema=SCHEMA)))
    digest.update(first)
    yield packer.add(first)
    for chunk in _frames(_items(store, site, at)):
        count += len(chunk)
        body = frame(msgspec.msgpack.encode(chunk))
        digest.update(body)
        yield packer.add(body)
    last = SnapshotManifest(
        site=site, epoch=at.epoch, seq=at.seq, schema=SCHEMA, count=count, digest=digest.digest()
    )
    signature = sign_snapshot(
        vouch.key.private_key,
        request_signature=vouch.request_signature,
        manifest=msgspec.msgpack.encode(last),
    )
    signed = msgspec.structs.replace(last, signature=signature)
    yield packer.add(frame(msgspec.msgpack.encode(signed))) + packer.end()


def frame(body: bytes) -> bytes:
    """Return the bytes with their length before them."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def _frames(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Gather items until a frame is full by number or by bytes."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += len(item.body or b"") + len(item.key)
        if len(chunk) == CHUNK_ROWS_MAX or size > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _items(store: Store, site: str, at: Cursor) -> Iterator[Item]:
    last: Item | None = None
    while items := _after(store, site, at.seq, last=last):
        last = items[-1]
        yield from items


def _after(store: Store, site: str, seq: int, *, last: Item | None) -> list[Item]:
    own = item_table.c
    wanted = select(own.kind, own.key, own.seq, own.body).where(
        own.site_id == site, own.seq <= seq, own.body.is_not(None), own.urgent.is_(False)
    )
    if last is not None:
        wanted = wanted.where(tuple_(own.kind, own.key) > (last.kind, last.key))
    with store.reading() as tx:
        rows = tx.execute(wanted.order_by(own.kind, own.key).limit(CHUNK_ROWS_MAX)).all()
        told = (Item(kind=row.kind, key=row.key, version=row.seq, body=bytes(row.body)) for row in rows)
        return [onair.outgoing(tx, site, one) for one in told]
