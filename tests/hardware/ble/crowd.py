"""A crowd of strangers on air, in a process of its own: `python -m tests.hardware.ble.crowd BUS`."""

from __future__ import annotations

import asyncio
import sys

from hardware.virtual.radio import Advert, Bluez, adapter, bluez
from hardware.virtual.radio.bluez import BURST
from tests.hardware.ble.conftest import STRANGER, a_band, address

FORGOTTEN_S, LOOK_S = 0.1, 0.02
"""What bluetoothd keeps for half a minute and looks at each second, so that a day is over in a minute."""


ABOUT_MAX = 500
"""Strangers who are about at the same time: what is measured is what stays of those who left."""


async def fewer(radio: Bluez, than: int) -> None:
    """Wait until no more are about."""
    while sum(len(one.devices) for one in radio.adapters.values()) > than:
        await radio.settled()


async def send(bus: str) -> None:
    """Send so many advertisements as each line of our input says, each from an address of its own."""
    adapter.FORGOTTEN_S, bluez.FORGET_S = FORGOTTEN_S, LOOK_S
    radio, sent = Bluez("hci0"), 0
    await radio.start(bus)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        for _ in range(int(line) // BURST):
            numbers = range(sent, sent + BURST)
            radio.hear(*(Advert(address(number + 2**32), STRANGER, -70 - number % 9) for number in numbers))
            sent += BURST
            await radio.settled()
            await fewer(radio, ABOUT_MAX)
        await fewer(radio, 0)
        radio.hear(a_band(7, sent // BURST % 256))
        await radio.settled()
        print(sent, flush=True)
    await radio.crash()


if __name__ == "__main__":
    asyncio.run(send(sys.argv[1]))
