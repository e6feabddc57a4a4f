"""A site of several edges whose book is one map in memory; what it answers, and whether, the test decides."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import msgspec

from edge.core.entitlements import Entitlement, Use
from edge.core.places import Layout
from edge.core.site import Answer, Lack, Name, Pending, Said, meaning, name_of
from edge.service import Rooms
from edge.service.agreeing import waiting
from tests.builders import a_gate, a_layout
from tests.service.house import Hands, House, worn

GATES = ("edge-1", "edge-2", "edge-3")


class Book:
    """What is agreed: the first tap to make a key has it."""

    def __init__(self) -> None:
        self.held: dict[Name, Use] = {}
        self.lock = Lock()

    def create(self, uses: tuple[Use, ...]) -> Answer:
        with self.lock:
            if not any(name_of(use) in self.held for use in uses):
                self.held.update({name_of(use): use for use in uses})
                return Answer(Said.MINE, uses)
            return meaning(uses, self.held.values())


class Line:
    """One device's line to the book."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.touch = True
        self.heard = True
        """Whether what is asked arrives."""
        self.answers = True
        """Whether the answer does."""
        self.asked: list[tuple[Use, ...]] = []
        self.given_back: list[Use] = []
        self.forgotten: list[tuple[frozenset[str], frozenset[bytes]]] = []
        self.nudges = 0
        self.lacking: list[Lack] = []
        self.lend: Callable[[Lack], bool] = lambda lack: False
        """Whether another till passes some of it on, and brings it here."""
        self.before: list[Use] = []
        """What others claim a moment before this device does."""
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens at this device while it waits for the answer."""

    def in_touch(self) -> bool:
        return self.touch

    def claim(self, uses: tuple[Use, ...], wait_ms: int) -> Answer:
        assert 0 < wait_ms <= 150
        self.asked.append(uses)
        for use in self.before:
            self.book.create((use,))
        self.before.clear()
        answer = self.book.create(uses) if self.heard else None
        self.meanwhile()
        if answer is None or not self.answers:
            self.touch = False
            return Answer(Said.UNREACHABLE)
        return answer

    def borrow(self, lack: Lack, wait_ms: int) -> bool:
        assert 0 < wait_ms <= 150
        self.lacking.append(lack)
        return self.lend(lack)

    def nudge(self) -> None:
        self.nudges += 1

    def give_back(self, uses: tuple[Use, ...]) -> None:
        self.given_back.extend(uses)

    def forget(self, rights: frozenset[str], bands: frozenset[bytes]) -> None:
        self.forgotten.append((rights, bands))


class Neighbour(House):
    """An edge with a line to its site's book."""

    def __init__(self, folder: Path, hands: Hands, *, device: str, book: Book) -> None:
        self.line = Line(book)
        made = folder.parent.parent / f"{device}-template"
        if not made.exists():
            made.mkdir()
            House(made, Hands(), device=device).close()
        shutil.copytree(made, folder)
        super().__init__(folder, hands, device=device)

    def _rooms(self) -> Rooms:
        return dataclasses.replace(super()._rooms(), site=self.line)

    def pending(self) -> tuple[Pending, ...]:
        return self.sequencer.submit(waiting)


@contextmanager
def a_site(
    folder: Path, *rights: Entitlement, layout: Layout | None = None, count: int = 2
) -> Iterator[list[Neighbour]]:
    """Several edges that know the same guest with these rights."""
    book, hands = Book(), Hands()
    edges = [Neighbour(folder / device, hands, device=device, book=book) for device in GATES[:count]]
    try:
        for house in edges:
            where = layout or a_layout(a_gate(), gates=GATES[:count])
            changes = {"entitlements": rights} if rights else {}
            house.tell(worn(house, **changes), layout=msgspec.structs.replace(where, version=2))
        yield edges
    finally:
        for house in edges:
            house.close()
