"""What there is in the small site of ``passing``: two journals, a book, messages, and central."""

from __future__ import annotations

import msgspec

from edge.core.lease import Lease, Passing, Placed, Report


class Word(msgspec.Struct, frozen=True):
    """One record of a journal: a lease's totals, and the passing that it is about."""

    report: Report
    passing: Passing | None = None
    taken: bool = False


class Want(msgspec.Struct, frozen=True):
    """One key of the book: wanted, offered, taken by a or b, or withdrawn; and which part it names."""

    stands: str = "wanted"
    passing: Passing | None = None


class Sent(msgspec.Struct, frozen=True):
    """A compare-and-set on its way: from which state of which key to which."""

    want: int
    before: Want
    after: Want


class Known(msgspec.Struct, frozen=True):
    """What central knows of one part."""

    placed: Placed
    amount: int
    told: bool
    """Whether the giver's own word is in."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is."""

    lease: Lease
    placed: Placed
    rows: tuple[tuple[int, Passing], ...] = ()
    """What the giver has passed on and not heard the end of."""
    parts: tuple[Lease, ...] = ()
    book: tuple[Want, ...] = ()
    net: frozenset[Sent] = frozenset()
    logs: tuple[tuple[Word, ...], tuple[Word, ...]] = ((), ())
    heard: tuple[int, int] = (0, 0)
    known: tuple[Known, ...] = ()
    goods: int = 0
    online: int = 0
    lost: int = 0
    made: int = 0
