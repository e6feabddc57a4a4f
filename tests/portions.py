"""A long experiment comes in two portions: a sample in the fast suite, the whole of it with the journeys."""

from __future__ import annotations

from typing import Any

import pytest


def sample_and_whole(sample: Any, whole: Any) -> list[Any]:
    """Values for `parametrize`: the sample at each save, the whole where the marker `journey` is run."""
    return [
        pytest.param(sample, id="sample"),
        pytest.param(whole, id="whole", marks=(pytest.mark.journey, pytest.mark.slow)),
    ]
