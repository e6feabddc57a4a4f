"""Offers: how long a choice among 200 takes, and what ranking brings beside who knows the truth."""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import fmean

from edge.core.facts import Fact
from edge.core.ranking import Model, learned, rank, true_of
from edge.core.ranking.guard import Watch, better_fixed, watched
from edge.run.bench.assortment import choice_ms
from edge.run.bench.figures import as_json
from edge.run.bench.worlds import CASES, MINUTES, OFFERS, SEGMENTS, TAPS, WORLDS, Case, World

WINDOW = 5_000
"""Taps over which shares are taken: the last ones, after 15,000 were learned from."""
FEATURES = (
    *(f"segment:{segment}" for segment in SEGMENTS),
    *(f"part:{part}" for part in MINUTES),
    *(f"segment:{segment}&part:{part}" for segment in SEGMENTS for part in MINUTES),
)


@dataclass
class Window:
    """True rates summed over some taps: of what was shown, of the best, of each offer alone."""

    shown: float
    oracle: float
    fixed: dict[str, float]

    @property
    def random(self) -> float:
        """What offers shown at random come to."""
        return sum(self.fixed.values()) / len(self.fixed)

    @property
    def best_fixed(self) -> float:
        """What the best single offer comes to."""
        return max(self.fixed.values())


def measure(seed: int, seeds: int) -> str:
    """Return the figures as JSON: means over the seeds from ``seed`` on, and the worst of them."""
    figures: dict[str, float | int | str] = {"p99_ms": choice_ms(seed)}
    ran = {name: [_run(make(one), one) for one in range(seed, seed + seeds)] for name, make in WORLDS.items()}
    for name, runs in ran.items():
        last = [windows[-1] for windows, _ in runs]
        figures |= {
            f"oracle_share_{name}": fmean(one.shown / one.oracle for one in last),
            f"oracle_share_{name}_worst": min(one.shown / one.oracle for one in last),
            f"best_fixed_share_{name}": fmean(one.best_fixed / one.oracle for one in last),
            f"random_share_{name}": fmean(one.random / one.oracle for one in last),
            f"times_random_{name}": fmean(one.shown / one.random for one in last),
        }
    every = [run for runs in ran.values() for run in runs]
    figures["times_random"] = min(float(figures[f"times_random_{name}"]) for name in WORLDS)
    late = [windows[1:] for windows, _ in every]
    figures["beside_best_fixed_worst"] = min(_beside(windows) for windows in late)
    figures["beside_best_fixed_worst_window"] = min(_beside([one]) for windows in late for one in windows)
    figures["guard_alerts"] = sum(alerts for _, alerts in every)
    return as_json(figures | {"seed": seed, "seeds": seeds, "taps": TAPS})


def _run(world: World, seed: int) -> tuple[list[Window], int]:
    """Let guests tap through a world, and return each window of taps and how often the guard would object."""
    draw = random.Random(seed ^ 0x0FFE)  # noqa: S311  # guests to be had again
    active = {case: true_of(FEATURES, _facts(case)) for case in CASES}
    model, windows, alerts = Model(version=1, features=FEATURES), list[Window](), 0
    for begins in range(0, TAPS, WINDOW):
        window, watch = Window(0.0, 0.0, dict.fromkeys(OFFERS, 0.0)), Watch()
        for tap in range(begins, begins + WINDOW):
            case = draw.choice(CASES)
            rates = {offer: world.rate(offer, case, tap) for offer in OFFERS}
            ranked = rank(model, OFFERS, active[case], draw=draw.getrandbits(64))
            first = ranked.arms[0]
            taken = draw.random() < rates[first]
            model = learned(model, first, active[case], reward=float(taken))
            watch = watched(watch, first, ranked.propensity, reward=int(taken))
            window.shown += rates[first]
            window.oracle += max(rates.values())
            for offer, rate in rates.items():
                window.fixed[offer] += rate
        windows.append(window)
        alerts += better_fixed(watch) is not None
    return windows, alerts


def _beside(windows: list[Window]) -> float:
    """Return what was shown over these windows, beside the one offer that would have been best in them."""
    fixed = [sum(one.fixed[offer] for one in windows) for offer in OFFERS]
    return sum(one.shown for one in windows) / max(fixed)


def _facts(case: Case) -> dict[str, Fact]:
    segment, part = case
    return {"guest.segments": [segment], "now.minute": MINUTES[part]}
