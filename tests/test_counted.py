"""Which tests count lines: those of the rooms, and a few journeys."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import COUNTED_JOURNEYS, is_counted
from tests.tidy.source import ROOT


class Item:
    """What pytest knows of a test: its file, its marks and the real parts that it names."""

    def __init__(self, place: str, *marks: pytest.MarkDecorator) -> None:
        self.path, self.config = ROOT / "tests" / place, self
        self.rootpath, self._marks = ROOT, [one.mark for one in marks]
        self.options: dict[str, bool] = {}

    def iter_markers(self, name: str | None = None) -> Any:
        return (mark for mark in self._marks if name in (None, mark.name))

    def getoption(self, name: str, default: object) -> object:
        return self.options.get(name, default)

    def get_closest_marker(self, name: str) -> Any:
        return next(self.iter_markers(name), None)


@pytest.mark.parametrize(
    ("place", "marks", "counts"),
    [
        ("core/test_laws.py", (), True),
        ("service/test_taps.py", (pytest.mark.journey,), True),
        (COUNTED_JOURNEYS[0], (pytest.mark.journey,), True),
        ("journeys/test_wallet.py", (pytest.mark.journey,), False),
        ("security/test_matrix.py", (), True),
        ("faults/test_kill.py", (), True),
        ("core/test_money_machine.py", (pytest.mark.journey, pytest.mark.slow), False),
        ("sync/test_intake.py", (pytest.mark.postgres,), False),
        ("kiosk/test_desk_pages.py", (pytest.mark.browser,), False),
    ],
)
def test_lines_are_counted_where_each_room_is_walked_through(
    place: str, marks: tuple[pytest.MarkDecorator, ...], counts: bool
) -> None:
    item: Any = Item(place, *marks)

    assert is_counted(item) is counts


@pytest.mark.parametrize(("place", "counts"), [("core/test_laws.py", False), ("store/test_state.py", True)])
def test_the_rulebook_is_counted_once(place: str, counts: bool) -> None:
    item: Any = Item(place)
    item.options["cov_append"] = True

    assert is_counted(item) is counts


def test_each_journey_that_counts_is_there() -> None:
    assert [name for name in COUNTED_JOURNEYS if not (ROOT / "tests" / name).is_file()] == []
