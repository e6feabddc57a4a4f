"""The guard: whether ranking did worse than always showing one and the same offer would have."""

from __future__ import annotations

import math

import msgspec
from msgspec.structs import replace

CHOICES_MIN = 5_000
"""Choices with a known outcome before anything is said, and after which counting begins anew."""
MARGIN = 0.05
SURE = 1.96
"""Standard errors below its estimate at which a fixed offer must still be better: chance raises no alert."""


class Tally(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one offer brought where it came first, each time weighed by one over how likely that was."""

    weight: float = 0.0
    reward: float = 0.0
    weight_squared: float = 0.0
    reward_squared: float = 0.0
    """Of weight times weight times reward; rewards are 0 or 1."""


class Watch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ranked choices brought since counting began."""

    choices: int = 0
    reward: float = 0.0
    tallies: dict[str, Tally] = {}


def watched(watch: Watch, offer: str, propensity: tuple[int, int], *, reward: int) -> Watch:
    """Return the watch after one first tile: 1 where it was redeemed and kept, else 0."""
    of, among = propensity
    weight = among / of
    was = watch.tallies.get(offer, Tally())
    now = Tally(
        weight=was.weight + weight,
        reward=was.reward + weight * reward,
        weight_squared=was.weight_squared + weight * weight,
        reward_squared=was.reward_squared + weight * weight * reward,
    )
    return replace(
        watch,
        choices=watch.choices + 1,
        reward=watch.reward + reward,
        tallies={**watch.tallies, offer: now},
    )


def better_fixed(watch: Watch) -> str | None:
    """Return an offer that alone would surely have brought over 5 % more; None: none, or it is early."""
    if watch.choices < CHOICES_MIN:
        return None
    brought = watch.reward / watch.choices
    low = {offer: _at_least(tally) for offer, tally in watch.tallies.items()}
    best = max(sorted(low), key=lambda offer: low[offer])
    return best if brought < (1.0 - MARGIN) * low[best] else None


def _at_least(tally: Tally) -> float:
    """Return what an offer brings at the least: its weighed mean, less what chance may have added."""
    mean = tally.reward / tally.weight
    # sum of w^2 (r - mean)^2 where r is 0 or 1
    spread = tally.reward_squared * (1.0 - 2.0 * mean) + mean * mean * tally.weight_squared
    return mean - SURE * math.sqrt(max(0.0, spread)) / tally.weight
