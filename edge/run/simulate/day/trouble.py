"""Trouble: what goes wrong in the course of the day, each at its hour."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge.run.simulate.day.machines import Machines
from edge.run.simulate.day.plan import MINUTE_MS
from hardware.port import DeviceState, State

HOUR_MS = 3_600_000
NORTH, SOUTH, PARK, STORE = range(4)
BROKEN_READER = "north-2"


class Trouble(NamedTuple):
    """One thing that happens, when, and in words for the page."""

    at_ms: int
    words: str
    do: Callable[[Machines], None]


def _at(clock: str, words: str, do: Callable[[Machines], None]) -> Trouble:
    hours, minutes = map(int, clock.split(":"))
    return Trouble((hours * 60 + minutes) * MINUTE_MS, words, do)


def _cut(*edges: int) -> Callable[[Machines], None]:
    return lambda day: day.weather.cut.update(edges)


def _mend(*edges: int) -> Callable[[Machines], None]:
    return lambda day: day.weather.cut.difference_update(edges)


def _kill(edge: int, when: str) -> Callable[[Machines], None]:
    def kill(day: Machines) -> None:
        day.devices[edge].books.dies = when

    return kill


def _set(edge: int, off_ms: int) -> Callable[[Machines], None]:
    def set_clock(day: Machines) -> None:
        day.devices[edge].hands.wall_off_ms = off_ms

    return set_clock


def _reader(edge: int, point: str, state: State) -> Callable[[Machines], None]:
    def report(day: Machines) -> None:
        day.devices[edge].service.report(DeviceState(point, state, "unplugged", at_ns=0))
        (day.gone.add if state is State.LOST else day.gone.discard)(point)

    return report


TROUBLES = (
    _at(
        "10:30",
        "the gates' machine in the north is killed just after it has written an entry",
        _kill(NORTH, "after"),
    ),
    _at("12:00", "no way to central from anywhere, for an hour", _cut(NORTH, SOUTH, PARK, STORE)),
    _at(
        "12:20",
        "the bars' machine is killed before it has written a payment, in the dark",
        _kill(PARK, "before"),
    ),
    _at("13:00", "the internet is back", _mend(NORTH, SOUTH, PARK, STORE)),
    _at("14:00", "somebody sets the clock in the south three days ahead", _set(SOUTH, 72 * HOUR_MS)),
    _at("14:40", "and then five hours back", _set(SOUTH, -5 * HOUR_MS)),
    _at("15:00", "a reader in the north is gone", _reader(NORTH, BROKEN_READER, State.LOST)),
    _at("15:20", "the clock in the south is put right", _set(SOUTH, 0)),
    _at("15:45", "the reader is plugged in again", _reader(NORTH, BROKEN_READER, State.IDLE)),
    _at("16:00", "the store's cable is pulled, for half an hour", _cut(STORE)),
    _at("16:30", "the store is connected again", _mend(STORE)),
    _at("17:10", "the store's machine is killed just after it has written a payment", _kill(STORE, "after")),
)
