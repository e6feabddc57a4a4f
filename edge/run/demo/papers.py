"""The demo's receipt printers: real drivers, and paper that the page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.errors import Unknown
from hardware.port import Printer
from hardware.printer import EscposPrinter
from hardware.virtual.printer import Paper, PaperSlip
from kiosk.park import DemoPrinter, DemoRow, DemoSlip

PRINTERS = {"bar-1": "printer-bar-1"}
"""Each till's printer by the point that it stands at."""
SHOWN_MAX = 3
"""Slips of a printer that the page shows; the page is told of all of them at each change."""


class Papers:
    """Every printer's cable and paper; ``came`` is called when something came out."""

    def __init__(self, came: Callable[[], None]) -> None:
        """Begin with empty trays and plugged cables."""
        self._rolls = {point: Paper(lambda _slip: came()) for point in PRINTERS}

    def printers(self) -> Mapping[str, Printer]:
        """Return the drivers by point, as an edge takes them."""
        return {point: EscposPrinter(PRINTERS[point], roll) for point, roll in self._rolls.items()}

    def plug(self, printer: str, plugged: bool) -> None:
        """Pull or plug a printer's cable."""
        for point, name in PRINTERS.items():
            if name == printer:
                self._rolls[point].plugged = plugged
                return
        raise Unknown(
            f"There is no printer {printer!r}.", hint=f"The printers are {', '.join(PRINTERS.values())}."
        )

    def clear(self) -> None:
        """Plug every cable and take the paper away."""
        for roll in self._rolls.values():
            roll.plugged = True
            roll.slips.clear()

    def shown(self, names: Mapping[str, dict[str, str]]) -> tuple[DemoPrinter, ...]:
        """Say how each printer stands; ``names`` are those of the points."""
        return tuple(
            DemoPrinter(
                id=PRINTERS[point],
                point=point,
                names=names[point],
                plugged=roll.plugged,
                slips=tuple(map(_slip, tuple(roll.slips)[: -SHOWN_MAX - 1 : -1])),
            )
            for point, roll in self._rolls.items()
        )


def _slip(slip: PaperSlip) -> DemoSlip:
    rows = tuple(
        DemoRow(text=row.text, big=row.big, strong=row.strong, centred=row.centred) for row in slip.rows
    )
    return DemoSlip(rows=rows, code=slip.code, coupon=slip.coupon)
