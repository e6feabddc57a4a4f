"""What the guest tells its host."""

from __future__ import annotations

import msgspec

from tests.hardware.ble.scenario import Counted


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The scenario's counts, and how long the product was deaf after each fault."""

    counted: Counted
    restarted_s: float
    """From a killed bluetoothd's next start until it is listened again."""
    cycled_s: float
    """From a switched-off adapter's next start until it is listened again."""
    after: list[int]
    """Levels heard after both."""
