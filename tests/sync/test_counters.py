"""A message that passed at one gate passes at no other: counters travel through central to every edge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.held import Change as Changed
from edge.core.held import Held
from edge.errors import Refused
from edge.sequencer import Transaction
from sync.central.feed import Change, publish
from sync.central.store import Store
from sync.client import counters
from sync.wire import COUNTER, Item
from tests.sync.ends import Edge, a_welcome, running, served, until
from tests.sync.test_echo import BAND, OTHER, a_decided

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def central(small_store: Store) -> Iterator[str]:
    with served(small_store) as url:
        yield url


@pytest.fixture
def edges(central: str, small_store: Store, tmp_path: Path) -> Iterator[tuple[Edge, Edge]]:
    one = Edge(tmp_path / "one", central, a_welcome(central, small_store))
    other = Edge(tmp_path / "other", central, a_welcome(central, small_store))
    with running(one), running(other):
        yield one, other


def reads(edge: Edge, counter: int, band: bytes = BAND) -> None:
    """What the service does with a fresh message: the record and the band's memory in one act."""

    def act(tx: Transaction) -> None:
        seq = tx.append(Kind.DECIDED, a_decided(counter), band=band)
        tx.apply(band, Changed(held=Held(counter=counter)), seq)

    edge.sequencer.submit(act)


def knows(edge: Edge, band: bytes = BAND) -> int:
    return edge.sequencer.submit(lambda tx: tx.held(band)).counter


def test_what_one_edge_saw_binds_the_other_within_a_tap(edges: tuple[Edge, Edge]) -> None:
    one, other = edges
    until(lambda: one.profiles.cursor().epoch and other.profiles.cursor().epoch)
    reads(one, 7)
    until(lambda: knows(other) == 7)
    reads(other, 9)
    until(lambda: knows(one) == 9)


def test_an_edge_that_was_cut_off_learns_what_it_missed_and_tells_what_it_saw(
    edges: tuple[Edge, Edge],
) -> None:
    one, other = edges
    until(lambda: one.profiles.cursor().epoch and other.profiles.cursor().epoch)
    other.cable.pull()
    reads(one, 5)
    reads(other, 8)
    reads(other, 3, OTHER)
    until(one.drained)
    assert knows(other) == 8
    other.cable.plug()
    other.client.kick()
    until(lambda: knows(one) == 8 and knows(one, OTHER) == 3)
    assert knows(other) == 8


def test_a_new_edge_gets_the_counters_with_its_snapshot(
    central: str, small_store: Store, tmp_path: Path
) -> None:
    welcome = a_welcome(central, small_store)
    changes = [
        Change(COUNTER, bytes([n % 256, n // 256]).ljust(16, b"x").hex(), b"\x09") for n in range(1200)
    ]
    with small_store.transaction() as tx:
        publish(tx, "park", changes)
    with running(Edge(tmp_path / "edge", central, welcome)) as edge:
        until(lambda: edge.profiles.cursor().epoch)
        last = bytes.fromhex(changes[-1].key)
        until(lambda: knows(edge, last) == 9)
        assert knows(edge, bytes.fromhex(changes[0].key)) == 9


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("zz", b"\x01"),
        ("00", b"\x01"),
        (BAND.hex(), b"\xff"),
        (BAND.hex(), msgspec.msgpack.encode(1 << 24)),
        (BAND.hex(), b"\xc0"),
    ],
)
def test_a_counter_that_is_none_is_refused_before_anything_is_raised(key: str, body: bytes) -> None:
    with pytest.raises(Refused):
        counters.told([Item(kind=COUNTER, key=key, version=1, body=body)])


def test_other_kinds_and_what_is_gone_are_left_alone() -> None:
    items = [Item(kind="profile", key="x", version=1, body=b""), Item(kind=COUNTER, key="x", version=2)]
    assert counters.told(items) == []
