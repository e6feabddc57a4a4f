"""A liar at the site's nodes: whatever stands there, no more is shut out in an hour than the caps allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from edge.core.bands import BandState
from edge.core.caps import WINDOW_MS, Caps, Taken
from edge.core.events import Kind, Lane
from edge.core.siblings import Sibling
from edge.run.simulate.nodes import Nodes
from edge.run.site import Parts, blocks, ports_of
from edge.sequencer import Sequencer
from edge.service.payments import chest
from edge.signature import sign_block
from edge.store.journal import Journal
from sync.client import Sender, urgent
from sync.client.tally import Tally
from sync.signing import public_half
from sync.site import Block, Gateway, Hearsay, Measure, Member, SiteBook, Unanswered, Wallets
from sync.site.book import Keys
from sync.site.hearsay import KNOWN_AGAIN_MS, PIECE_MAX
from sync.site.member import KEPT_MS
from sync.site.stating import AGAIN_MS
from sync.wire import BandNotice, Cursor, Item
from tests.store.house import Hands, a_band, a_sequencer
from tests.sync.ends import until

PARK, MOST = 400, 20
BANDS = [a_band(number) for number in range(PARK)]
WALLETS = [f"w{number}" for number in range(60)]
KEYS = Keys("park")
OWN_KEY, KEY = b"o" * 32, b"s" * 32
PUBLIC = public_half(KEY)
CAPS = Caps(revoked_percent_max=5, revoked_min=10)


class Way(Gateway):
    """One device's way to nodes that are there."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes, self.down = nodes, False

    def call(self, path: str, body: Any, wait_s: float, *, anew: bool = False) -> Any:
        if self.down:
            raise Unanswered("no node", sent=False)
        return self.nodes.ask(path, body)


class Known:
    """What central told a device of the site: so many bands, and by which keys its others sign."""

    def __init__(self) -> None:
        self.goods = SimpleNamespace(siblings=lambda: [Sibling(id="edge-2", points=(), public_key=PUBLIC)])

    def count(self) -> int:
        return PARK

    def layout(self) -> None:
        """No layout yet."""


class Gate:
    """A device with a store, and its part in a site."""

    def __init__(self, folder: Path, hands: Hands, books: Sequencer, way: Way) -> None:
        self.folder, self.hands, self.books = folder, hands, books
        self.by_central: Sequence[Taken] = ()
        parts = Parts(
            books, Journal(folder), cast(Any, Known()), hands.clock(),
            private_key=OWN_KEY, caps=CAPS, by_central=lambda: self.by_central,
        )  # fmt: skip
        who = Sender(site="park", device="edge-1", incarnation=1)
        self.member = Member(way, SiteBook(way, "park", incarnation=1), ports_of(who, parts))
        books.after_commit(self.member.committed)

    def follow(self) -> None:
        self.member._catch_up()

    def tell(self, count: int) -> None:
        """Tell what so many records say, once they were heard of."""
        until(lambda: len(self.member._outbox) == count)
        self.member._tell()

    def look_again(self) -> None:
        self.hands.pass_ms(AGAIN_MS)
        self.member._states.settle()

    def blocked(self) -> list[str]:
        told = self.books.submit(lambda tx: [(wallet, chest.block_epoch(tx, wallet)) for wallet in WALLETS])
        return [wallet for wallet, epoch in told if epoch]

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


def a_measure(gate: Gate, known: Callable[[], int]) -> Measure:
    clock = gate.hands.clock()
    return Measure(caps=CAPS, known=known, monotonic_ms=clock.monotonic_ms, by_central=tuple)


def test_noise_at_the_nodes_has_the_sites_bands_counted_once_a_minute(gate: Gate) -> None:
    counted: list[int] = []

    def count() -> int:
        counted.append(PARK)
        return PARK

    heard = Hearsay(gate.books, a_measure(gate, count))
    told = [BandNotice(band=band, state=BandState.REVOKED, epoch=9) for band in BANDS]
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


def a_block(wallet: str, epoch: int = 3, *, site: str = "park", key: bytes = KEY, **said: Any) -> Block:
    block = Block(wallet, epoch, said.get("heard_ms", 1), said.get("device", "edge-2"))
    return msgspec.structs.replace(block, signature=sign_block(key, block.octets(site)))


def put(way: Way, *blocks: Block) -> None:
    book = SiteBook(way, "park", incarnation=1)
    for block in blocks:
        book.tell(f"{KEYS.blocks()}{block.wallet}", lambda _, said=block: msgspec.msgpack.encode(said))


def there(way: Way) -> list[Block]:
    pairs, _ = SiteBook(way, "park", incarnation=1).all(0, KEYS.blocks())
    return [msgspec.msgpack.decode(pair.value, type=Block) for pair in pairs]


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
        epoch=lambda *_: count("read"), block=lambda *_, **__: count("stopped"), is_said=lambda _: True
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
    gate.member._tidy()
    assert [told.wallet for told in there(way)] == ["w2"]


def test_a_device_without_a_key_tells_nothing_of_wallets() -> None:
    said = Block("w1", 3, 1, "edge-1")
    parts = Parts(*cast(Any, (None, None, None, None)))
    ports = blocks(Sender(site="park", device="edge-1", incarnation=1), parts, cast(Any, None))
    assert ports.signed(said) is None
