"""Stating: what central and staff made of bands and wallets, told to the site's others and learnt of them."""

from __future__ import annotations

from edge.core.events import Event
from sync.site.blocking import block_of, blocked, blocks_in, was_heard_before
from sync.site.book import SiteBook
from sync.site.gateway import Unanswered
from sync.site.ports import Ports
from sync.site.statement import STATED, said_anew, statement_of, statements_in
from sync.site.telling import Told

AGAIN_MS = 15_000
"""So long after the cap held something back it is read in the book again."""


class States:
    """One device's part in it: the thread that follows learns, the one that keeps tells and reads again."""

    def __init__(self, book: SiteBook, ports: Ports) -> None:
        """Nothing waits yet; what a former run held back is read again when it begins to follow."""
        self._book, self._ports = book, ports
        self._again_ms: int | None = None

    def learn(self, told: Told) -> None:
        """Take what may be taken of it; the rest stands in the book."""
        bands = statements_in(told.pairs, self._book.keys.states(), own=self._ports.device)
        wallets = blocks_in(told.pairs, self._book.keys.blocks(), own=self._ports.device)
        taken = [self._ports.states.bind(bands) if bands else True]
        taken.append(self._ports.blocks.stop(wallets) if wallets else True)
        if not all(taken):
            self._again_ms = self._ports.now_ms() + AGAIN_MS

    def tell(self, event: Event) -> bool:
        """Tell what an event says of a band or wallet; False: of neither. Raises ``Unanswered``."""
        if event.kind not in STATED:
            return False
        told = statement_of(event, self._ports.device)
        said = None if told is None else self._ports.states.signed(told)
        if said is not None:
            self._book.tell(said.key(self._book.keys.states()), lambda known: said_anew(known, said))
        return told is not None or self._tell_block(event)

    def settle(self) -> None:
        """Forget who is gone, and look again at what had to wait when it is time; raises ``Unanswered``."""
        self._ports.states.recall()
        if self._again_ms is None or self._ports.now_ms() < self._again_ms:
            return
        due, self._again_ms = self._again_ms, None
        keys = self._book.keys
        try:
            for prefix in (keys.states(), keys.blocks()):
                self.learn(Told(self._book.all(0, prefix)[0]))
        except Unanswered:
            self._again_ms = due
            raise

    def tidy(self, before_ms: int, *, now_ms: int) -> None:
        """Take out blocks heard long ago, or not yet: no lease of before is alive; raises ``Unanswered``."""
        for pair in self._book.all(0, self._book.keys.blocks())[0]:
            if was_heard_before(pair, before_ms, now_ms=now_ms):
                self._book.drop(pair)

    def _tell_block(self, event: Event) -> bool:
        said, ports = block_of(event, self._ports.device), self._ports.blocks
        if said is None:
            return False
        block = ports.signed(said)
        if block is not None:
            key = f"{self._book.keys.blocks()}{block.wallet}"
            self._book.tell(key, lambda known: blocked(known, block, is_said=ports.is_said))
        return True
