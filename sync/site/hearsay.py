"""Hearsay: what the site's nodes say of bands and wallets, believed only as far as the hourly cap goes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edge.core.bands import BandState
from edge.core.caps import WINDOW_MS, Caps, Taken
from sync.client import heard
from sync.client.caps import note_held
from sync.client.heard import Word
from sync.client.ports import Books
from sync.client.tally import Tally
from sync.site.blocking import Block

TAKEN = "taken_by_nodes"
HELD = "bands and wallets shut out by the site's nodes within an hour"
PIECE_MAX = 200
"""Bands that one transaction binds, or wallets that it stops: a tap waits for no more."""
KNOWN_AGAIN_MS = 60_000
"""So long the site's bands are not counted anew: that walks the whole copy, at any noise at the nodes."""
LOG = logging.getLogger("polso.site")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """By what it is measured how much the nodes may take from guests."""

    caps: Caps
    known: Callable[[], int]
    """Count the site's bands."""
    monotonic_ms: Callable[[], int]
    by_central: Callable[[], Iterable[Taken]]
    """Return what central's own word took within the hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallets:
    """What is done with wallets, inside a transaction."""

    is_news: Callable[[Any, Block], bool]
    """Whether a block says anything that is not known, nor refuted, nor beyond what can be."""
    heed: Callable[[Any, Block], object]
    """Stop a wallet by another device's word, until central has been asked."""
    is_said: Callable[[Block], bool]


class Hearsay:
    """Binds what is told there; what is too much waits, is noted, and is told again.

    Whoever reaches the nodes can write there whatever they like, and devices that central deceived, each
    within its cap, tell on more than one of them would take. So what the nodes say counts together with what
    central said here. Central's own word counts alone: no noise at the nodes can hold it up.
    """

    def __init__(self, books: Books, measure: Measure) -> None:
        """Go on with what was taken before the start."""
        self._books, self._measure = books, measure
        self._tally = Tally(books, measure.monotonic_ms, name=TAKEN)
        self._one = threading.Lock()
        self._noted_ms: int | None = None
        self._counted: tuple[int, int] | None = None
        """How many bands the site has, and when they were counted."""
        self._there: frozenset[str] | None = None

    def recall(self, there: frozenset[str]) -> None:
        """Let what was said by nobody who is ``there`` count no more; looked at where that changes."""
        if there == self._there:
            return
        with self._one:
            count = heard.let_go(self._books, there)
        if count:
            LOG.warning("%d bands stood otherwise by the word of devices that are none any more", count)
        self._there = there

    def bind(self, told: Sequence[Word]) -> bool:
        """Bind what may be bound, durably; False: some of it must wait."""
        told = sorted(told, key=_opens)
        with self._one:
            wait = sum(self._bind(told[at : at + PIECE_MAX]) for at in range(0, len(told), PIECE_MAX))
            if wait:
                self._note(wait)
        return not wait

    def stop(self, told: Sequence[Block], wallets: Wallets) -> bool:
        """Stop wallets that a device of the site says are blocked, durably; False: some must wait.

        A guest who cannot pay is shut out, too: each counts as a band does. Whoever has no device's key says
        nothing here; whoever has a stolen one is measured.
        """
        with self._one:
            pieces = (told[at : at + PIECE_MAX] for at in range(0, len(told), PIECE_MAX))
            wait = sum(self._stop(piece, wallets) for piece in pieces)
            if wait:
                self._note(wait)
        return not wait

    def left(self, wanted: int) -> int:
        """Return how many may be shut out now by the nodes' word, of so many."""
        measure = self._measure
        return self._tally.left(measure.caps, self._known, wanted=wanted, beside=measure.by_central())

    def _known(self) -> int:
        now_ms = self._measure.monotonic_ms()
        if self._counted is None or now_ms - self._counted[1] >= KNOWN_AGAIN_MS:
            self._counted = self._measure.known(), now_ms
        return self._counted[0]

    def _bind(self, told: Sequence[Word]) -> int:
        bound = heard.bind(self._books, told, shut_out_max=self.left(len(told)))
        self._tally.took(bound.shut_out)
        return bound.held_back

    def _stop(self, told: Sequence[Block], wallets: Wallets) -> int:
        """Stop what may be stopped of a piece, in one transaction; return how many must wait."""
        news = self._books.submit(lambda desk: [one for one in told if wallets.is_news(desk, one)])
        said = [one for one in news if wallets.is_said(one)]
        now = said[: self.left(len(said))]
        if now:
            self._books.submit(lambda desk: [wallets.heed(desk, one) for one in now])
        self._tally.took(len(now))
        return len(said) - len(now)

    def _note(self, wait: int) -> None:
        """Write it down, once an hour at most: it is told again all the time."""
        now_ms = self._measure.monotonic_ms()
        if self._noted_ms is None or now_ms - self._noted_ms >= WINDOW_MS:
            LOG.warning("%s: %d more must wait", HELD, wait)
            self._books.submit(lambda desk: note_held(desk, HELD, wait))
            self._noted_ms = now_ms


def _opens(word: Word) -> bool:
    """Whether a word says that a band was found: heard after whatever said that it was lost."""
    return word.standing.state is BandState.ACTIVE
