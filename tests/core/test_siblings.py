"""Siblings: tills that other devices of the site keep."""

from __future__ import annotations

from edge.core.siblings import Sibling, tills_there
from tests.builders import a_layout


def a_sibling(id_: str, *points: str) -> Sibling:
    return Sibling(id=id_, points=points, public_key=b"k" * 32)


def test_tills_of_other_devices_are_named_and_nothing_else_of_them() -> None:
    known = [
        a_sibling("b", "till", "north", "gone"),
        a_sibling("a", "till"),
        a_sibling("own", "till"),
        a_sibling("anywhere"),
    ]
    found = [(one.device, one.point.id) for one in tills_there(a_layout(), known, own="own")]
    assert found == [("a", "till"), ("b", "till")]
    assert tills_there(None, known, own="own") == ()
