"""Pulling: what central says of the site, urgent things first, page by page or whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, pairwise
from typing import TypeVar

import msgspec
import requests
from urllib3.exceptions import HTTPError

from edge.core.places import Layout
from edge.core.profiles import StaffMember
from edge.errors import Refused
from sync.client import urgent
from sync.client.history import LANES, Sender, demand_same, waiting_ms
from sync.client.line import Declined, Exchange, Line, Unreachable
from sync.client.ports import Ports
from sync.packing import UNREADABLE, opened
from sync.routes import FEED, REPORT, SNAPSHOT
from sync.wire import (
    FRAME_BYTES_MAX,
    ITEM_BYTES_MAX,
    KEY_CHARS_MAX,
    MEDIA_SNAPSHOT,
    PAGE_ITEMS_MAX,
    URGENT_MAX,
    WAIT_S_MAX,
    Attested,
    Cursor,
    DeviceReport,
    Item,
    Page,
    Problem,
    SnapshotHead,
    SnapshotManifest,
    Tip,
)

SCHEMA = 1
READ_BYTES = 65_536
M = TypeVar("M")
LENGTH_BYTES = 4
KINDS = ("profile", "layout", "staff", "device")
"""What this edge can store; another kind is left to a newer edge."""


BODIES: dict[str, type[msgspec.Struct]] = {"layout": Layout, "staff": StaffMember}
"""What a body must be, or every tap would stumble over it; profiles are read as they are stored."""


class BadPage(Refused):
    """Central's feed makes no sense."""

    hint = "Nothing was changed; compare the versions of central and of this device."


class Puller:
    """Follows one site's feed; all it keeps in memory is how far the urgent set is applied."""

    def __init__(self, sender: Sender, *, ports: Ports, line: Line) -> None:
        """Begin where the local copy stands."""
        self._sender, self._ports, self._line = sender, ports, line
        self._urgent: Cursor | None = None
        self.again_s = 0.0

    def report(self, *, frozen: str = "") -> tuple[Tip, ...]:
        """Say how the device is, apply what is urgent, compare histories.

        Returns where each lane ends of which central holds less than it once acknowledged: it was restored.
        """
        said, told = self._attest(frozen)
        for tip in told.tips:
            demand_same(self._ports.journal, tip)
        held = {tip.lane: tip for tip in told.tips}
        tips = [held.get(lane) or Tip(lane=lane, seq=0) for lane in LANES]
        return tuple(tip for tip, acked in zip(tips, said.acked, strict=True) if tip.seq < acked)

    def pull(self, wait_s: float = WAIT_S_MAX) -> bool:
        """Fetch the next page and apply it; return whether it brought anything."""
        cursor = self._ports.profiles.cursor()
        try:
            page = self._line.get(self._asking(cursor, wait_s), Page)
        except Declined as refusal:
            if refusal.problem is not Problem.EPOCH:
                raise
            self._attest()
            self.take_snapshot()
            return True
        check_page(page, self._sender.site, cursor)
        self.again_s = page.again_ms / 1000
        if page.urgent:
            self._apply_urgent(page.urgent, Cursor(page.epoch, page.urgent_to))
        check_bodies(page.items)
        if page.to > cursor.seq:
            known = [item for item in page.items if item.kind in KINDS]
            self._ports.profiles.apply(known, Cursor(page.epoch, page.to))
            self._ports.changed()
        return bool(page.items or page.urgent)

    def take_snapshot(self) -> None:
        """Build a whole new copy beside the live one and swap; a cut or changed snapshot leaves nothing."""
        profiles = self._ports.profiles
        with closing(
            self._line.stream(SNAPSHOT.replace("{site}", self._sender.site), MEDIA_SNAPSHOT)
        ) as answer:
            frames = unframed(unpacked(answer))
            first = next(frames, b"")
            head = head_of(first, self._sender.site)
            cursor = Cursor(head.epoch, head.seq)
            if cursor == profiles.cursor():
                raise BadPage("A snapshot of what is here already.")
            rows_min = 1 if profiles.count() else 0
            built = profiles.build(checked_items(chain([first], frames), head), cursor, rows_min=rows_min)
        profiles.adopt(built, self._ports.books.point_at)
        self._ports.changed()

    def _attest(self, frozen: str = "") -> tuple[DeviceReport, Attested]:
        """Report, and apply everything urgent, however much, before anything else."""
        path = REPORT.replace("{device}", self._sender.device)
        while True:
            said = self._own_report(frozen)
            told = self._line.post(path, said, Attested)
            if told.device != self._sender.device:
                raise Refused("A report's answer that is not for this device.")
            self._ports.clock.heard(told.time_ms, self._line.took_ms)
            if told.urgent or told.urgent_to != self._applied():
                self._apply_urgent(told.urgent, told.urgent_to)
            if len(told.urgent) < URGENT_MAX:
                return said, told

    def _asking(self, cursor: Cursor, wait_s: float) -> Exchange:
        applied = self._applied()
        query = {
            "epoch": cursor.epoch,
            "cursor": cursor.seq,
            "urgent": applied.seq if applied.epoch == cursor.epoch else 0,
            "wait": int(wait_s),
        }
        return Exchange(FEED.replace("{site}", self._sender.site), query, wait_s)

    def _apply_urgent(self, items: tuple[Item, ...], to: Cursor) -> None:
        changed = urgent.apply(self._ports.books, items, to)
        self._urgent = to
        if changed:
            self._ports.changed()

    def _applied(self) -> Cursor:
        if self._urgent is None:
            self._urgent = urgent.applied(self._ports.books)
        return self._urgent

    def _own_report(self, frozen: str) -> DeviceReport:
        journal, profiles = self._ports.journal, self._ports.profiles
        heads = [(lane, journal.head(lane)) for lane in LANES]
        acked = tuple(journal.acked(lane) for lane in LANES)
        bare = DeviceReport(
            device=self._sender.device,
            boot="",
            tips=tuple(Tip(lane=lane, seq=head.seq, h=head.h) for lane, head in heads),
            acked=acked,
            outbox=sum(head.seq for _, head in heads) - sum(acked),
            outbox_age_ms=waiting_ms(journal, self._ports.clock.now_ms()),
            cursor=profiles.cursor(),
            urgent=self._applied(),
            frozen=frozen,
        )
        return self._ports.describe(bare)


def check_page(page: Page, site: str, cursor: Cursor) -> None:
    """Look at the frame of a page before the first write; BadPage changes nothing and moves no cursor."""
    if (page.site, page.epoch, page.after) != (site, cursor.epoch, cursor.seq):
        raise BadPage("A page of another site or another place in the feed.")
    if len(page.items) > PAGE_ITEMS_MAX or len(page.urgent) > URGENT_MAX:
        raise BadPage("A page with more items than agreed.")
    versions = [page.after, *(item.version for item in page.items), page.to]
    if any(later < earlier for earlier, later in pairwise(versions)):
        raise BadPage("A page whose numbers do not rise.")
    for item in (*page.items, *page.urgent):
        if len(item.key) > KEY_CHARS_MAX or len(item.body or b"") > ITEM_BYTES_MAX:
            raise BadPage(f"An item of kind {item.kind[:20]} is larger than agreed.")
    urgent.notices(page.urgent)


def check_bodies(items: Iterable[Item]) -> None:
    """Read what every tap will read; done after what is urgent, which no bad item may hold up."""
    for item in items:
        if item.body is not None and item.kind in BODIES:
            _decoded(item.body, BODIES[item.kind])


class _Raw:
    """An answer's bytes as they came, for whoever unpacks them."""

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer

    def read(self, size: int = READ_BYTES) -> bytes:
        """Return the next bytes, none at the end."""
        try:
            return bytes(self._answer.raw.read(size, decode_content=False))
        except (HTTPError, OSError) as error:
            raise Unreachable(f"The snapshot broke off: {type(error).__name__}.") from error


def unpacked(answer: requests.Response) -> Iterator[bytes]:
    """Yield a snapshot's bytes piece by piece as they arrive, none larger than ``READ_BYTES``."""
    reader = opened(_Raw(answer), answer.headers.get("Content-Encoding", ""))
    while piece := reader.read(READ_BYTES):
        yield piece


def unframed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bodies of length-prefixed frames, none larger than agreed."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= LENGTH_BYTES:
            size = int.from_bytes(held[:LENGTH_BYTES], "big")
            if size > FRAME_BYTES_MAX:
                raise BadPage("A frame of a snapshot is larger than agreed.")
            if len(held) < LENGTH_BYTES + size:
                break
            yield bytes(held[LENGTH_BYTES : LENGTH_BYTES + size])
            del held[: LENGTH_BYTES + size]


def checked_items(frames: Iterator[bytes], head: SnapshotHead) -> Iterator[Item]:
    """Yield a snapshot's items; at its end the manifest must agree, or everything was in vain."""
    digest, count = hashlib.blake2b(digest_size=32), 0
    last = b""
    for place, (body, following) in enumerate(pairwise(frames)):
        last = following
        digest.update(len(body).to_bytes(LENGTH_BYTES, "big") + body)
        if place:
            items = _decoded(body, list[Item])
            count += len(items)
            check_bodies(items)
            yield from (item for item in items if item.kind in KINDS)
    _agree(last, head, count=count, digest=digest.digest())


def _agree(last: bytes, head: SnapshotHead, *, count: int, digest: bytes) -> None:
    manifest = _decoded(last, SnapshotManifest)
    promised = SnapshotManifest(
        site=head.site, epoch=head.epoch, seq=head.seq, schema=head.schema, count=count, digest=digest
    )
    if manifest != promised:
        raise BadPage("The snapshot is cut short or was changed on its way.")


def head_of(first: bytes, site: str) -> SnapshotHead:
    """Read what a snapshot says it is, and refuse another site's."""
    head: SnapshotHead = _decoded(first, SnapshotHead)
    if head.site != site or head.schema > SCHEMA:
        raise BadPage("A snapshot of another site or of a newer version.")
    return head


def _decoded(body: bytes, kind: type[M]) -> M:
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except UNREADABLE as error:
        raise BadPage(f"No {kind.__name__} of this version: {error}") from error
