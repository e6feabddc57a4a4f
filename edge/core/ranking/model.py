"""A model: what has been learned of each arm, by feature, and how boldly it is used."""

from __future__ import annotations

import msgspec


class Arm(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is known of one arm: its weights, and row by row how uncertain they are."""

    weights: tuple[float, ...]
    doubt: tuple[tuple[float, ...], ...]
    """Inverse of the design matrix, symmetric."""
    seen: int = 0
    """Rewards it learned from."""


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ranking of arms (offers) for one set of features, numbered with the bundle that brings it."""

    version: int
    features: tuple[str, ...]
    """Names of what may be true of a context, as ``segment:interest:coffee&part:morning``."""
    arms: dict[str, Arm] = {}
    """By offer; one that is not here is unknown, and worth trying."""
    boldness: float = 0.25
    """How much doubt is worth beside a reward of 1."""
    memory: float = 0.998
    """What is left of old news of a context after each new one; 1: nothing is forgotten."""
    explored_permille: int = 100
    """So many of a thousand first tiles are drawn evenly."""
