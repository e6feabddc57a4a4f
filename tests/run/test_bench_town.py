"""A town of bands for measurements is left for the next one, and taken only where it is whole."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.run.bench import start, tap
from edge.run.bench.gatehouse import is_settled
from edge.store.state import Store

BANDS = 1_000


def test_a_town_that_was_cut_off_before_its_last_band_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    assert not is_settled(folder)
    Store(folder).close()
    assert not is_settled(folder)


def test_a_town_that_one_measurement_left_is_the_next_one_s(tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    tap.measure(BANDS, 0.1, town=folder)
    assert is_settled(folder)
    left = sorted(path.name for path in folder.glob("profiles.*.db"))
    figures = msgspec.json.decode(start.measure(BANDS, town=folder), type=dict[str, float])
    assert figures["first_decision_s"] > 0
    assert sorted(path.name for path in folder.glob("profiles.*.db")) == left
