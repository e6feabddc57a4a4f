"""Presence: how surely a guest at a kiosk is noticed, on simulated walks, beside two plain averages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from edge.core.presence import Heard, Nearness, Receiver, Whereabouts
from edge.run.bench.figures import as_json, percentile
from edge.run.bench.walks import Visit, approach, many, still, walk_by
from hardware.virtual.air import Air, Level

BAND = bytes(16)
KIOSK = Receiver(name="kiosk", point="kiosk", ref_1m_dbm=-59)
LOOK_MS = 250
EWMA_PERCENT = 30
SILENCE_MS = 8_000
HOUR_MS = 3_600_000
CONDITIONS = {
    "steps8": Air(step_db=8),
    "every1s": Air(interval_ms=1_000),
    "every100ms": Air(interval_ms=100),
    "loss50": Air(loss=0.5),
    "rayleigh": Air(rician_k=0),
}
"""Other air than the textbook's: BlueZ's coarse levels, seldom, often, half of it lost, no direct path."""


class Judge(Protocol):
    """Says, from what is heard, whether a band is at the kiosk."""

    def hear(self, level: Level) -> None:
        """Take one advertisement."""

    def look(self, now_ms: int) -> bool:
        """Say where the band is now."""


class Ours:
    """What `polso run` does with what a radio hears."""

    def __init__(self, *, coarse: bool = False) -> None:
        """Begin with nobody heard; ``coarse``: by a radio in privacy mode."""
        self._somebody = Whereabouts({KIOSK.name: replace(KIOSK, coarse=coarse)})

    def hear(self, level: Level) -> None:
        """Take one advertisement."""
        self._somebody.hear(Heard(BAND, KIOSK.name, level.at_ms, level.rssi))

    def look(self, now_ms: int) -> bool:
        """Say where the band is now."""
        self._somebody.look(now_ms)
        return Nearness.AT_KIOSK in self._somebody.zones


class Average:
    """An exponentially weighted average with two thresholds in dBm: what most who do this use."""

    def __init__(self, enter: float, leave: float) -> None:
        """Begin with nobody heard."""
        self._enter, self._leave = enter, leave
        self._level: float | None = None
        self._inside, self._last_ms = False, 0

    def hear(self, level: Level) -> None:
        """Take one advertisement."""
        before = level.rssi if self._level is None else self._level
        self._level = before + EWMA_PERCENT / 100 * (level.rssi - before)
        self._last_ms = level.at_ms

    def look(self, now_ms: int) -> bool:
        """Say where the band is now."""
        silent = now_ms - self._last_ms > SILENCE_MS
        if self._level is not None:
            self._inside = not silent and self._level >= (self._leave if self._inside else self._enter)
        return self._inside


JUDGES: dict[str, Callable[[], Judge]] = {
    "": Ours,
    "ewma_": lambda: Average(-63.5, -63.5),
    "ewma_wide_": lambda: Average(-60, -72),
}


class Span(NamedTuple):
    """Between two moments a band was held to be at the kiosk."""

    since_ms: int
    until_ms: int


class Crowd(NamedTuple):
    """The same visits for every judge."""

    approaches: list[Visit]
    passing: list[Visit]
    standing: dict[str, list[Visit]]

    @classmethod
    def of(cls, air: Air, seed: str, *, visits: int, runs: int) -> Crowd:
        """Draw so many approaches and walks past, and so many times ten minutes at each distance."""
        return cls(
            [approach(*one) for one in many(visits, air, f"{seed}/approach")],
            [walk_by(*one) for one in many(visits, air, f"{seed}/past")],
            {
                name: [still(metres, *one) for one in many(runs, air, f"{seed}/{name}")]
                for name, metres in (("1m", 1.0), ("2_6m", 2.6), ("4m", 4.0))
            },
        )


def measure(seed: int, visits: int, runs: int) -> str:
    """Return the figures as JSON: ours without a prefix, the averages' and other air's with one."""
    figures: dict[str, float | int | str] = {"seed": seed, "visits": visits, "runs": runs}
    crowd = Crowd.of(Air(), f"{seed}", visits=visits, runs=runs)
    for prefix, judge in JUDGES.items():
        figures |= {f"{prefix}{name}": value for name, value in judged(crowd, judge).items()}
    for name, air in CONDITIONS.items():
        other = Crowd.of(air, f"{seed}/{name}", visits=visits // 2, runs=runs // 2)
        found = judged(other, partial(Ours, coarse=air.step_db > 1))
        figures |= {f"{name}_{key}": value for key, value in found.items()}
    return as_json(figures)


def judged(crowd: Crowd, judge: Callable[[], Judge]) -> dict[str, float]:
    """Return what one judge makes of a crowd."""
    came = [(visit.near_ms, list(spans(visit, judge()))) for visit in crowd.approaches]
    enters = [max(0, since_ms - near[0]) for near, found in came for since_ms in _first(found, near)]
    exits = [found[-1].until_ms - near[1] for near, found in came if found and found[-1].until_ms > near[1]]
    drops = [sum(near[0] < one.until_ms < near[1] for one in found) for near, found in came]
    past = [any(spans(visit, judge())) for visit in crowd.passing]
    figures = {
        "enter_p50_s": percentile(enters, 0.5) / 1_000,
        "enter_p95_s": percentile(enters, 0.95) / 1_000,
        "missed": 1 - len(enters) / len(came),
        "exit_p95_s": percentile(exits, 0.95) / 1_000,
        "drops_per_visit": sum(drops) / len(came),
        "walkby_false": sum(past) / len(past),
    }
    for name, visits in crowd.standing.items():
        figures |= _stood(name, [(visit, list(spans(visit, judge()))) for visit in visits])
    return figures


def _first(found: Iterable[Span], near: tuple[int, int]) -> Iterator[int]:
    """Yield when a guest was first noticed, if that was before they left."""
    since_ms = next((one.since_ms for one in found), near[1])
    if since_ms < near[1]:
        yield since_ms


def _stood(name: str, runs: list[tuple[Visit, list[Span]]]) -> dict[str, float]:
    hours = sum(visit.ends_ms for visit, _ in runs) / HOUR_MS
    inside_ms = sum(one.until_ms - one.since_ms for _, found in runs for one in found)
    exits = sum(one.until_ms < visit.ends_ms for visit, found in runs for one in found)
    if name == "1m":
        return {"exits_per_h_1m": exits / hours, "inside_1m": inside_ms / HOUR_MS / hours}
    return {f"enters_per_h_{name}": sum(len(found) for _, found in runs) / hours}


def spans(visit: Visit, judge: Judge) -> Iterator[Span]:
    """Yield when a judge holds a band to be at the kiosk; one that lasts ends with the visit."""
    since_ms, place = None, 0
    for now_ms in range(LOOK_MS, visit.ends_ms + 1, LOOK_MS):
        while place < len(visit.heard) and visit.heard[place].at_ms <= now_ms:
            judge.hear(visit.heard[place])
            place += 1
        inside = judge.look(now_ms)
        if inside and since_ms is None:
            since_ms = now_ms
        elif not inside and since_ms is not None:
            yield Span(since_ms, now_ms)
            since_ms = None
    if since_ms is not None:
        yield Span(since_ms, visit.ends_ms)
