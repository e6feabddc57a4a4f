"""Books of others: what a payment provider says it took, for the day's proof to set beside our postings."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from sync.central.store import Connection


class Gap(NamedTuple):
    """One thing on which a provider's book and our postings do not agree."""

    of: str
    """The posting's key, or what the provider calls a thing that nobody here asked for."""
    there: int
    """What the provider took by its own book; given back is negative."""
    here: int
    """What was posted of it."""
    why: str


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's book of a day beside our postings, in one currency."""

    account: str
    """The ledger's account of it, as ``psp:stripe``."""
    currency: str
    there: int
    """What it took less what it gave back."""
    here: int
    """What was posted of that."""
    read_ms: int
    """Up to when the book is known; postings after it are not judged yet."""
    gaps: tuple[Gap, ...] = ()


BOOKS: list[Callable[[Connection, str, tuple[int, int]], tuple[Book, ...]]] = []
"""Rooms that know a provider's book: each is asked with the site and the two moments."""
