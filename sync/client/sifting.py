"""Sifting: what central tells is read on arrival as it is read later, and kept out if it makes no sense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from edge.core.events import Acted, Kind, Lane
from edge.core.profiles import Cursor, Item
from edge.core.unread import UNREAD, Fault, Unread, in_words, with_fault, without
from sync.client.faults import fault_of
from sync.client.ports import Desk, Ports

NAME_CHARS_MAX = 200
_encode = msgspec.msgpack.Encoder().encode


class Sieve:
    """Lets pass what can be used, and keeps by name what cannot: the older version of that stays in force."""

    def __init__(self, ports: Ports, site: str, *, unread: Unread | None = None) -> None:
        """Go on with what was refused before the start; ``unread`` begins with that instead."""
        self._ports, self._site = ports, site
        self._unread = unread
        self._stored = unread
        self._read_again = unread is None

    @property
    def words(self) -> str:
        """What an operator is told of what was refused; empty: nothing was."""
        return in_words(self._known())

    def ask_again(self) -> None:
        """Once after each start: have central tell what was refused again; a newer release may know it."""
        kept, again, self._read_again = self._known(), self._read_again, False
        cursor = self._ports.profiles.cursor()
        if not again or not kept.faults or kept.first > cursor.seq:
            return
        back = Cursor(cursor.epoch, max(0, kept.first - 1))
        gone = Item(kind=UNREAD, key="", version=cursor.seq)
        self._ports.profiles.apply([gone], back)
        self._unread = self._stored = Unread()

    def sift(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield what can be used, in its order."""
        before = self._known().count
        present = self._ports.profiles.layout()
        for item in items:
            name = f"{item.kind} {item.key}"[:NAME_CHARS_MAX]
            why = fault_of(item, self._site, layout=present)
            if why:
                self._unread = with_fault(self._known(), name, Fault(item.version, why))
                continue
            self._unread = without(self._known(), name)
            yield item
        if not before and (now := self._known().count):
            self._ports.books.submit(lambda desk: _note(desk, now))

    def notes(self, to: Cursor) -> Sequence[Item]:
        """Return what has to be stored beside what passed, if anything changed since."""
        now = self._known()
        if now == (self._stored or Unread()):
            return ()
        self._stored = now
        return (Item(kind=UNREAD, key="", version=to.seq, body=_encode(now) if now.count else None),)

    def _known(self) -> Unread:
        if self._unread is None:
            self._unread = self._stored = self._ports.profiles.unread()
        return self._unread


def _note(desk: Desk, amount: int) -> None:
    said = Acted(reason="things that make no sense", amount=amount)
    desk.append(Kind.CAP_HELD, said, lane=Lane.PRIORITY)
