"""A band's radio: identity, address and count change at one moment, and nothing else is its own."""

from __future__ import annotations

import random

from hardware.ble.eid import K_DEFAULT, identity, temporary_key
from hardware.ble.frames import BATTERY_MAX, BandFrame

POWER_1M_DBM = -59
"""Of the make, not measured for each band: that would be a name."""
TOLD_OF = 8
"""A band says how its battery is in one period of so many, at random, and else that it is full: two bits that
are always true tell a band from most others (.docs/decisions/0030)."""
ADDRESS_BYTES = 6
_PRIVATE = 0b00111111
"""What stays of the first octet: a non-resolvable private address (Core Specification, Vol. 6 B, 1.3.2.2)."""


class BandRadio:
    """Sends what a band with this key sends; its own clock is ``offset_s`` ahead of the place's."""

    def __init__(
        self, key: bytes, *, chance: random.Random, battery: int = BATTERY_MAX, offset_s: int = 0
    ) -> None:
        """Have sent nothing yet."""
        self._key, self._chance, self._offset_s = key, chance, offset_s
        self.battery = battery
        self._period = -1
        self.address, self._name, self._count, self._said = "", b"", 0, BATTERY_MAX

    def says(self, place_s: int) -> BandFrame:
        """Return the next advertisement; it goes out from ``address``."""
        time_s = place_s + self._offset_s
        if time_s >> K_DEFAULT != self._period:
            self._period = time_s >> K_DEFAULT
            self._name = identity(temporary_key(self._key, time_s), time_s, K_DEFAULT)
            self._renew()
        self._count = (self._count + 1) & 0xFF
        return BandFrame(self._name, POWER_1M_DBM, self._count, self._said)

    def _renew(self) -> None:
        octets = bytearray(self._chance.randbytes(ADDRESS_BYTES))
        octets[0] &= _PRIVATE
        self.address = octets.hex(":").upper()
        self._count = self._chance.randrange(256)
        self._said = self.battery if self._chance.randrange(TOLD_OF) == 0 else BATTERY_MAX
