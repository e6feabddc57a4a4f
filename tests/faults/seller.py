"""A till in processes that die: each sells one basket and kills itself at one chosen step of it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from edge.payviews import BasketState, BasketView
from edge.service.payments import chest
from tests.faults.wares import BASKETS, EVERY, VOUCHERS, Wares
from tests.service.house import House, an_edge
from tests.service.purses import SOUP, TILL, a_guest, cashier, granted, payments

PRICE = SOUP.price_minor
MONEY = 10**9
"""So much of each lease: no schedule is long enough to use it up."""
DEATHS_EACH = 50
"""So often one till, or one gate, dies before another one goes on."""
SOUPS = BASKETS["money"]
PRODUCT = ("/edge/", "/hardware/")
Told = dict[str, object]


class Steps:
    """Counts the product's own lines once armed, in every thread, and kills the process at the chosen one."""

    def __init__(self, kill_at: int) -> None:
        """Kill at the n-th line after ``arm``; 0: never, only count."""
        self.count, self._kill_at, self._armed = 0, kill_at, False

    def watch(self) -> None:
        """Follow this thread and all that start from now on."""
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def arm(self) -> None:
        """Begin to count."""
        self._armed = True

    def disarm(self) -> None:
        """Count no more."""
        self._armed = False

    def _enter(self, frame: FrameType, event: str, arg: object) -> Callable[..., object] | None:
        if not self._armed or not any(part in frame.f_code.co_filename for part in PRODUCT):
            return None
        return self._line

    def _line(self, frame: FrameType, event: str, arg: object) -> Callable[..., object]:
        if self._armed and event == "line":
            self.count += 1
            if self.count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line


def op_of(number: int) -> str:
    """The op_id of the n-th basket."""
    return f"op-kill-{number:08}"


def tap(house: House, number: int) -> BasketView:
    """The guest's band at the till's reader, a new presentation each time."""
    seq = number * 1_000 + next(house.seqs)
    house.service.present(
        house.tap(reader="reader-till", seq=seq, counter=seq, tap_id=f"reader-till:k:{seq}")
    )
    return house.service.basket(TILL)


def sell(house: House, number: int, wares: Wares = SOUPS) -> BasketView:
    """Ring up, await, tap: from whatever stands there, as a cashier would go on."""
    who, op_id = cashier(house), op_of(number)
    view = house.service.basket(TILL)
    if view.op_id != op_id:
        view = house.service.ring(who, TILL, op_id, lines=tuple(ware.line for ware in wares))
    if view.state is BasketState.OPEN:
        view = house.service.await_band(who, TILL, op_id)
    return tap(house, number) if view.state is not BasketState.APPROVED else view


def live(folder: Path, number: int, *, wares: Wares, kill_at: int, tell: Callable[[Told], None]) -> None:
    """One life: say what stands after the last death, finish that basket, then die in the next one."""
    steps = Steps(kill_at)
    steps.watch()
    began = time.monotonic()
    with an_edge(folder) as house:
        if number == 1 and not payments(house):
            a_guest(house, vouchers=VOUCHERS)
            granted(house, *(ware.grant(MONEY) for ware in EVERY))
        former = number - 1
        if former:
            found = house.service.basket(TILL)
            tell({"found": found.op_id, "state": found.state.value, "seq": found.seq})
            view = sell(house, former, wares)
            tell({"healed": former, "state": view.state.value, "took_ms": (time.monotonic() - began) * 1_000})
            tell({"books": books(house, wares)})
        steps.arm()
        view = sell(house, number, wares)
        tell({"told": number, "state": view.state.value, "seq": view.seq})
        steps.disarm()
        tell({"steps": steps.count})


def books(house: House, wares: Wares) -> list[int]:
    """What was sold by the journal, by its distinct ids, and by each lease that pays a part, in baskets.

    A lease that pays none of it must have lost nothing.
    """
    accepted = [payment.op_id for payment in payments(house) if payment.state is not None]
    leases = house.sequencer.submit(lambda tx: {ware: chest.lease_by(tx, ware.lease) for ware in EVERY})
    touched = [ware.sold(leases[ware]) for ware in EVERY if ware not in wares]
    assert not any(touched), touched
    return [len(accepted), len(set(accepted)), *(ware.sold(leases[ware]) for ware in wares)]


def in_a_process(live: Callable[[Callable[[Told], None]], None]) -> tuple[list[Told], int]:
    """Fork one life, handing it what it tells by; return what it told before it ended, and how it ended."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        status = 1
        try:
            live(lambda told: _write(writer, told))
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = [json.loads(line) for line in pipe if line.endswith("\n")]
    return told, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _write(descriptor: int, told: Told) -> None:
    os.write(descriptor, (json.dumps(told) + "\n").encode())


def die_often(live: Callable[..., None], folder: Path, rounds: int) -> None:
    """Find out how many steps an act has, then die at so many of them, evenly from the first to the last.

    After so many deaths another one goes on in a folder of its own: each life reads again all that is in its
    books, and of hundreds of deaths that would be most of the time.
    """
    for first in range(0, rounds, DEATHS_EACH):
        _die_in_turn(
            partial(live, folder / str(first)), range(first, min(first + DEATHS_EACH, rounds)), rounds
        )


def _die_in_turn(live: Callable[..., None], turns: range, rounds: int) -> None:
    """Die once a turn, of so many turns over all steps; the first and the last life come to their ends."""

    def one(number: int, kill_at: int) -> tuple[list[Told], int]:
        return in_a_process(lambda tell: live(number, kill_at=kill_at, tell=tell))

    told, status = one(1, 0)
    steps = next(int(str(one["steps"])) for one in told if "steps" in one)
    _out({"steps": steps, "status": status})
    deaths = [1 + turn * steps // rounds for turn in turns]
    for number, kill_at in enumerate([*deaths, 0], start=2):
        told, status = one(number, kill_at)
        _out({"number": number, "kill_at": kill_at, "status": status, "told": told})


def _out(line: Told) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    die_often(partial(live, wares=BASKETS[sys.argv[2]]), Path(sys.argv[1]), int(sys.argv[3]))
