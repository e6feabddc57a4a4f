"""Ranking: the one room of the rulebook that counts in floats, in a fixed order of operations."""

from __future__ import annotations

from edge.core.ranking.bandit import Ranked, fresh, learned, rank, score
from edge.core.ranking.features import digest_of, true_of
from edge.core.ranking.model import Arm, Model

__all__ = ["Arm", "Model", "Ranked", "digest_of", "fresh", "learned", "rank", "score", "true_of"]
