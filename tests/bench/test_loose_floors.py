"""The figures' floors far from what is measured: a neighbour that takes half a processor does no harm."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bench.conftest import Figures

pytestmark = [pytest.mark.bench, pytest.mark.timeout(420)]


def test_file_of_guests_into_central(told: Callable[..., Figures]) -> None:
    """Goal 60 s for a million; a fifth of them is loaded here."""
    figures = told("import", "--guests", "200000")
    assert figures["import_1m_s"] <= 300


def test_choice_among_offers_and_what_ranking_brings(told: Callable[..., Figures]) -> None:
    """Goals: 5 ms; 0.90, 0.80, 0.80 of who knows the truth; 2.4 times random."""
    figures = told("offers")
    assert figures["p99_ms"] <= 10
    assert figures["oracle_share_linear"] >= 0.88
    assert figures["oracle_share_interactions"] >= 0.75
    assert figures["oracle_share_drift"] >= 0.70
    assert figures["times_random"] >= 2
    assert figures["beside_best_fixed_worst"] >= 0.95
    assert figures["guard_alerts"] == 0
