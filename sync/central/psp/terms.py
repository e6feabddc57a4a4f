"""Terms: how much a guest agreed to be charged without being asked."""

from __future__ import annotations

from typing import NamedTuple

from edge.errors import Refused


class Limits(NamedTuple):
    """How much may be charged without the guest, in minor units of the wallet's currency."""

    charge: int
    day: int
    month: int


def demand_rising(limits: Limits) -> None:
    """Refuse limits of which a longer one allows less than a shorter one."""
    if not 0 < limits.charge <= limits.day <= limits.month:
        raise Refused(
            "The limits go from one charge over a day to a month.", hint="Give each more than the last."
        )
