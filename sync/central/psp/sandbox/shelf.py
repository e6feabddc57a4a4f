"""The test provider's shelf: its book in one file, so that a demo opened again still knows its cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from sync.central.psp.sandbox.book import Book, Thing, Wrong


class Kept(msgspec.Struct, frozen=True):
    """A book as it lies in the file."""

    things: dict[str, Thing]
    keys: dict[str, tuple[str, Any]]


class Shelf:
    """Keeps one book; without a file it keeps nothing."""

    def __init__(self, file: Path | None) -> None:
        """Keep it here."""
        self._file = file

    def book(self) -> Book:
        """Return the book as it was put back last, or an empty one."""
        if self._file is None or not self._file.exists():
            return Book()
        kept = msgspec.json.decode(self._file.read_bytes(), type=Kept)
        answered = {key: (asked, _told(answer)) for key, (asked, answer) in kept.keys.items()}
        return Book(things=kept.things, keys=answered)

    def put_back(self, book: Book) -> None:
        """Write the book down whole, before anybody is answered."""
        if self._file is None:
            return
        with book.lock:
            keys = {key: (asked, _plain(answer)) for key, (asked, answer) in book.keys.items()}
            fresh = self._file.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(Kept(book.things, keys)))
            fresh.replace(self._file)


def _plain(answer: Thing | Wrong | None) -> list[Any]:
    """Return an answer as JSON can say it; a no has its status before it."""
    return [answer.status, answer.error] if isinstance(answer, Wrong) else [0, answer]


def _told(kept: list[Any]) -> Thing | Wrong | None:
    status, said = kept
    if not status:
        found: Thing | None = said
        return found
    return Wrong(status, said["type"], said["code"], more=said)
