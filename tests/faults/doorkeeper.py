"""A gate in processes that die: each lets one guest in and kills itself at one chosen step of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from edge.core.entitlements import Redemption, Reentry
from edge.views import StaffView
from tests.builders import a_day_ticket
from tests.faults.seller import Steps, Told, die_often
from tests.service.house import House, an_edge, band_of, worn


class Openings(list[tuple[str, int, int]]):
    """What the gate did, told at once: whoever dies afterwards has opened it all the same."""

    def __init__(self, tell: Callable[[Told], None]) -> None:
        """Tell by this."""
        super().__init__()
        self._tell = tell

    def append(self, opening: tuple[str, int, int], /) -> None:
        """Tell of one opening."""
        self._tell({"opened": opening[0]})
        super().append(opening)


def uid_of(number: int) -> bytes:
    """The chip of the n-th guest."""
    return b"\x04" + number.to_bytes(6, "big")


def tap_id_of(number: int, presentation: int = 0) -> str:
    """The id of a presentation of the n-th guest's band."""
    return f"reader-1:kill:{number}-{presentation}"


def ticket_of(number: int) -> str:
    """The n-th guest's right: one entry, and none again."""
    return f"ticket-{number}"


def expect(house: House, number: int) -> None:
    """Let central tell of the n-th guest."""
    ticket = a_day_ticket(ticket_of(number), reentry=Reentry.NEVER)
    house.tell(worn(house, uid_of(number), guest=f"guest-{number}", entitlements=(ticket,)))


def present(house: House, number: int, presentation: int = 0) -> StaffView:
    """Hold the n-th guest's band to the gate: the same presentation, or another one."""
    tap_id = tap_id_of(number, presentation)
    return house.service.present(house.tap(uid_of(number), tap_id=tap_id, counter=1 + presentation))


def valid_uses(house: House, number: int) -> int:
    """How many uses of the n-th right stand."""
    held = house.sequencer.submit(lambda tx: tx.held(band_of(house, uid_of(number)), (ticket_of(number),)))
    return sum(use.redemption is Redemption.VALID for use in held.uses)


def live(folder: Path, number: int, *, kill_at: int, tell: Callable[[Told], None]) -> None:
    """One life: the guest of the last death holds the same tap out again, then another one; then the next."""
    steps = Steps(kill_at)
    steps.watch()
    began = time.monotonic()
    with an_edge(folder) as house:
        house.gate.opened = Openings(tell)
        former = number - 1
        if former:
            view = present(house, former)
            took_ms = (time.monotonic() - began) * 1_000
            tell({"found": former, "outcome": view.outcome, "seq": view.seq, "took_ms": took_ms})
            tell({"uses": valid_uses(house, former)})
            tell({"second": present(house, former, 1).reason})
        expect(house, number)
        steps.arm()
        view = present(house, number)
        tell({"told": number, "outcome": view.outcome, "seq": view.seq})
        steps.disarm()
        tell({"steps": steps.count})


if __name__ == "__main__":
    die_often(live, Path(sys.argv[1]), int(sys.argv[2]))
