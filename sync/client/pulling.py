"""Pulling: what central says of the site, urgent things first, page by page or whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain, pairwise
from typing import TypeVar

import msgspec
import requests
from urllib3.exceptions import HTTPError

from edge.core.caps import Taken
from edge.core.goods import GOODS
from edge.core.unread import Unread
from edge.errors import Refused
from edge.published import HEAD, PART
from sync.client import beside, urgent
from sync.client.caps import HELD_AGAIN_S, Guard
from sync.client.history import LANES, Sender, demand_same, demand_seen, waiting_ms
from sync.client.line import Declined, Exchange, Forged, Line, Unreachable
from sync.client.ports import Ports
from sync.client.sifting import Sieve
from sync.packing import UNREADABLE, opened
from sync.routes import FEED, REPORT, SNAPSHOT
from sync.signing import NotCentral, check_snapshot
from sync.wire import (
    FRAME_BYTES_MAX,
    MEDIA_SNAPSHOT,
    PAGE_ITEMS_MAX,
    REMARKS,
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
KINDS = ("profile", "layout", "staff", "device", "checkpoint", REMARKS, *GOODS, HEAD, PART)
"""What this edge can store; another kind is left to a newer edge."""


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
        self._guard = Guard(ports)
        self._sieve = Sieve(ports, sender.site)

    def report(self, *, frozen: str = "") -> tuple[Tip, ...]:
        """Say how the device is, apply what is urgent, compare histories.

        Returns where each lane ends of which central holds less than it once acknowledged: it was restored.
        """
        said, told = self._attest(frozen)
        for tip in told.tips:
            demand_same(self._ports.journal, tip)
        demand_seen(self._ports.journal, self._sender, told.checkpoint)
        held = {tip.lane: tip for tip in told.tips}
        tips = [held.get(lane) or Tip(lane=lane, seq=0) for lane in LANES]
        return tuple(tip for tip, acked in zip(tips, said.acked, strict=True) if tip.seq < acked)

    def pull(self, wait_s: float = WAIT_S_MAX) -> bool:
        """Fetch the next page and apply what makes sense of it; return whether it brought anything."""
        self._sieve.ask_again()
        cursor, heard = self._ports.profiles.cursor(), urgent.heard(self._ports)
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
        if len(page.urgent) < URGENT_MAX and self._applied() == Cursor(page.epoch, page.urgent_to):
            urgent.refute(self._ports.lending, heard)
        self._take(page, list(self._sieve.sift(page.items)), cursor)
        return bool(page.items or page.urgent)

    @property
    def held_back(self) -> str:
        """Why central is not obeyed at the moment, or in what; empty: it is."""
        return "; ".join(why for why in (self._guard.held_back, self._sieve.words) if why)

    def shut_out(self) -> tuple[Taken, ...]:
        """Return how many bands were shut out within the hour by central's word; any thread may ask."""
        return self._guard.taken()

    def _take(self, page: Page, items: Sequence[Item], cursor: Cursor) -> None:
        """Apply what the caps let pass; what they hold is asked for again later."""
        passed = self._guard.page(items, page.to)
        # Before the cursor moves past them: raised twice they are the same.
        beside.take(self._ports, passed.items, own=self._sender.device)
        if passed.to > cursor.seq:
            to = Cursor(page.epoch, passed.to)
            known = [item for item in passed.items if item.kind in KINDS]
            self._ports.profiles.apply([*known, *self._sieve.notes(to)], to)
            self._ports.changed()
        if not passed.whole:
            self.again_s = max(self.again_s, HELD_AGAIN_S)
        elif items and len(passed.items) == len(items) and not self.again_s:
            self._guard.release()

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
            told = checked_items(
                chain([first], frames), head, vouched=lambda told: self._vouched(told, answer)
            )
            sieve = Sieve(self._ports, self._sender.site, unread=Unread())
            passed = self._guard.snapshot(sieve.sift(told))
            items = beside.passed_on(self._ports, passed, own=self._sender.device)
            known = chain((item for item in items if item.kind in KINDS), _late(sieve, cursor))
            built = profiles.build(known, cursor, rows_min=rows_min)
        profiles.adopt(built, self._ports.books.point_at)
        self._sieve = sieve
        self._ports.changed()

    def _vouched(self, told: SnapshotManifest, answer: requests.Response) -> None:
        """Go on only with what central signed for the request that asked."""
        bare = msgspec.msgpack.encode(msgspec.structs.replace(told, signature=b""))
        asked = str(answer.request.headers.get("Signature", ""))
        try:
            check_snapshot(self._line.central, told.signature, request_signature=asked, manifest=bare)
        except NotCentral as error:
            raise Forged(str(error)) from error

    def _attest(self, frozen: str = "") -> tuple[DeviceReport, Attested]:
        """Report, and apply everything urgent, however much, before anything else."""
        path = REPORT.replace("{device}", self._sender.device)
        while True:
            said = self._own_report(frozen)
            told = self._line.post(path, said, Attested)
            if told.device != self._sender.device:
                raise Refused("A report's answer that is not for this device.")
            urgent.check(told.urgent)
            self._ports.clock.heard(told.time_ms, self._line.took_ms)
            if self._ports.books.frozen:
                return said, told
            if told.urgent or told.urgent_to != self._applied():
                self._apply_urgent(told.urgent, told.urgent_to)
            if len(told.urgent) < URGENT_MAX or self._guard.held_back:
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
        items, to = self._erase(items, to)
        urgent.stop(self._ports.lending, items)
        urgent.show(self._ports.alarm, items, device=self._sender.device)
        applied = urgent.apply(self._ports.books, items, to, shut_out_max=self._guard.left())
        self._urgent = applied.to
        self._guard.took(applied.shut_out)
        if applied.held_back:
            self._guard.hold("bands revoked within an hour", amount=applied.shut_out + applied.held_back)
            self.again_s = HELD_AGAIN_S
        if applied.changed:
            self._ports.changed()

    def _erase(self, items: tuple[Item, ...], to: Cursor) -> tuple[tuple[Item, ...], Cursor]:
        """Forget whom central wants forgotten, within the caps; return what else to apply, and up to where.

        Done before the cursor moves: whatever breaks off here is begun again.
        """
        left, gone = self._guard.left(), 0
        for place, item in enumerate(items):
            for notice in urgent.erasures([item]):
                if self._guard.is_welcome(notice.bands):
                    if gone == left:
                        self._guard.took(gone)
                        self._guard.hold("guests erased within an hour", amount=gone + 1)
                        self.again_s = HELD_AGAIN_S
                        before = items[:place]
                        return before, Cursor(to.epoch, before[-1].version) if before else self._applied()
                    gone += 1
                self._ports.erase(notice.guest, notice.bands)
        self._guard.took(gone)
        return items, to

    def _applied(self) -> Cursor:
        if self._urgent is None:
            self._urgent = Cursor() if self._ports.books.frozen else urgent.applied(self._ports.books)
        return self._urgent

    def _own_report(self, frozen: str) -> DeviceReport:
        journal, profiles = self._ports.journal, self._ports.profiles
        heads = [(lane, journal.head(lane)) for lane in LANES]
        bare = DeviceReport(
            device=self._sender.device,
            boot="",
            tips=tuple(Tip(lane=lane, seq=head.seq, h=head.h) for lane, head in heads),
            acked=(acked := tuple(journal.acked(lane) for lane in LANES)),
            outbox=sum(head.seq for _, head in heads) - sum(acked),
            outbox_age_ms=waiting_ms(journal, self._ports.clock.now_ms()),
            cursor=profiles.cursor(),
            urgent=self._applied(),
            frozen=frozen,
            held_back=self.held_back,
            **beside.counted(self._ports),
        )
        return self._ports.describe(bare)


def check_page(page: Page, site: str, cursor: Cursor) -> None:
    """Look at the frame of a page before the first write; BadPage changes nothing and moves no cursor."""
    if (page.site, page.epoch, page.after) != (site, cursor.epoch, cursor.seq):
        raise BadPage("A page of another site or another place in the feed.")
    if len(page.items) > PAGE_ITEMS_MAX:
        raise BadPage("A page with more items than agreed.")
    versions = [page.after, *(item.version for item in page.items), page.to]
    if any(later < earlier for earlier, later in pairwise(versions)):
        raise BadPage("A page whose numbers do not rise.")
    urgent.check(page.urgent)


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


def checked_items(
    frames: Iterator[bytes], head: SnapshotHead, *, vouched: Callable[[SnapshotManifest], None]
) -> Iterator[Item]:
    """Yield a snapshot's items; at its end the manifest must agree and be central's, or all was in vain."""
    digest, count = hashlib.blake2b(digest_size=32), 0
    last = b""
    for place, (body, following) in enumerate(pairwise(frames)):
        last = following
        digest.update(len(body).to_bytes(LENGTH_BYTES, "big") + body)
        if place:
            items = _decoded(body, list[Item])
            count += len(items)
            yield from (item for item in items if item.kind in KINDS or item.kind in beside.KINDS)
    vouched(_agreed(last, head, count=count, digest=digest.digest()))


def _agreed(last: bytes, head: SnapshotHead, *, count: int, digest: bytes) -> SnapshotManifest:
    manifest = _decoded(last, SnapshotManifest)
    promised = SnapshotManifest(
        site=head.site, epoch=head.epoch, seq=head.seq, schema=head.schema, count=count, digest=digest
    )
    if msgspec.structs.replace(manifest, signature=b"") != promised:
        raise BadPage("The snapshot is cut short or was changed on its way.")
    return manifest


def _late(sieve: Sieve, cursor: Cursor) -> Iterator[Item]:
    """Yield what the sieve has to store, asked for when everything before it has passed."""
    yield from sieve.notes(cursor)


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
