"""Pieces of a bill: what a hold turned out to be for, never more than it was held for."""

from __future__ import annotations

import pytest

from edge.core.payment import Objection, Piece
from edge.core.payment.reckoning import chosen
from tests.core.purses import a_basket, a_line

MIXED = a_basket(a_line(600, 3), a_line(2_000, item="deposit"), a_line(100, -2, item="cup"))


@pytest.mark.parametrize(
    ("pieces", "quantities"),
    [([Piece(2, 1), Piece(0, 2)], [2, -1]), ([Piece(1, 1)], [1]), ([], [])],
)
def test_pieces_of_a_bill_are_lines_of_their_own(pieces: list[Piece], quantities: list[int]) -> None:
    lines = chosen(MIXED, pieces)
    assert not isinstance(lines, Objection)
    assert [line.quantity for line in lines] == quantities


def test_the_only_piece_may_be_taken_for_less() -> None:
    assert chosen(MIXED, [Piece(1, 1)], minor=1_250) == (a_line(1_250, item="deposit"),)


@pytest.mark.parametrize(
    ("pieces", "minor", "objection"),
    [
        ([Piece(3, 1)], None, Objection.UNKNOWN_LINE),
        ([Piece(-1, 1)], None, Objection.UNKNOWN_LINE),
        ([Piece(0, 0)], None, Objection.NOTHING),
        ([Piece(0, 1), Piece(0, 1)], None, Objection.NOTHING),
        ([Piece(0, 4)], None, Objection.TOO_MUCH),
        ([Piece(2, 3)], None, Objection.TOO_MUCH),
        ([Piece(1, 1)], 2_001, Objection.TOO_MUCH),
        ([Piece(1, 1)], 0, Objection.TOO_MUCH),
        ([Piece(0, 2)], 100, Objection.TOO_MUCH),
        ([Piece(0, 1), Piece(1, 1)], 100, Objection.TOO_MUCH),
    ],
)
def test_no_piece_is_taken_that_is_not_there_or_for_more(
    pieces: list[Piece], minor: int | None, objection: Objection
) -> None:
    assert chosen(MIXED, pieces, minor=minor) is objection
