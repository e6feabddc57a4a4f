"""How many tests of this session ran against each real part, and which parts were missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.real.parts import PARTS, Part


@dataclass(slots=True)
class Counts:
    """Filled while the session runs, printed at its end."""

    ran: Counter[str] = field(default_factory=Counter)
    missing: set[str] = field(default_factory=set)

    def note_run(self, parts: tuple[Part, ...]) -> None:
        """One test has run its body against these parts."""
        self.ran.update(part.name for part in parts)

    def note_missing(self, parts: tuple[Part, ...]) -> None:
        """One test could not run: remember which of its parts is not here."""
        self.missing.update(part.name for part in parts if not part.is_here())

    def told(self) -> dict[str, object]:
        """What one worker of several hands over at its end."""
        return {"ran": dict(self.ran), "missing": sorted(self.missing)}

    def add(self, told: dict[str, Any]) -> None:
        """Take in what a worker has counted."""
        self.ran.update(told["ran"])
        self.missing.update(told["missing"])

    def lines(self) -> list[str]:
        """One line of figures; one loud line for each part that was asked for and is missing."""
        ran = ", ".join(f"{name} {count}" for name, count in sorted(self.ran.items())) or "none"
        lost = [f"NOT RUN against {name}. To have it: {PARTS[name].install}" for name in sorted(self.missing)]
        return [f"real parts: {ran}", *lost]
