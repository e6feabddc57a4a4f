"""The watch over the bus: bluetoothd that went or came, an adapter that was switched; bleak tells neither."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from dbus_fast import BusType, DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

LOG = logging.getLogger(__name__)
BLUEZ, ADAPTER = "org.bluez", "org.bluez.Adapter1"
BUS, PROPERTIES = "org.freedesktop.DBus", "org.freedesktop.DBus.Properties"
AGAIN_S = 1.0
CYCLE_S = 0.5
"""So long an adapter stays off before it is switched on again."""
RULES = (
    f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{BLUEZ}'",
    f"type='signal',sender='{BLUEZ}',interface='{PROPERTIES}',path_namespace='/org/bluez',arg0='{ADAPTER}'",
)
LOST = (OSError, EOFError, DBusError)


class Bus:
    """Our own ear on the system's bus, beside bleak's."""

    def __init__(self, changed: Callable[[str], object]) -> None:
        """``changed`` hears which adapter it was, or nothing for all of them."""
        self._changed = changed
        self._bus: MessageBus | None = None
        self._up = asyncio.Event()

    async def keep(self) -> None:
        """Listen until cancelled, on a new connection whenever the bus went away."""
        while True:
            try:
                self._bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
                self._bus.add_message_handler(self._heard)
                for rule in RULES:
                    await self._call(BUS, "/org/freedesktop/DBus", BUS, "AddMatch", "s", rule)
                self._up.set()
                await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # as dbus-fast ships it
            except LOST as fault:
                LOG.info("system bus: %s", fault or type(fault).__name__)
            await self.close()
            self._changed("")
            await asyncio.sleep(AGAIN_S)

    async def is_off(self, adapter: str) -> bool:
        """Say whether this adapter is switched off: monitors can be registered there all the same."""
        try:
            await asyncio.wait_for(self._up.wait(), AGAIN_S)
            reply = await self._call(
                BLUEZ, f"/org/bluez/{adapter}", PROPERTIES, "Get", "ss", ADAPTER, "Powered"
            )
        except (*LOST, TimeoutError):  # no bus now, or no adapter: what listens by it says so itself
            return False
        return reply is not None and not reply.body[0].value

    async def cycle(self, adapter: str) -> None:
        """Switch an adapter off and on: what is left where nothing else helps."""
        for on in (False, True):
            with contextlib.suppress(*LOST, AttributeError):  # no bus now: the next round tries again
                told = (ADAPTER, "Powered", Variant("b", on))
                await self._call(BLUEZ, f"/org/bluez/{adapter}", PROPERTIES, "Set", "ssv", *told)
            await asyncio.sleep(CYCLE_S)

    async def close(self) -> None:
        """Leave the bus; harmless if repeated."""
        self._up.clear()
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.disconnect()

    async def _call(self, *to: str | Variant) -> Message | None:
        destination, path, interface, member, signature, *body = to
        message = Message(
            destination=str(destination),
            path=str(path),
            interface=str(interface),
            member=str(member),
            signature=str(signature),
            body=list(body),
        )
        if self._bus is None:
            raise ConnectionError("there is no system bus")
        reply = await self._bus.call(message)
        if reply is not None and reply.message_type is MessageType.ERROR:
            raise DBusError(str(reply.error_name), str(reply.body))
        return reply

    def _heard(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.member == "NameOwnerChanged" and message.body[0] == BLUEZ:
            self._changed("")
        elif message.member == "PropertiesChanged" and "Powered" in message.body[1]:
            self._changed((message.path or "").rpartition("/")[2])
