"""The daemon: BlueZ's side of the bus, as bleak meets it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from dbus_fast import BusType, Message, MessageType, NameFlag, Variant
from dbus_fast.aio import MessageBus

from hardware.virtual.radio.adapter import SCAN_S, Adapter, Asked, Device, News, Pattern

NAME, ROOT, BUS = "org.bluez", "/org/bluez", "org.freedesktop.DBus"
ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
MONITORS, MONITOR = "org.bluez.AdvertisementMonitorManager1", "org.bluez.AdvertisementMonitor1"
OBJECTS, PROPERTIES = "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"
FORGET_S = 1.0
BURST = 10
"""Signals at once: more, and the bus's library takes a full socket for a dead one."""
LISTENS = (
    f"type='signal',interface='{OBJECTS}',member='InterfacesAdded'",
    f"type='signal',sender='{BUS}',member='NameOwnerChanged'",
)


class Advert(NamedTuple):
    """One advertisement as it arrives at an adapter; ``rssi`` in dBm."""

    address: str
    octets: bytes
    rssi: int
    adapter: str = "hci0"


class Bluez:
    """Lives inside one event loop; clients, monitors and devices end with it."""

    def __init__(self, *adapters: str, monitors: bool = True) -> None:
        """Have these adapters; without ``monitors`` it runs as without ``--experimental``."""
        self.adapters = {f"{ROOT}/{name}": Adapter(name) for name in adapters or ("hci0",)}
        self._monitors = monitors
        self._bus: MessageBus | None = None
        self._errors: dict[str, list[str]] = {}
        self._forgetting: asyncio.Task[None] | None = None

    async def start(self, address: str) -> None:
        """Take the daemon's name on a bus, with nothing heard yet."""
        bus = await MessageBus(bus_address=address, bus_type=BusType.SYSTEM).connect()
        self._bus = bus
        bus.add_message_handler(self._handle)
        for rule in LISTENS:
            await self._ask("AddMatch", rule)
        await bus.request_name(NAME, NameFlag.DO_NOT_QUEUE)
        self._forgetting = asyncio.create_task(self._forget())

    async def crash(self) -> None:
        """Be gone from the bus without a word; harmless if repeated."""
        if self._forgetting is not None:
            self._forgetting.cancel()
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None
        ends_s = time.monotonic() + SCAN_S
        self.adapters = {
            path: Adapter(
                one.name, one.powered, orphan_until_s=ends_s if one.sessions else one.orphan_until_s
            )
            for path, one in self.adapters.items()
        }

    def fail(self, member: str, *errors: str) -> None:
        """Answer the next calls of a method by these errors of BlueZ, without doing anything."""
        self._errors.setdefault(member, []).extend(errors)

    def power(self, adapter: str, *, on: bool) -> None:
        """Switch an adapter: off, its sessions are over; its monitors stay."""
        path = f"{ROOT}/{adapter}"
        one = self.adapters[path]
        one.powered = on
        if not on:
            one.sessions.clear()
            one.orphan_until_s = 0.0
        self._changed(
            path, ADAPTER, {"Powered": Variant("b", on), "Discovering": Variant("b", bool(one.sessions))}
        )

    def stall(self, adapter: str, *, empty: bool = False) -> None:
        """Hear nothing by an adapter until a scan begins anew; ``empty``: forget all that was heard, too."""
        path = f"{ROOT}/{adapter}"
        one = self.adapters[path]
        one.stalled = True
        if empty:
            self._gone(path, one.forget(math.inf))

    def hear(self, *adverts: Advert) -> None:
        """Have advertisements arrive, one after the other."""
        for advert in adverts:
            self._hear(advert)

    def _hear(self, advert: Advert) -> None:
        path = f"{ROOT}/{advert.adapter}"
        news = self.adapters[path].hear(advert.address, advert.octets, advert.rssi, now_s=time.monotonic())
        if news is None:
            return
        at = _path(path, news.device)
        if news.new:
            told = [at, {DEVICE: _device(path, news.device)}]
            self._signal("/", OBJECTS, "InterfacesAdded", signature="oa{sa{sv}}", body=told)
        else:
            self._changed(at, DEVICE, _changes(news))

    async def settled(self) -> None:
        """Wait until all that was heard is on its way."""
        if self._bus is not None:
            await self._ask("GetId")

    async def _ask(self, member: str, *words: str) -> None:
        assert self._bus is not None  # noqa: S101  # asked while it runs
        await self._bus.call(
            Message(
                destination=BUS,
                path="/org/freedesktop/DBus",
                interface=BUS,
                member=member,
                signature="s" * len(words),
                body=list(words),
            )
        )

    def _handle(self, message: Message) -> Message | None:
        if message.message_type is MessageType.SIGNAL:
            self._note(message)
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        errors = self._errors.get(message.member or "")
        if errors:
            if message.member == "StopDiscovery":  # it forgets the session all the same (bluez/bluez#807)
                self.adapters[message.path or ""].sessions.discard(message.sender or "")
            return Message.new_error(message, f"org.bluez.Error.{errors.pop(0)}", "as it was told to")
        if message.member == "GetManagedObjects":
            return self._objects(message)
        one = self.adapters.get(message.path or "")
        if one is None:
            return None
        does = {
            "SetDiscoveryFilter": self._set_filter,
            "StartDiscovery": self._start,
            "StopDiscovery": self._stop,
            "Set": self._set,
            "Get": self._get,
        }
        if self._monitors:
            does |= {"RegisterMonitor": self._register, "UnregisterMonitor": self._unregister}
        act = does.get(message.member or "")
        return None if act is None else act(one, message)

    def _note(self, message: Message) -> None:
        """Hear of a client's monitor, and of clients that are gone."""
        if message.member == "NameOwnerChanged" and message.body[1] and not message.body[2]:
            for one in self.adapters.values():
                gone = message.body[0]
                one.monitors = {at: patterns for at, patterns in one.monitors.items() if at[0] != gone}
                self._leave(one, gone)
        elif message.member == "InterfacesAdded" and MONITOR in message.body[1]:
            monitor = (message.sender or "", message.body[0])
            patterns = message.body[1][MONITOR]["Patterns"].value
            for one in self.adapters.values():
                if monitor in one.monitors:
                    one.monitors[monitor] = tuple(
                        Pattern(at, kind, bytes(rest)) for at, kind, rest in patterns
                    )

    def _objects(self, message: Message) -> Message:
        found: dict[str, dict[str, dict[str, Variant]]] = {}
        for path, one in self.adapters.items():
            found[path] = {ADAPTER: _adapter(one)}
            if self._monitors:
                found[path][MONITORS] = {"SupportedMonitorTypes": Variant("as", ["or_patterns"])}
            found.update(
                (_path(path, device), {DEVICE: _device(path, device)}) for device in one.devices.values()
            )
        return Message.new_method_return(message, "a{oa{sa{sv}}}", [found])

    def _set_filter(self, one: Adapter, message: Message) -> Message:
        asked = message.body[0]
        duplicates = "DuplicateData" in asked and bool(asked["DuplicateData"].value)
        one.asked[message.sender or ""] = Asked("RSSI" in asked or "Pathloss" in asked, duplicates)
        return Message.new_method_return(message)

    def _start(self, one: Adapter, message: Message) -> Message:
        client = message.sender or ""
        if not one.powered:
            return Message.new_error(message, "org.bluez.Error.NotReady", "Resource Not Ready")
        if client in one.sessions or time.monotonic() < one.orphan_until_s:
            return Message.new_error(message, "org.bluez.Error.InProgress", "Operation already in progress")
        if not one.sessions:
            one.begin(time.monotonic())
        one.sessions.add(client)
        self._changed(message.path or "", ADAPTER, {"Discovering": Variant("b", True)})
        return Message.new_method_return(message)

    def _stop(self, one: Adapter, message: Message) -> Message:
        client = message.sender or ""
        if client not in one.sessions:
            return Message.new_error(message, "org.bluez.Error.Failed", "No discovery started")
        self._leave(one, client)
        return Message.new_method_return(message)

    def _register(self, one: Adapter, message: Message) -> Message:
        one.monitors[message.sender or "", message.body[0]] = ()
        one.stalled = False
        return Message.new_method_return(message)

    def _unregister(self, one: Adapter, message: Message) -> Message:
        if one.monitors.pop((message.sender or "", message.body[0]), None) is None:
            return Message.new_error(message, "org.bluez.Error.DoesNotExist", "Does Not Exist")
        return Message.new_method_return(message)

    def _set(self, one: Adapter, message: Message) -> Message:
        interface, name, value = message.body
        if (interface, name) != (ADAPTER, "Powered"):
            return Message.new_error(message, "org.bluez.Error.NotSupported", name)
        self.power(one.name, on=bool(value.value))
        return Message.new_method_return(message)

    def _get(self, one: Adapter, message: Message) -> Message:
        interface, name = message.body
        known = _adapter(one) if interface == ADAPTER else {}
        if name not in known:
            return Message.new_error(message, "org.freedesktop.DBus.Error.InvalidArgs", name)
        return Message.new_method_return(message, "v", [known[name]])

    def _leave(self, one: Adapter, client: str) -> None:
        if client in one.sessions:
            one.sessions.discard(client)
            self._changed(f"{ROOT}/{one.name}", ADAPTER, {"Discovering": Variant("b", bool(one.sessions))})

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(FORGET_S)
            for path, one in self.adapters.items():
                gone = one.forget(time.monotonic())
                for start in range(0, len(gone), BURST):
                    self._gone(path, gone[start : start + BURST])
                    await self.settled()

    def _gone(self, adapter: str, devices: Iterable[Device]) -> None:
        for device in devices:
            told = [_path(adapter, device), [DEVICE]]
            self._signal("/", OBJECTS, "InterfacesRemoved", signature="oas", body=told)

    def _changed(self, path: str, interface: str, changed: dict[str, Variant]) -> None:
        told = [interface, changed, []]
        self._signal(path, PROPERTIES, "PropertiesChanged", signature="sa{sv}as", body=told)

    def _signal(self, path: str, interface: str, member: str, *, signature: str, body: list[Any]) -> None:
        if self._bus is not None:
            self._bus.send(Message.new_signal(path, interface, member, signature, body))


def _orphaned(one: Adapter) -> Adapter:
    """Return what is left of an adapter when its daemon dies: the kernel goes on with the scan."""
    until_s = time.monotonic() + SCAN_S if one.sessions else one.orphan_until_s
    return Adapter(one.name, one.powered, orphan_until_s=until_s)


def _path(adapter: str, device: Device) -> str:
    return f"{adapter}/dev_{device.address.replace(':', '_')}"


def _adapter(one: Adapter) -> dict[str, Variant]:
    return {
        "Address": Variant("s", "00:00:00:00:00:00"),
        "Powered": Variant("b", one.powered),
        "Discovering": Variant("b", bool(one.sessions)),
        "Roles": Variant("as", ["central", "peripheral"]),
    }


def _device(adapter: str, device: Device) -> dict[str, Variant]:
    return {
        "Adapter": Variant("o", adapter),
        "Address": Variant("s", device.address),
        "AddressType": Variant("s", "random"),
        "Alias": Variant("s", device.address.replace(":", "-")),
        "Connected": Variant("b", False),
        "Paired": Variant("b", False),
        "ServicesResolved": Variant("b", False),
        **_changes(News(device, True, True, bool(device.manufacturer), bool(device.service))),
    }


def _changes(news: News) -> dict[str, Variant]:
    told, one = {}, news.device
    if news.rssi:
        told["RSSI"] = Variant("n", one.rssi)
    if news.manufacturer:
        makers = {code: Variant("ay", octets) for code, octets in one.manufacturer.items()}
        told["ManufacturerData"] = Variant("a{qv}", makers)
    if news.service:
        services = {uuid: Variant("ay", octets) for uuid, octets in one.service.items()}
        told["ServiceData"] = Variant("a{sv}", services)
    return told
