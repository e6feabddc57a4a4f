"""The site as a witness: each device's newest checkpoint stands in its book, wherever central is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.core.checkpoint import Checkpoint, decoded, encoded
from sync.site.book import SiteBook


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessPorts:
    """What a witness needs of the edge."""

    newest: Callable[[], Checkpoint | None]
    """Return the journal's newest durable checkpoint."""
    doubt: Callable[[Checkpoint], str | None]
    """Say why the journal is not that of a checkpoint, which freezes it; empty: it is; None: not its own."""


class Witness:
    """Compares this device with what the site has seen of it, and keeps there how far it is.

    It says when a journal is older than the site knows, or another, and never that it is the newest: what a
    device did while the nodes were away is in no book.
    """

    def __init__(self, book: SiteBook, device: str, ports: WitnessPorts | None) -> None:
        """Begin with nothing compared and nothing told; a device that makes no checkpoints has no ports."""
        self._book, self._key, self._ports = book, book.keys.head(device), ports
        self._told: tuple[str, Checkpoint | None] | None = None

    def keep(self, named: str) -> None:
        """Compare and tell, if there is anything new or the book has another name; raises ``Unanswered``."""
        if self._ports is None:
            return
        newest = self._ports.newest()
        if self._told != (named, newest):
            doubt = self._ports.doubt
            self._book.tell(self._key, lambda known: after(known, newest, doubt))
            self._told = (named, newest)


def after(
    known: bytes | None, newest: Checkpoint | None, doubt: Callable[[Checkpoint], str | None]
) -> bytes | None:
    """Return what the book shall say of a device from now on; None: what it says."""
    seen = None if known is None else decoded(known)
    why = None if seen is None else doubt(seen)
    if newest is None or why or (seen is not None and why is not None and newest.events <= seen.events):
        return None
    return encoded(newest)
