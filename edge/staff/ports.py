"""What staff and screens need of the store: its transactions and the roster that central keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from edge.core.profiles import StaffMember
from edge.sequencer import Transaction

T = TypeVar("T")


class Commits(Protocol):
    """The sequencer, as far as staff need it."""

    def submit(self, act: Callable[[Transaction], T], /) -> T:
        """Run ``act`` inside a durable transaction and return its answer after the commit."""


class Roster(Protocol):
    """The profiles, as far as staff need them."""

    def staff(self) -> Iterable[StaffMember]:
        """Return everybody who may work at this site, as central last said."""


class Time(Protocol):
    """The clock, as far as staff need it."""

    def now_ms(self) -> int:
        """Return corrected UTC milliseconds."""
