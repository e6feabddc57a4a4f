"""A device and the nodes of its site, at which somebody lies who holds a stolen device's key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from edge.clock import Clock
from edge.core.bands import BandState
from edge.core.caps import Caps, Taken
from edge.core.events import Kind, Lane
from edge.core.siblings import Sibling
from edge.run.simulate.nodes import Nodes
from edge.run.site import Parts, ports_of
from edge.sequencer import Sequencer
from edge.service.payments import chest
from edge.signature import sign_block, sign_state
from edge.store.journal import Journal
from sync.client import Sender
from sync.signing import public_half
from sync.site import Block, Gateway, Member, SiteBook, Statement, Unanswered
from sync.site.book import Keys
from sync.site.stating import AGAIN_MS
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
        own, other = public_half(OWN_KEY), PUBLIC
        self.keys = {"edge-1": own, "edge-2": other, "edge-3": other}
        """Of each device in force."""
        self.goods = SimpleNamespace(siblings=self.siblings)

    def siblings(self) -> list[Sibling]:
        return [Sibling(id=one, points=(), public_key=key) for one, key in self.keys.items()]

    def count(self) -> int:
        return PARK

    def layout(self) -> None:
        """No layout yet."""


class Gate:
    """A device with a store, and its part in a site."""

    def __init__(self, folder: Path, hands: Hands, books: Sequencer, *, way: Way, clock: Clock) -> None:
        self.folder, self.hands, self.books = folder, hands, books
        self.by_central: Sequence[Taken] = ()
        self.known, self.clock = Known(), clock
        parts = Parts(
            books, Journal(folder), cast(Any, self.known), self.clock,
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
    clock = hands.clock()
    with a_sequencer(folder, clock=clock) as books:
        yield Gate(folder, hands, books, way=way, clock=clock)


def write(way: Way, bands: Sequence[bytes], **said: Any) -> None:
    """Write there as a device would, or whoever has its key."""
    book, key, device = (
        SiteBook(way, "park", incarnation=1),
        said.get("key", KEY),
        said.get("device", "edge-2"),
    )
    state, epoch = said.get("state", BandState.REVOKED), said.get("epoch", 9)
    for band in bands:
        bare = Statement(band=band, state=state, epoch=epoch, device=device)
        signed = msgspec.structs.replace(bare, signature=sign_state(key, bare.octets("park")))
        book.tell(bare.key(KEYS.states()), lambda _, said=signed: msgspec.msgpack.encode(said))


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
