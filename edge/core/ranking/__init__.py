"""Ranking: the one room of the rulebook that counts in floats, in a fixed order of operations."""

from __future__ import annotations

from edge.core.ranking.model import Arm, Model

__all__ = ["Arm", "Model"]
