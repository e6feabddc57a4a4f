"""Worlds for offers: three seeded simulators of guests who take one or not, and the truth beside them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

OFFERS = tuple(f"offer-{number}" for number in range(6))
SEGMENTS = tuple(f"interest:{name}" for name in ("coffee", "toys", "gelato", "photo"))
MINUTES = {"morning": 600, "midday": 800, "afternoon": 1_000}
"""A local minute of each part of the day that guests come in."""
TAPS = 20_000
"""How long a world lasts; one that drifts has turned into another by then."""

Case = tuple[str, str]
"""A guest's segment and the part of the day."""
Rates = Mapping[tuple[str, Case], float]
CASES: tuple[Case, ...] = tuple((segment, part) for segment in SEGMENTS for part in MINUTES)


@dataclass(frozen=True)
class World:
    """How likely each offer is taken in each case, at the beginning and at the end."""

    first: Rates
    last: Rates

    def rate(self, offer: str, case: Case, tap: int) -> float:
        """Return the true rate at a tap."""
        gone = tap / TAPS
        return (1.0 - gone) * self.first[offer, case] + gone * self.last[offer, case]


def linear(seed: int) -> World:
    """Return a world in which segment and time of day each add something to an offer's own rate."""
    rates = _added(random.Random(seed))  # noqa: S311  # a world to be had again
    return World(rates, rates)


def interactions(seed: int) -> World:
    """Return a world in which each case has favourites of its own, and no sum explains them."""
    draw = random.Random(seed)  # noqa: S311  # as above
    rates = {(offer, case): draw.uniform(0.01, 0.04) for offer in OFFERS for case in CASES}
    star = draw.choice(OFFERS)
    for case in CASES:
        rates[star, case] = draw.uniform(0.08, 0.12)
        rates[draw.choice(OFFERS), case] = draw.uniform(0.16, 0.24)
    return World(rates, rates)


def drift(seed: int) -> World:
    """Return a world of sums that turns into another one, a little with every tap."""
    draw = random.Random(seed)  # noqa: S311  # as above
    return World(_added(draw), _added(draw))


WORLDS: Mapping[str, Callable[[int], World]] = {
    "linear": linear,
    "interactions": interactions,
    "drift": drift,
}


def _added(draw: random.Random) -> Rates:
    own = {offer: draw.uniform(0.002, 0.01) for offer in OFFERS} | {
        draw.choice(OFFERS): draw.uniform(0.07, 0.1)
    }
    loved = {offer: draw.choice(SEGMENTS) for offer in OFFERS} | dict(
        zip(draw.sample(OFFERS, len(SEGMENTS)), SEGMENTS, strict=True)
    )
    timely = {offer: draw.choice(tuple(MINUTES)) for offer in OFFERS}
    by_segment = {offer: draw.uniform(0.15, 0.2) for offer in OFFERS}
    by_part = {offer: draw.uniform(0.01, 0.03) for offer in OFFERS}
    return {
        (offer, (segment, part)): own[offer]
        + (by_segment[offer] if segment == loved[offer] else 0.0)
        + (by_part[offer] if part == timely[offer] else 0.0)
        for offer in OFFERS
        for segment, part in CASES
    }
