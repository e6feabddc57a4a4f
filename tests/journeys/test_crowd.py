"""`polso demo --crowd`: guests come by themselves, everything moves, and Ctrl-C ends all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from edge.run.crowd_option import CROWD_MOST, LIVELY
from kiosk.park import CROWD_MAX
from tests.journeys.park import Park, until

pytestmark = pytest.mark.timeout(90)
CROWD = 300


def taps(park: Park) -> float:
    lines = requests.get(f"{park.edge}/metrics", timeout=5).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("polso_taps_total"))


def test_a_crowd_comes_from_the_start_and_leaves_with_the_park(tmp_path: Path) -> None:
    park = Park(tmp_path / "park", more=("--crowd", str(CROWD)))
    try:
        assert park.state()["crowd"] == CROWD
        until(lambda: taps(park) >= 10, 30)
        park.post("crowd", rate=0)
        assert park.state()["crowd"] == 0, "the page's slider has the last word"
    finally:
        took_s = park.stop()
        assert park.process.stdout is not None
        park.process.stdout.close()
    assert park.process.returncode == 0
    assert took_s < 10
    assert "Traceback" not in (tmp_path / "park.err").read_text()


def test_it_is_as_large_as_the_page_may_make_it_and_by_itself_small_enough_for_a_small_board() -> None:
    assert CROWD_MOST == CROWD_MAX
    assert 60 / LIVELY >= 1, "a guest a second at most"
