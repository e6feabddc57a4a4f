"""What every figure's test shares: the verb that measures."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.journeys.park import polso

Figures = dict[str, float]


@pytest.fixture
def told(
    record_property: Callable[[str, object], None],
) -> Callable[..., Figures]:
    """Run one verb of ``polso bench`` and print what it says, so that CI's log holds every figure."""

    def run(*words: str) -> Figures:
        done = polso("bench", *words, "--json", within_s=400)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 1, "one JSON object, nothing else"
        record_property("figures", f"bench {' '.join(words)}: {done.stdout.strip()}")
        figures: Figures = json.loads(done.stdout)
        return figures

    return run
