"""Thousands: devices that post a few seconds' events each, every tenth post twice, and what is kept."""

from __future__ import annotations

import hashlib
import itertools
import secrets
import time
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.core.events import Event, Lane, canonical, chain_link, chain_start
from edge.run.bench.figures import BenchError
from edge.run.bench.gatehouse import Gatehouse
from edge.run.bench.wires import Reply, Wires
from edge.run.bench.workers import PUBLIC
from sync.central.machines.devices import NewDevice, add_device
from sync.central.machines.lanes import event_table
from sync.central.machines.voice import voice
from sync.central.sites import create_site
from sync.central.store import Store, func, select
from sync.client.presigned import Presigned
from sync.packing import decode, encodings, pack
from sync.rights import DeviceKind
from sync.routes import EVENTS
from sync.signing import IDEMPOTENCY, Keys, public_half
from sync.wire import MEDIA, WIRE_VERSION, Ack, Batch

SITE_DEVICES = 40
"""Gates of one park; ten thousand devices are a chain of such."""
EACH = 10
"""Events of one post: what a gate saw within the time that it waits for company."""
TWICE_EVERY = 10
"""So often a device did not hear the answer, and sends the same again."""
SAMPLE = 200
"""Real decisions, of which each device tells some."""
PROFILES = 2_000
WIRES = 64
CHUNK = 1_000
"""Posts signed before they are sent: devices sign on machines of their own."""
PROVEN_EVERY = 25
"""Of so many answers one is looked at as closely as a device looks at each."""


class Known(NamedTuple):
    """A device that central knows."""

    site: str
    id: str
    keys: Keys


class Crowd(NamedTuple):
    """What became of all posts."""

    posts: int
    seconds: float
    latencies_s: list[float]
    duplicates: int


def enter(store: Store, site: str, count: int, *, private_key: bytes = b"") -> list[Known]:
    """Make a site with so many devices, each with a key of its own unless one is given; return them."""
    known = []
    with store.transaction() as tx:
        create_site(tx, site)
        central = public_half(voice(tx, site).private_key)
        for _ in range(count):
            private = private_key or secrets.token_bytes(32)
            kind, public = DeviceKind.EDGE.value, public_half(private)
            new = NewDevice(site=site, kind=kind, name="", points=(), public_key=public)
            device, key_id = add_device(tx, new)
            keys = Keys(key_id=key_id, private_key=private, central=central)
            known.append(Known(site, device.id, keys))
    return known


def chain_of_sites(store: Store, devices: int) -> list[Known]:
    """Make as many sites as so many devices need."""
    tag = secrets.token_hex(4)
    sites = [
        enter(store, f"bench-{tag}-{first}", min(SITE_DEVICES, devices - first))
        for first in range(0, devices, SITE_DEVICES)
    ]
    # Parks do not post one after the other, each with all its gates at once.
    return [one for together in itertools.zip_longest(*sites) for one in together if one]


def sample(folder: Path) -> list[Event]:
    """Let a gate decide about some bands; return what it journaled."""
    gatehouse = Gatehouse(folder, PROFILES)
    try:
        for _ in range(SAMPLE):
            gatehouse.tap()
        return list(gatehouse.journal.range(Lane.ORDINARY, 0, SAMPLE))
    finally:
        gatehouse.close()


def post_all(urls: Sequence[str], known: Sequence[Known], events: Sequence[Event]) -> Crowd:
    """Have each device post its events; what is timed is central and the line, not the devices' own work."""
    wires = Wires(urls, WIRES)
    spent_s, duplicates, latencies = 0.0, 0, list[float]()
    posts = list(_posts(known))
    try:
        for first in range(0, len(posts), CHUNK):
            some = posts[first : first + CHUNK]
            asked, replies, took_s = _answered(wires, some, events)
            spent_s += took_s
            latencies += map(_took_s, replies)
            duplicates += sum(map(_accepted, some, asked, replies))
            for number in range(0, len(some), PROVEN_EVERY):
                asked[number].demand_central(replies[number].spoken)
    finally:
        wires.close()
    return Crowd(len(posts), spent_s, latencies, duplicates)


def _answered(
    wires: Wires, devices: Sequence[Known], events: Sequence[Event]
) -> tuple[list[Presigned], list[Reply], float]:
    """Return what each device asked last, what it was answered, and the seconds that it all took.

    Where too many of one site stand in line, central says "later": the device signs anew and asks again, as
    a real one does. What it waited before counts as its post's time, and as everybody's.
    """
    asked = [_post(device, events) for device in devices]
    began = time.monotonic()
    replies = wires.ask(asked)
    took_s = time.monotonic() - began
    while later := [number for number, reply in enumerate(replies) if _is_later(reply)]:
        for number in later:
            asked[number] = _post(devices[number], events)
        began = time.monotonic()
        for number, reply in zip(later, wires.ask([asked[number] for number in later]), strict=True):
            replies[number] = reply._replace(began_s=reply.began_s - _took_s(replies[number]))
        took_s += time.monotonic() - began
    return asked, replies, took_s


def _is_later(reply: Reply) -> bool:
    return reply.spoken.status == HTTPStatus.SERVICE_UNAVAILABLE and "Retry-After" in reply.spoken.headers


def _took_s(reply: Reply) -> float:
    return reply.done_s - reply.began_s


def kept(store: Store, known: Sequence[Known]) -> tuple[int, int]:
    """Return how many events central holds of these, and of how many devices it holds exactly theirs."""
    own = event_table.c
    sites = sorted({device.site for device in known})
    per_device = select(func.count(), func.min(own.seq), func.max(own.seq)).where(own.site_id.in_(sites))
    with store.reading() as tx:
        found = tx.execute(per_device.group_by(own.site_id, own.device_id)).all()
    return sum(row[0] for row in found), sum(tuple(row) == (EACH, 1, EACH) for row in found)


def _posts(known: Sequence[Known]) -> Iterator[Known]:
    for number, device in enumerate(known):
        yield device
        if number % TWICE_EVERY == 0:
            yield device


def _post(device: Known, events: Sequence[Event]) -> Presigned:
    body, encoding = pack(msgspec.msgpack.encode(_batch(device, events)))
    same = hashlib.blake2b(body, digest_size=16).hexdigest()
    said = {"Content-Type": MEDIA, "Content-Encoding": encoding, IDEMPOTENCY: same}
    headers = {**said, "Accept": MEDIA, "Accept-Encoding": encodings()}
    url = PUBLIC + EVENTS.replace("{device}", device.id)
    return Presigned("POST", url, device.keys, body=body, headers=headers)


def _batch(device: Known, events: Sequence[Event]) -> Batch:
    """Return some of the sampled decisions as this device would have journaled them."""
    start = int.from_bytes(hashlib.blake2b(device.id.encode(), digest_size=4).digest(), "big")
    public = public_half(device.keys.private_key)
    first = h = chain_start(device.site, device.id, Lane.ORDINARY, public_key=public)
    rows = []
    for seq in range(1, EACH + 1):
        own = msgspec.structs.replace(events[(start + seq) % len(events)], seq=seq)
        row = canonical(own)
        rows.append(row)
        h = chain_link(h, row)
    return Batch(
        v=WIRE_VERSION,
        site=device.site,
        device=device.id,
        incarnation=1,
        lane=Lane.ORDINARY,
        first=1,
        last=EACH,
        prev=first,
        head=h,
        rows=tuple(map(msgspec.Raw, rows)),
        schema_top=1,
    )


def _accepted(device: Known, asked: Presigned, reply: Reply) -> int:
    """Return how many events were known already; anything but an ack of all ends the measurement."""
    if reply.spoken.status != HTTPStatus.OK:
        raise BenchError(
            f"Central answered {asked.path} by {reply.spoken.status}: {reply.spoken.body[:200]!r}"
        )
    ack = decode(reply.spoken.body, reply.spoken.headers.get("Content-Encoding", ""), Ack)
    if (ack.device, ack.lane, ack.ack, ack.quarantined) != (device.id, Lane.ORDINARY, EACH, ()):
        raise BenchError(f"Central took {ack} from {device.id}.")
    return ack.duplicates
