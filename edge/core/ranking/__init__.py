"""Ranking: the one room of the rulebook that counts in floats, in a fixed order of operations."""

from __future__ import annotations

from edge.core.ranking.bandit import Ranked, fresh, learned, rank, score
from edge.core.ranking.features import digest_of, true_of
from edge.core.ranking.guard import Watch, better_fixed, watched
from edge.core.ranking.model import Arm, Model
from edge.core.ranking.reading import Arms, Reading, State, read

__all__ = [
    "Arm",
    "Arms",
    "Model",
    "Ranked",
    "Reading",
    "State",
    "Watch",
    "better_fixed",
    "digest_of",
    "fresh",
    "learned",
    "rank",
    "read",
    "score",
    "true_of",
    "watched",
]
