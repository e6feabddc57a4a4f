"""Cells: how the store hides what it keeps of people, so that a copied file tells nothing."""

from __future__ import annotations

from typing import Protocol


class Cells(Protocol):
    """Whoever seals a cell where it stands: ``edge.vault.Vault``."""

    def seal(self, plain: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return what may lie on the disk."""

    def open(self, sealed: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return what was sealed for this very cell, else raise ``StoreDamaged``."""


class _Clear:
    """Hides nothing."""

    def seal(self, plain: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return it as it is."""
        del table, column, row
        return plain

    def open(self, sealed: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return it as it is."""
        del table, column, row
        return sealed


CLEAR: Cells = _Clear()
"""For tools that look at a journal and tests of the store; a device hands in its vault."""

COUNT = "count"
CLOCK_DOUBT = "clock_doubt"
OPEN_KINDS = frozenset({COUNT, CLOCK_DOUBT, "checkpoint", "frozen"})
"""Kept things that say nothing of anybody: numbers of people, and what verifies a journal."""
SEALED_ANSWER = (0xC4, 0xC5)
"""A whole answer lies sealed as MessagePack's binary; one that only names its record is a number."""
_KEPT, _ANSWERS, _BODY = "kept", "answers", "body"


def seal_kept(cells: Cells, kind: str, key: str, *, body: bytes) -> bytes:
    """Return a small thing's body as it is kept."""
    return body if kind in OPEN_KINDS else cells.seal(body, _KEPT, kind, row=key.encode())


def open_kept(cells: Cells, kind: str, key: str, *, kept: bytes) -> bytes:
    """Return a small thing's body."""
    return kept if kind in OPEN_KINDS else cells.open(kept, _KEPT, kind, row=key.encode())


def seal_answer(cells: Cells, tap_id: str, body: bytes) -> bytes:
    """Return a tap's whole answer as it is kept."""
    sealed = cells.seal(body, _ANSWERS, _BODY, row=tap_id.encode())
    return b"\xc5" + len(sealed).to_bytes(2) + sealed


def open_answer(cells: Cells, tap_id: str, kept: bytes) -> bytes:
    """Return a tap's answer, or the number of its record."""
    if kept[0] not in SEALED_ANSWER:
        return kept
    return cells.open(kept[3:], _ANSWERS, _BODY, row=tap_id.encode())
