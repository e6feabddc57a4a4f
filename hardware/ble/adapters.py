"""Adapters: which radios bluetoothd has, asked once for whoever sets a device up."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus

from hardware.ble.watch import ADAPTER, BLUEZ

MONITORS = "org.bluez.AdvertisementMonitorManager1"
ASK_S_MAX = 3.0


class Adapter(NamedTuple):
    """One adapter as bluetoothd has it."""

    powered: bool
    monitors: bool
    """Whether bluetoothd listens passively by it: it runs with ``--experimental``."""


def adapters() -> dict[str, Adapter]:
    """Return bluetoothd's adapters by name; raises ``OSError`` where there is no bus or no bluetoothd."""
    try:
        objects = asyncio.run(asyncio.wait_for(_objects(), ASK_S_MAX))
    except (DBusError, EOFError, TimeoutError) as error:
        raise OSError(f"bluetoothd does not answer: {str(error) or type(error).__name__}") from error
    found = {path.rpartition("/")[2]: one for path, one in objects.items() if ADAPTER in one}
    return {
        name: Adapter(bool(one[ADAPTER]["Powered"].value), MONITORS in one) for name, one in found.items()
    }


async def _objects() -> dict[str, dict[str, Any]]:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        reply = await bus.call(
            Message(
                destination=BLUEZ,
                path="/",
                interface="org.freedesktop.DBus.ObjectManager",
                member="GetManagedObjects",
            )
        )
    finally:
        bus.disconnect()
    if reply is None or reply.message_type is MessageType.ERROR:
        raise ConnectionError("bluetoothd does not run; start it with systemctl start bluetooth")
    objects: dict[str, dict[str, Any]] = reply.body[0]
    return objects
