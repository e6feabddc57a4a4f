"""Garbage is looked for seldom once the house stands, and still found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from edge.run import garbage
from edge.run.cli import main


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


def test_a_verb_imports_its_rooms_under_few_looks() -> None:
    gc.set_threshold(700)
    seen: list[int] = []
    verb = click.Command("seen", callback=lambda: seen.append(gc.get_threshold()[0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(main.commands, "seen", verb)
        assert CliRunner().invoke(main, ["seen"]).exit_code == 0
    assert seen == [garbage.YOUNG_MAX]


def test_a_circle_made_later_is_still_found() -> None:
    garbage.settle()
    circle = _Circle()
    gone = weakref.ref(circle)
    del circle
    gc.collect()
    assert gone() is None
