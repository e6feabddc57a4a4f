"""Stating: what bands are, told to the site's others and learnt of them."""

from __future__ import annotations

from edge.core.events import Event
from sync.site.book import SiteBook
from sync.site.gateway import Unanswered
from sync.site.ports import Ports
from sync.site.telling import Told, stated, stated_of

AGAIN_MS = 15_000
"""So long after the cap held something back it is read in the book again."""


class States:
    """One device's part in it: the thread that follows learns, the one that keeps tells and reads again."""

    def __init__(self, book: SiteBook, ports: Ports) -> None:
        """Nothing waits yet; what a former run held back is read again when it begins to follow."""
        self._book, self._ports = book, ports
        self._again_ms: int | None = None

    def learn(self, told: Told) -> None:
        """Bind what may be bound of it; the rest stands in the book."""
        bands = told.stated(self._book.keys)
        if bands and not self._ports.bind(bands):
            self._again_ms = self._ports.now_ms() + AGAIN_MS

    def tell(self, event: Event) -> bool:
        """Tell what an event says of a band's state; False: it says nothing of any. Raises ``Unanswered``."""
        notice = stated_of(event)
        if notice is None:
            return False
        key = f"{self._book.keys.states()}{notice.band.hex()}"
        self._book.tell(key, lambda known: stated(known, notice))
        return True

    def settle(self) -> None:
        """Look again at what had to wait, when it is time; raises ``Unanswered``."""
        if self._again_ms is None or self._ports.now_ms() < self._again_ms:
            return
        due, self._again_ms = self._again_ms, None
        try:
            self.learn(Told(self._book.all(0, self._book.keys.states())[0]))
        except Unanswered:
            self._again_ms = due
            raise
