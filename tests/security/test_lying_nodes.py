"""A liar at the site's nodes: whatever stands there, no more is shut out in an hour than the caps allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from edge.core.bands import BandState
from edge.core.caps import WINDOW_MS, Caps, Taken
from edge.core.events import Kind, Lane
from edge.run.simulate.nodes import Nodes
from edge.sequencer import Sequencer
from edge.store.journal import Journal
from sync.client import urgent
from sync.site import Gateway, Hearsay, Measure, Member, Ports, SiteBook, Unanswered
from sync.site.book import Keys
from sync.site.stating import AGAIN_MS
from sync.wire import BandNotice, Cursor, Item
from tests.store.house import Hands, a_band, a_sequencer

PARK, MOST = 400, 20
BANDS = [a_band(number) for number in range(PARK)]
KEYS = Keys("park")
CAPS = Caps(revoked_percent_max=5, revoked_min=10)


class Way(Gateway):
    """One device's way to nodes that are there."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes, self.down = nodes, False

    def call(self, path: str, body: Any, wait_s: float, *, anew: bool = False) -> Any:
        if self.down:
            raise Unanswered("no node", sent=False)
        return self.nodes.ask(path, body)


class Gate:
    """A device with a store, and its part in a site."""

    def __init__(self, folder: Path, hands: Hands, books: Sequencer, way: Way) -> None:
        self.folder, self.hands, self.books = folder, hands, books
        self.by_central: Sequence[Taken] = ()
        measure = Measure(
            caps=CAPS,
            known=lambda: PARK,
            monotonic_ms=lambda: hands.mono_ms,
            by_central=lambda: self.by_central,
        )
        ports: Any = type("OnlyThese", (), {})()
        ports.device, ports.witness, ports.purse = "edge-1", None, None
        ports.now_ms = lambda: hands.wall_ms
        ports.bind = Hearsay(books, measure).bind
        self.member = Member(way, SiteBook(way, "park", incarnation=1), cast(Ports, ports))
        self.member._purse = cast(Any, type("None", (), {"heard": lambda *_: None})())

    def follow(self) -> None:
        self.member._catch_up()

    def look_again(self) -> None:
        self.hands.pass_ms(AGAIN_MS)
        self.member._states.settle()

    def out(self) -> list[bytes]:
        return self.books.submit(lambda tx: [b for b in BANDS if tx.held(b).state is not BandState.ACTIVE])

    def noted(self) -> list[Kind]:
        told = Journal(self.folder).range(Lane.PRIORITY, 0, 5_000)
        return [Kind(event.kind) for event in told if event.kind != Kind.URGENT_APPLIED]


@contextmanager
def a_gate(folder: Path, hands: Hands, way: Way) -> Iterator[Gate]:
    with a_sequencer(folder, clock=hands.clock()) as books:
        yield Gate(folder, hands, books, way)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def way() -> Way:
    return Way(Nodes())


@pytest.fixture
def gate(tmp_path: Path, hands: Hands, way: Way) -> Iterator[Gate]:
    with a_gate(tmp_path, hands, way) as opened:
        yield opened


def write(way: Way, bands: Sequence[bytes], *, state: BandState = BandState.REVOKED, epoch: int = 9) -> None:
    """Write there as a device would, or whoever reached the nodes."""
    book = SiteBook(way, "park", incarnation=1)
    for band in bands:
        said = msgspec.msgpack.encode(BandNotice(band=band, state=state, epoch=epoch))
        book.tell(f"{KEYS.states()}{band.hex()}", lambda _, said=said: said)


def test_a_liar_shuts_out_no_more_than_the_cap_however_often_it_is_read(gate: Gate, way: Way) -> None:
    write(way, BANDS)
    gate.follow()
    gate.follow()
    for _ in range(4):
        gate.look_again()
    assert len(gate.out()) == MOST, "5 of 100, as central may"
    assert gate.noted() == [Kind.CAP_HELD], "and it is written down once"


def test_what_waited_comes_with_the_next_hour_without_being_told_anew(gate: Gate, way: Way) -> None:
    write(way, BANDS[:30])
    gate.follow()
    gate.hands.pass_ms(WINDOW_MS - AGAIN_MS)
    way.down = True
    with pytest.raises(Unanswered):
        gate.look_again()
    way.down = False
    gate.member._states.settle()
    assert len(gate.out()) == 30
    gate.look_again()
    assert gate.noted() == [Kind.CAP_HELD]


def test_a_restart_begins_no_new_hour(tmp_path: Path, hands: Hands, way: Way) -> None:
    write(way, BANDS)
    for _ in range(2):
        with a_gate(tmp_path, hands, way) as gate:
            gate.follow()
            assert len(gate.out()) == MOST


def test_devices_that_central_deceived_each_within_its_cap_do_no_more_together(gate: Gate, way: Way) -> None:
    gate.by_central = (Taken(gate.hands.mono_ms, MOST - 3),)
    write(way, BANDS)
    gate.follow()
    assert len(gate.out()) == 3


def test_no_noise_at_the_nodes_holds_up_central_nor_what_shuts_nobody_out(gate: Gate, way: Way) -> None:
    write(way, BANDS[:100])
    gate.follow()
    inside, out = BANDS[200], gate.out()[0]
    notice = BandNotice(band=inside, state=BandState.REVOKED, epoch=1)
    item = Item(kind="band", key="b", version=1, body=msgspec.msgpack.encode(notice))
    urgent.apply(gate.books, [item], Cursor(1, 1), shut_out_max=1)
    assert inside in gate.out()
    write(way, [out], epoch=11)
    gate.follow()
    assert gate.books.submit(lambda tx: tx.held(out).epoch) == 11
