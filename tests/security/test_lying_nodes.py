"""A liar at the site's nodes: whatever stands there, no more is shut out in an hour than the caps allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from edge.core.bands import BandState, Standing
from edge.core.caps import WINDOW_MS, Taken
from edge.core.events import Kind
from edge.run.simulate.nodes import Nodes
from edge.run.site import Parts, blocks
from edge.service.payments import chest
from edge.signature import sign_block
from sync.client import Sender, urgent
from sync.client.heard import Word
from sync.client.tally import Tally
from sync.site import Block, Hearsay, Measure, SiteBook, Unanswered, Wallets
from sync.site.hearsay import KNOWN_AGAIN_MS, PIECE_MAX
from sync.site.member import KEPT_MS
from sync.site.stating import AGAIN_MS
from sync.wire import BandNotice, Cursor, Item
from tests.security.liars import (
    BANDS,
    CAPS,
    KEYS,
    MOST,
    OWN_KEY,
    PARK,
    WALLETS,
    Gate,
    Way,
    a_block,
    a_gate,
    put,
    there,
    write,
)
from tests.store.house import Hands


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


def a_measure(gate: Gate, known: Callable[[], int]) -> Measure:
    clock = gate.hands.clock()
    return Measure(caps=CAPS, known=known, monotonic_ms=clock.monotonic_ms, by_central=tuple)


def test_noise_at_the_nodes_has_the_sites_bands_counted_once_a_minute(gate: Gate) -> None:
    counted: list[int] = []

    def count() -> int:
        counted.append(PARK)
        return PARK

    heard = Hearsay(gate.books, a_measure(gate, count))
    told = [Word(band, "edge-2", Standing(9, BandState.REVOKED)) for band in BANDS]
    for _ in range(3):
        assert not heard.bind(told)
    assert (len(gate.out()), len(counted)) == (MOST, 1)
    gate.hands.pass_ms(KNOWN_AGAIN_MS)
    assert not heard.bind(told)
    assert (len(gate.out()), len(counted)) == (MOST, 2)


def test_who_looks_first_undoes_nothing_that_is_noted_meanwhile() -> None:
    kept: dict[str, bytes] = {}
    desk = SimpleNamespace(
        get=lambda _, name: kept.get(name), put=lambda _, name, body: kept.update({name: body})
    )
    meanwhile = [lambda: tally.took(5)]

    def submit(act: Callable[[Any], Any]) -> Any:
        told = act(desk)
        if meanwhile:
            meanwhile.pop()()  # on another thread, while this one holds what it has read
        return told

    tally = Tally(cast(Any, SimpleNamespace(submit=submit)), lambda: 1, name="x")
    assert tally.taken() == tally.taken() == (Taken(1, 5),)
    tally.took(2)
    assert msgspec.msgpack.decode(kept["x"]) == 7


# Wallets


def test_a_wallet_is_blocked_by_the_word_of_a_device_of_the_site_and_of_nobody_else(
    gate: Gate, way: Way
) -> None:
    put(
        way,
        a_block("w1"),
        a_block("w2", key=b"l" * 32),
        a_block("w3", site="another"),
        a_block("w4", device="edge-9"),
        msgspec.structs.replace(a_block("w5"), epoch=9),
        a_block("w6", key=OWN_KEY, device="edge-1"),
        a_block("w7", epoch=2**62),
        msgspec.structs.replace(a_block("w8"), signature=b""),
    )
    SiteBook(way, "park", incarnation=1).tell(f"{KEYS.blocks()}w9", lambda _: b"\xc1")
    SiteBook(way, "park", incarnation=1).tell(
        f"{KEYS.blocks()}w10", lambda _: msgspec.msgpack.encode(a_block("w11"))
    )
    gate.follow()
    assert gate.blocked() == ["w1"]


def test_a_stolen_device_blocks_no_more_wallets_than_the_cap_and_the_rest_waits(gate: Gate, way: Way) -> None:
    put(way, *(a_block(wallet) for wallet in WALLETS))
    gate.follow()
    gate.look_again()
    assert len(gate.blocked()) == MOST
    assert gate.noted() == [Kind.CAP_HELD]
    write(way, BANDS)
    gate.follow()
    assert gate.out() == [], "bands and wallets are one count"
    gate.hands.pass_ms(WINDOW_MS)
    gate.look_again()
    assert len(gate.blocked()) + len(gate.out()) == 2 * MOST


def test_no_transaction_reads_or_stops_more_wallets_than_a_tap_may_wait_for(gate: Gate) -> None:
    pieces: dict[str, list[int]] = {"read": [0], "stopped": [0]}

    def submit(act: Callable[[Any], Any]) -> Any:
        for each in pieces.values():
            each.append(0)
        return gate.books.submit(act)

    def count(what: str) -> int:
        pieces[what][-1] += 1
        return 0

    wallets = Wallets(
        is_news=lambda *_: count("read") == 0, heed=lambda *_: count("stopped"), is_said=lambda _: True
    )
    books, many = cast(Any, SimpleNamespace(submit=submit)), 2 * PIECE_MAX + 1
    heard = Hearsay(books, a_measure(gate, lambda: 20 * many))
    assert heard.stop([Block(f"w{number}", 3, 1, "edge-2") for number in range(many)], wallets)
    assert {what: (sum(each), max(each)) for what, each in pieces.items()} == {
        "read": (many, PIECE_MAX),
        "stopped": (many, PIECE_MAX),
    }


def test_what_central_blocked_is_told_under_this_devices_name_and_told_once(gate: Gate, way: Way) -> None:
    gate.books.submit(lambda tx: chest.block_wallet(tx, "w1", 3))
    gate.books.submit(lambda tx: chest.block_wallet(tx, "w1", 3))
    gate.tell(1)
    [told] = there(way)
    assert (told.wallet, told.epoch, told.device) == ("w1", 3, "edge-1")
    assert told.signature == sign_block(OWN_KEY, told.octets("park"))


def test_no_lie_at_the_nodes_keeps_a_block_from_being_told(gate: Gate, way: Way) -> None:
    put(way, a_block("w1", 99, key=b"l" * 32), a_block("w2", 99))
    for wallet in ("w1", "w2"):
        gate.books.submit(lambda tx, wallet=wallet: chest.block_wallet(tx, wallet, 3))
    gate.tell(2)
    assert [(told.epoch, told.device) for told in there(way)] == [(3, "edge-1"), (99, "edge-2")]


def test_blocks_of_long_ago_leave_the_book(gate: Gate, way: Way) -> None:
    now_ms = gate.hands.wall_ms
    put(way, a_block("w1", heard_ms=now_ms - 2 * KEPT_MS), a_block("w2", heard_ms=now_ms))
    gate.clock.heard(now_ms, 10)
    gate.member._tidy()
    assert [told.wallet for told in there(way)] == ["w2"]


def test_a_device_without_a_key_tells_nothing_of_wallets() -> None:
    said = Block("w1", 3, 1, "edge-1")
    parts = Parts(*cast(Any, (None, None, None, None)))
    ports = blocks(Sender(site="park", device="edge-1", incarnation=1), parts, cast(Any, None))
    assert ports.signed(said) is None
