"""Gates of one site with a real etcd between them: real stores, real sequencers, real members."""

from __future__ import annotations

import dataclasses
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from edge.config import Site
from edge.core.entitlements import Entitlement, Use
from edge.core.places import Layout
from edge.core.siblings import SIBLING, Sibling
from edge.run import site
from edge.run.bench.nodes import Nodes
from edge.service import Rooms
from edge.views import StaffView
from sync.client import Cable, Sender
from sync.signing import public_half
from sync.site import Gateway, Member, SiteBook
from tests.builders import NOW_MS
from tests.service.house import Hands, House, worn

SOON_S = 20.0
SIGNING = b"d" * 32
"""Each gate's private key, as it signs parts of leases."""
TICK = threading.Event()


def eventually(true: Callable[[], object], within_s: float | None = None) -> None:
    """Wait until something is so; it is looked at all the time, and never slept over."""
    patience_s = SOON_S if within_s is None else within_s
    until = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < until, f"still not so after {patience_s} s"
        TICK.wait(0.02)


@contextmanager
def three_nodes(folder: Path, **how: Any) -> Iterator[Nodes]:
    folder.mkdir()
    nodes = Nodes(folder, **how)
    try:
        yield nodes
    finally:
        nodes.close()


def a_book(nodes: Sequence[str], cable: Cable | None = None, site: str = "site-1") -> SiteBook:
    return SiteBook(Gateway(nodes, cable or Cable()), site, incarnation=1)


def a_use(right: str, ordinal: int = 1, *, device: str = "edge-1", tap_id: str = "") -> Use:
    named = tap_id or f"{device}:{right}:{ordinal}"
    return Use(entitlement=right, ordinal=ordinal, scan_ms=NOW_MS, device=device, point="north", tap_id=named)


class Gate(House):
    """One device with its own cable to the site's nodes."""

    def __init__(
        self, folder: Path, hands: Hands, *, device: str, nodes: Sequence[str], site: str = "site-1"
    ) -> None:
        self.nodes, self.cable, self.site = nodes, Cable(), site
        folder.mkdir(exist_ok=True)
        super().__init__(folder, hands, device=device)

    def _rooms(self) -> Rooms:
        who = Sender(site=self.site, device=self.device, incarnation=1)
        parts = site.Parts(
            self.sequencer, self.journal, self.profiles, self.clock, self.boot, SIGNING,
            lambda: self.current,
        )  # fmt: skip
        book = Site(id=self.site, etcd=tuple(self.nodes), ca="", certificate="")
        member = site.member(book, who, parts, cable=self.cable)
        assert member is not None
        self.member: Member = member
        return dataclasses.replace(super()._rooms(), site=member)

    def open(self) -> None:
        for start, _ in site.begun(self.member, self.sequencer):
            start()
        eventually(self.member.in_touch)

    def tapped(self, tap_id: str, **more: object) -> StaffView:
        return self.service.present(self.tap(tap_id=tap_id, counter=None, **more))

    def close(self) -> None:
        self.member.stop()
        self.cable.pull()
        super().close()


def acquainted(gate: Gate, *devices: str) -> None:
    """Let a gate know by which key each of the site's devices signs."""
    public = public_half(SIGNING)
    known = (Sibling(id=device, points=(), public_key=public) for device in devices)
    gate.publish(*((SIBLING, one.id, one) for one in known))


@contextmanager
def gates(
    folder: Path, nodes: Sequence[str], *rights: Entitlement, layout: Layout, count: int = 2
) -> Iterator[list[Gate]]:
    book = a_book(nodes)
    for prefix in (book.keys.states(), book.keys.blocks()):  # or a test before would bind this one's guest
        for pair in book.all(0, prefix)[0]:
            book.drop(pair)
    hands = Hands()
    hands.wall_ms = int(time.time() * 1_000)
    made = [Gate(folder / f"edge-{n}", hands, device=f"edge-{n}", nodes=nodes) for n in range(1, count + 1)]
    try:
        for gate in made:
            acquainted(gate, *(one.device for one in made))
            gate.tell(worn(gate, entitlements=rights), layout=msgspec.structs.replace(layout, version=2))
            gate.open()
        yield made
    finally:
        for gate in made:
            gate.close()


def copied(source: Path, target: Path) -> Path:
    """A folder as a killed process left it."""
    shutil.copytree(source, target)
    return target
