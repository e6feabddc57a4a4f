"""Garbage is looked for seldom once the house stands, and still found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from edge.run import garbage


class _Circle:
    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    gc.unfreeze()
    yield
    gc.set_threshold(*before)
    gc.freeze()


def test_what_is_built_is_set_aside_and_the_young_are_looked_over_seldom() -> None:
    gc.set_threshold(700)
    garbage.settle()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] == garbage.YOUNG_MAX
    assert gc.isenabled()


def test_a_circle_made_later_is_still_found() -> None:
    garbage.settle()
    circle = _Circle()
    gone = weakref.ref(circle)
    del circle
    gc.collect()
    assert gone() is None
