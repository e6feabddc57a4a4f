"""Air: how loud a band is heard that somebody carries about, by a seeded model (decision 0028)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

CHANNELS = 3
"""Bluetooth advertises on three of its channels; each fades in its own way."""

Walk = Callable[[float], float]
"""How far from the receiver somebody is, in metres, so many seconds after a scene began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """What is between band and receiver: textbook values of a room with people in it, fitted to no site."""

    exponent: float = 2.2
    at_1m_dbm: float = -59.0
    shadow_db: float = 3.0
    """Deviation of what walls and racks add or take; alike at places less than ``shadow_m`` apart."""
    shadow_m: float = 1.0
    sway_m_per_s: float = 0.04
    """How far somebody moves who stands still, to and fro."""
    rician_k: float = 4.0
    """Power of the direct path over that of all reflected ones; 0 is Rayleigh."""
    channel_db: float = 2.0
    bias_db: float = 2.0
    """Deviation between one band and another."""
    body_db: float = 8.0
    body_share: float = 0.25
    """So much of the time somebody stands between."""
    body_s: float = 3.0
    """And for so long each time, on average."""
    interval_ms: float = 300.0
    delay_ms_max: float = 10.0
    """advDelay of the Core Specification, Vol 6 Part B 4.4.2.2.1."""
    loss: float = 0.15
    floor_dbm: float = -97.0
    step_db: int = 1
    """A level is told anew only when it moved by so much: 8 is BlueZ for whoever asks for no exact ones."""


class Level(NamedTuple):
    """One advertisement as the receiver tells it."""

    at_ms: int
    rssi: int


def levels(walk: Walk, ends_s: float, air: Air, *, draw: random.Random) -> Iterator[Level]:
    """Yield what is heard of one band on its walk, in order; the same ``draw`` yields the same."""
    fades = _fades(air, draw)
    channels = [draw.gauss(0, air.channel_db) for _ in range(CHANNELS)]
    bias, shadow = draw.gauss(0, air.bias_db), draw.gauss(0, air.shadow_db)
    blocked, told = draw.random() < air.body_share, None
    at_s, there_m, then_s = draw.random() * air.interval_ms / 1_000, walk(0), 0.0
    while at_s < ends_s:
        here_m, fade = walk(at_s), next(fades)
        went_m = abs(here_m - there_m) + air.sway_m_per_s * (at_s - then_s)
        alike = math.exp(-went_m / air.shadow_m)
        shadow = alike * shadow + math.sqrt(1 - alike * alike) * draw.gauss(0, air.shadow_db)
        there_m, then_s = here_m, at_s
        level = air.at_1m_dbm - 10 * air.exponent * math.log10(max(here_m, 0.1)) + bias + shadow + fade
        level += draw.choice(channels) - (air.body_db if blocked else 0)
        if level >= air.floor_dbm and draw.random() >= air.loss:
            told = round(level) if told is None or abs(level - told) >= air.step_db else told
            yield Level(round(at_s * 1_000), told)
        gap_s = (air.interval_ms + draw.random() * air.delay_ms_max) / 1_000
        at_s, blocked = at_s + gap_s, _blocked(air, draw, before=blocked, gap_s=gap_s)


def _fades(air: Air, draw: random.Random) -> Iterator[float]:
    """Yield the fading of one advertisement after another, in dB: Rician, of mean power 1."""
    direct, spread = math.sqrt(air.rician_k / (air.rician_k + 1)), math.sqrt(0.5 / (air.rician_k + 1))
    while True:
        power = draw.gauss(direct, spread) ** 2 + draw.gauss(0, spread) ** 2
        yield 10 * math.log10(max(power, 1e-9))


def _blocked(air: Air, draw: random.Random, *, before: bool, gap_s: float) -> bool:
    """Say whether somebody stands between after so long: blocks begin and end at random."""
    fades = math.exp(-gap_s / (air.body_s * (1 - air.body_share)))
    return draw.random() < air.body_share + (before - air.body_share) * fades
