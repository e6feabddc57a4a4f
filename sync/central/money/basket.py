"""A basket as central has heard of it: what is held, what was sold, what went back."""

from __future__ import annotations

import msgspec

from edge.core.basket import Line
from edge.core.payment import Leg


class Op(msgspec.Struct, frozen=True, kw_only=True):
    """One op, from its first part to its last void or refund."""

    id: str
    device: str
    currency: str
    point: str = ""
    staff: str = ""
    wallet: str = ""
    state: str = ""
    total_minor: int = 0
    held_minor: int = 0
    captured_minor: int = 0
    voided_minor: int = 0
    refunded_minor: int = 0
    at_ms: int = 0
    legs: tuple[Leg, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def left_minor(self) -> int:
        """What of it was sold and has not gone back."""
        return self.captured_minor - self.voided_minor - self.refunded_minor
