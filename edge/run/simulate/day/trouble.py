"""Trouble: what goes wrong in the course of the day, each at its hour, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge.run.simulate.day.machines import Machines
from edge.run.simulate.day.plan import MINUTE_MS
from edge.run.simulate.day.told import Befell
from hardware.port import DeviceState, State

HOUR_MS = 3_600_000
NORTH, SOUTH, PARK, STORE = range(4)
BROKEN_READER = "north-2"


class Trouble(NamedTuple):
    """One thing that happens, when, where, and in words for the page; ``ends``: it takes back another."""

    at_ms: int
    words: str
    edges: tuple[int, ...]
    do: Callable[[Machines], None]
    ends: str = ""

    def happens(self, day: Machines) -> None:
        """Let it happen, and write it down; what ends by itself or by another is written down then."""
        if self.ends:
            for one in day.told.befell:
                if one.words == self.ends:
                    day.ended(one)
        else:
            befell = Befell(
                words=self.words, from_ms=day.now_ms, edges=self.edges, taps=day.taps_at(self.edges)
            )
            day.told.befell.append(befell)
        self.do(day)


def _at(clock: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    return (hours * 60 + minutes) * MINUTE_MS


def _cut(*edges: int) -> Callable[[Machines], None]:
    return lambda day: day.weather.cut.update(edges)


def _mend(*edges: int) -> Callable[[Machines], None]:
    return lambda day: day.mended(edges)


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


EVERYWHERE = (NORTH, SOUTH, PARK, STORE)
DARK = "no way to central from anywhere"
CLOCK = "somebody sets the clock in the south three days ahead, then five hours back"
READER = "a reader in the north is gone"
CABLE = "the store's cable is pulled"
TROUBLES = (
    Trouble(
        _at("10:30"),
        "the gates' machine in the north is killed just after it has written an entry",
        (NORTH,),
        _kill(NORTH, "after"),
    ),
    Trouble(_at("12:00"), DARK, EVERYWHERE, _cut(*EVERYWHERE)),
    Trouble(
        _at("12:20"),
        "the bars' machine is killed before it has written a payment, in the dark",
        (PARK,),
        _kill(PARK, "before"),
    ),
    Trouble(_at("13:00"), "the internet is back", EVERYWHERE, _mend(*EVERYWHERE), ends=DARK),
    Trouble(_at("14:00"), CLOCK, (SOUTH,), _set(SOUTH, 72 * HOUR_MS)),
    Trouble(_at("14:40"), "and then five hours back", (SOUTH,), _set(SOUTH, -5 * HOUR_MS), ends="nothing"),
    Trouble(_at("15:00"), READER, (NORTH,), _reader(NORTH, BROKEN_READER, State.LOST)),
    Trouble(_at("15:20"), "the clock in the south is put right", (SOUTH,), _set(SOUTH, 0), ends=CLOCK),
    Trouble(
        _at("15:45"),
        "the reader is plugged in again",
        (NORTH,),
        _reader(NORTH, BROKEN_READER, State.IDLE),
        ends=READER,
    ),
    Trouble(_at("16:00"), CABLE, (STORE,), _cut(STORE)),
    Trouble(_at("16:30"), "the store is connected again", (STORE,), _mend(STORE), ends=CABLE),
    Trouble(
        _at("17:10"),
        "the store's machine is killed just after it has written a payment",
        (STORE,),
        _kill(STORE, "after"),
    ),
)
