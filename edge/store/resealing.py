"""Resealing: what state.db keeps of people, sealed for the first time or with another key, row by row."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from edge.store.cells import OPEN_KINDS, Cells, open_answer, open_kept, seal_answer, seal_kept
from edge.store.effects import ANSWERS, DECODE_CHANGES, ENCODE, KEPT
from edge.store.queries import QUERIES
from edge.store.records import checked, digest, kept_name

FORM_ANSWERS = "answers"
"""What guests answered was sealed before everything else was."""


class _Hand:
    """Turns one kept body into what it shall be."""

    def __init__(self, cells: Cells, *, sealed: bool) -> None:
        self._cells, self._sealed = cells, sealed

    def kept(self, kind: str, key: str, body: bytes) -> bytes:
        if kind in OPEN_KINDS:
            return body
        if self._sealed:
            body = open_kept(self._cells, kind, key, kept=body)
        elif kind == FORM_ANSWERS:
            body = self._cells.open(body, "kept", FORM_ANSWERS, row=key.encode())
        return seal_kept(self._cells, kind, key, body=body)

    def answer(self, tap_id: str, body: bytes) -> bytes:
        if isinstance(msgspec.msgpack.decode(body), int):
            return body
        plain = open_answer(self._cells, tap_id, body) if self._sealed else body
        return seal_answer(self._cells, tap_id, plain)

    def changes(self, body: bytes) -> bytes:
        return ENCODE([self._change(*change) for change in DECODE_CHANGES(body)])

    def _change(self, number: int, kept: bool, cells: tuple[Any, ...]) -> tuple[int, bool, tuple[Any, ...]]:
        *name, body = cells
        if kept and number == KEPT:
            return number, kept, (*name, self.kept(name[0], name[1], body))
        if kept and number == ANSWERS:
            return number, kept, (*name, self.answer(name[0], body))
        return number, kept, cells


def seal_clear(connection: sqlite3.Connection, cells: Cells) -> None:
    """Seal what lay clear, in the transaction of a schema's step."""
    _walk(connection, _Hand(cells, sealed=False))


def reseal(connection: sqlite3.Connection, cells: Cells) -> None:
    """Seal everything with the newest key, all of it or nothing."""
    connection.execute(QUERIES["begin"])
    try:
        _walk(connection, _Hand(cells, sealed=True))
        connection.execute(QUERIES["commit"])
    except BaseException:
        if connection.in_transaction:
            connection.execute(QUERIES["rollback"])
        raise


def _walk(connection: sqlite3.Connection, hand: _Hand) -> None:
    for kind, key, body, check in connection.execute(QUERIES["kept_whole"]).fetchall():
        name = kept_name(kind, key)
        new = hand.kept(kind, key, checked(name, body, against=check))
        connection.execute(QUERIES["kept_reseal"], (new, digest(name, new), kind, key))
    for tap_id, body, check in connection.execute(QUERIES["answers_whole"]).fetchall():
        name = tap_id.encode()
        new = hand.answer(tap_id, checked(name, body, against=check))
        connection.execute(QUERIES["answer_reseal"], (new, digest(name, new), tap_id))
    for stamp, body, check in connection.execute(QUERIES["effects"]).fetchall():
        name = b"%d" % stamp
        new = hand.changes(checked(name, body, against=check))
        connection.execute(QUERIES["effects_reseal"], (new, digest(name, new), stamp))
